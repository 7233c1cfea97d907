"""Fixtures of rules: YAML files of cases that pass, fail, are unknown and are secret, in every form a source has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from policies.context import Context
from policies.pods import TEMPLATES
from policies.testing.analyzer import UNKNOWN, Secret

KINDS: Final = ("pass", "fail", "unknown", "secret")
"""What a rule has cases of."""

PROVIDER: Final = "urn:pulumi:prod::sample::pulumi:providers:sample::explicit"
"""What provides the resources of cases that name no other."""

STACK: Final = "prod"
"""The stack that cases are judged for; everything blocks, and nothing is exempt."""

_VERSIONS: Final = {"": "core/v1", "apps": "apps/v1", "batch": "batch/v1"}


@dataclass(frozen=True, slots=True)
class Given:
    """One resource of a case."""

    token: str
    """Its type token."""
    inputs: Mapping[str, Any]
    """What it is given, with ``Secret`` and ``UNKNOWN`` in it."""
    name: str = "sample"
    """Its logical name."""
    options: Mapping[str, Any] | None = None
    """Its options."""
    provider: str = PROVIDER
    """URN of its provider; empty for the default one."""
    parent: str = ""
    """URN of its parent."""
    outputs: Mapping[str, Any] | None = None
    """What came of it, as a state has it; a case that has some is about states and renders alone."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a rule's fixtures."""

    rule: str
    """The rule's id."""
    kind: str
    """``pass``, ``fail``, ``unknown`` or ``secret``."""
    title: str
    """What it shows."""
    given: tuple[Given, ...]
    """The resource; all of a stack for a rule about stacks."""
    at: frozenset[str]
    """The paths at which something is found."""
    stack: str = STACK
    """The stack that it is judged for."""
    version: str = "latest"
    """The version of the Pod Security Standards."""
    verdict: str = "violation"
    """Of a secret: what is found where its value can be read."""
    hidden: str = "unknown"
    """Of a secret: what is found where its value is hidden, as in a render."""
    hidden_at: frozenset[str] = frozenset()
    """Where that is, if it is elsewhere."""
    waits: bool = False
    """Of something unknown: whether it is left for when the deployment knows it."""
    pod: Mapping[str, Any] | None = None
    """The pod, for a case that is about pods of whatever kind."""

    def __str__(self) -> str:
        return f"{self.rule}-{self.kind}-{self.title}".replace(" ", "-")

    def known(self, context: Context) -> Context:
        """Return a context as the case wants it: everything blocks, and nothing is exempt."""
        policy = context.policy.model_copy(
            update={"stacks": {}, "exemptions": (), "pod_security_version": self.version}
        )
        return replace(context, stack=self.stack, facts=replace(context.facts, policy=policy))

    def kinds(self) -> Iterator["Case"]:
        """Yield the case for every kind that bears pods; the case itself where it is about none."""
        if self.pod is None:
            yield self
            return
        for kind, path in TEMPLATES.items():
            group, _, name = kind.rpartition("/")
            if group in _VERSIONS:
                inputs: Any = self.pod
                for key in reversed(path):
                    inputs = {key: inputs}
                prefix = "".join(f"{key}." for key in path)
                given = Given(f"kubernetes:{_VERSIONS[group]}:{name}", inputs)
                yield replace(self, given=(given,), at=frozenset(prefix + one for one in self.at), pod=None)


def cases(folder: Path) -> Iterator[Case]:
    """Yield the cases of all rules.

    Args:
        folder: has a file for each rule, named after it.

    Raises:
        ValueError: a file is no fixture; the message says which one and why.
    """
    for path in sorted(folder.glob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe one
        if not isinstance(document, dict) or document.keys() - set(KINDS):
            msg = f"{path.name}: a fixture is a mapping of {', '.join(KINDS)}"
            raise ValueError(msg)
        for kind in KINDS:
            for entry in document.get(kind) or ():
                try:
                    yield _case(path.stem, kind, dict(entry))
                except (KeyError, TypeError, ValueError) as error:
                    msg = f"{path.name}: {kind}: {error!r}: see docs/policies.md for what a case is"
                    raise ValueError(msg) from error


def _case(rule: str, kind: str, entry: dict[str, Any]) -> Case:
    title = entry.pop("case")
    given, pod = _subject(entry)
    about: dict[str, Any] = {
        key: entry.pop(key) for key in ("stack", "version", "verdict", "hidden", "waits") if key in entry
    }
    at = frozenset(entry.pop("at", ()))
    about["hidden_at"] = frozenset(entry.pop("hidden_at", ()))
    if entry:
        msg = f"unknown keys: {', '.join(entry)}"
        raise ValueError(msg)
    if (kind in {"fail", "unknown"}) and not at:
        msg = f"{title}: `at` names the paths at which something is found; '' for the resource"
        raise ValueError(msg)
    return Case(rule, kind, title, given, at, pod=pod, **about)


def _subject(entry: dict[str, Any]) -> tuple[tuple[Given, ...], Mapping[str, Any] | None]:
    """Return what a case is about: a pod of any kind, an object, a resource, or all resources of a stack."""
    if "pod" in entry:
        pod = {"metadata": {"annotations": entry.pop("annotations", None)}, "spec": entry.pop("pod")}
        return (Given("kubernetes:core/v1:Pod", pod),), pod
    if "resources" in entry:
        return tuple(_given(one) for one in entry.pop("resources")), None
    return (_given(entry),), None


def _given(entry: dict[str, Any]) -> Given:
    keys = ("name", "options", "provider", "parent", "outputs")
    about = {key: entry.pop(key) for key in keys if key in entry}
    if "type" in entry:
        return Given(entry.pop("type"), entry.pop("inputs", {}), **about)
    body = entry.pop("object")
    api = body["apiVersion"]
    suffix = "Patch" if entry.pop("patch", False) else ""
    return Given(f"kubernetes:{api if '/' in api else f'core/{api}'}:{body['kind']}{suffix}", body, **about)


class _Loader(yaml.SafeLoader):
    """Knows ``!unknown`` and ``!secret VALUE``."""


def _secret(loader: yaml.SafeLoader, node: yaml.Node) -> Secret:
    if isinstance(node, yaml.MappingNode):
        return Secret(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return Secret(loader.construct_sequence(node, deep=True))
    plain = isinstance(node, yaml.ScalarNode) and node.style is None
    tag = loader.resolve(yaml.ScalarNode, node.value, (plain, not plain))  # type: ignore[no-untyped-call]  # PyYAML's
    return Secret(loader.construct_object(yaml.ScalarNode(tag, node.value)))


_Loader.add_constructor("!unknown", lambda _loader, _node: UNKNOWN)
_Loader.add_constructor("!secret", _secret)
