"""What a rule is: plain functions that yield problems, with what people need to know of them."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, Final, Generic, NotRequired, TypedDict, TypeVar, Unpack

from catalog.policy import Severity
from policies.context import Context
from policies.field import Problem
from policies.resources import KUBERNETES, KubernetesObject, Resource, objects, possible_kinds

T = TypeVar("T")

PAGE: Final = "docs/policies.md"
"""The page that has a section for every rule."""


class Framework(StrEnum):
    """A standard that rules answer."""

    PSS = "PSS"
    """Kubernetes' Pod Security Standards."""
    CIS = "CIS"
    """CIS Kubernetes Benchmark 1.9, and that for K3s where its number is marked so."""
    NSA = "NSA"
    """NSA and CISA Kubernetes Hardening Guidance, by Kubescape's control numbers."""
    SOC2 = "SOC 2"
    """Trust Services Criteria of SOC 2."""


@dataclass(frozen=True, slots=True)
class Standard:
    """One requirement of a standard."""

    framework: Framework
    """The standard."""
    reference: str
    """The requirement's number or name in it."""

    def __str__(self) -> str:
        return f"{self.framework} {self.reference}"


def pss(reference: str) -> Standard:
    """Return a requirement of the Pod Security Standards."""
    return Standard(Framework.PSS, reference)


def cis(reference: str) -> Standard:
    """Return a requirement of the CIS benchmark."""
    return Standard(Framework.CIS, reference)


def nsa(reference: str) -> Standard:
    """Return a requirement of the hardening guidance of NSA and CISA."""
    return Standard(Framework.NSA, reference)


def soc2(reference: str) -> Standard:
    """Return a criterion of SOC 2."""
    return Standard(Framework.SOC2, reference)


@dataclass(frozen=True, slots=True)
class Subjects(Generic[T]):
    """What a rule is about: which types of resources, and what of each one."""

    what: str
    """How documents name them."""
    covers: Callable[[str, Context], bool]
    """Whether a resource of a type can hold one."""
    find: Callable[[Resource, Context], Iterable[T]]
    """The subjects of a resource."""


def resources(*patterns: str) -> Subjects[Resource]:
    """Return resources of types; ``*`` and ``?`` match as in file names.

    Args:
        patterns: type tokens, such as ``lambda-cloud:index:Instance``.
    """
    return Subjects(
        ", ".join(f"`{pattern}`" for pattern in patterns),
        lambda token, _: any(fnmatchcase(token, pattern) for pattern in patterns),
        lambda resource, _: (resource,),
    )


def kubernetes(*kinds: str) -> Subjects[KubernetesObject]:
    """Return Kubernetes objects of kinds in any version, their patches and those of lists among them.

    Args:
        kinds: such as ``Pod`` or ``apps/Deployment``.
    """
    wanted = frozenset(kinds)
    return Subjects(
        ", ".join(f"`{kind}`" for kind in kinds),
        lambda token, _: not wanted.isdisjoint(found := possible_kinds(token)) or "*" in found,
        lambda resource, _: (one for one in objects(resource) if one.is_of(wanted)),
    )


OBJECTS: Final = Subjects(
    "Kubernetes objects of any kind",
    lambda token, _: token.startswith(KUBERNETES),
    lambda resource, _: objects(resource),
)
"""Every Kubernetes object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that must hold, and what people need to know of it."""

    id: str
    """Its name, which exemptions, levels, fixtures and documents use."""
    title: str
    """What must hold, as a sentence without a full stop."""
    severity: Severity
    """How bad it is where it does not hold; the catalog says what that means for a stack."""
    standards: tuple[Standard, ...]
    """The requirements that it answers."""
    remedy: str
    """What to do, as a clause."""
    also: tuple[str, ...] = ()
    """What other tools call it."""
    exemptible: bool = True
    """Whether a resource can be exempted from it, and its level lowered."""
    manifests: bool = True
    """Whether manifests alone can tell; not where it asks for what only a program declares, such as protection."""
    why: str
    """What goes wrong where it does not hold; the docstring of its function."""
    subjects: Subjects[Any] | None
    """What it is about; None for the resources of a stack together."""
    concerns: Subjects[Any] | None = None
    """Of what it says something, where it needs all resources together to say it."""
    check: Callable[[Any, Context], Iterable[Problem]]
    """Yields what is wrong with one subject, or with all resources."""

    @property
    def page(self) -> str:
        """Where it is explained."""
        return f"{PAGE}#{self.id.lower()}"

    def concerned(self, resource: Resource, context: Context) -> bool:
        """Return whether it says something of a resource.

        Args:
            resource: the resource.
            context: what the stack is judged with.
        """
        about = self.subjects or self.concerns
        return about is not None and about.covers(resource.type, context) and any(about.find(resource, context))


class About(TypedDict):
    """What people need to know of a rule; its fields say what each is."""

    title: str
    severity: Severity
    standards: tuple[Standard, ...]
    remedy: str
    also: NotRequired[tuple[str, ...]]
    exemptible: NotRequired[bool]
    manifests: NotRequired[bool]


def rule(
    name: str, subjects: Subjects[T], **about: Unpack[About]
) -> Callable[[Callable[[T, Context], Iterable[Problem]]], Rule]:
    """Return what makes a rule of a function whose docstring says why it is one.

    Args:
        name: the rule's id.
        subjects: what it is about; the function is given one at a time.
        about: what people need to know of it.
    """
    return lambda check: Rule(id=name, why=inspect.getdoc(check) or "", subjects=subjects, check=check, **about)


def stack_rule(
    name: str, concerns: Subjects[Any] | None = None, **about: Unpack[About]
) -> Callable[[Callable[[Sequence[Resource], Context], Iterable[Problem]]], Rule]:
    """Return what makes a rule about the resources of a stack together; the engine, which has them singly, skips it.

    Args:
        name: the rule's id.
        concerns: of what among them it says something; None where it is about the stack as a whole.
        about: what people need to know of it.
    """
    why = inspect.getdoc
    return lambda check: Rule(id=name, why=why(check) or "", subjects=None, concerns=concerns, check=check, **about)
