"""Secrets where anyone may read them: in specifications of pods, in ConfigMaps, in the program itself."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.pods import PODS, Pod
from policies.resources import KubernetesObject
from policies.rule import cis, kubernetes, nsa, rule, soc2
from policies.secrecy import names_secret, random_looking, secret_flag, secret_shape, stands_for_itself

_TEXTS: Final = ("yaml/ConfigGroup", "yaml/ConfigFile")
_ARGUMENTS: Final = ("command", "args")
_OURS: Final = "sophia.ai/"
"""Annotations that components make: checksums, which may not be known in a preview."""


def _literals(pod: Pod) -> Iterator[Field]:
    """Yield all that containers are given as plain text."""
    for container in pod.containers():
        for variable in container.items("env"):
            yield variable.at("value")
        for key in _ARGUMENTS:
            yield from container.items(key)


@rule(
    "K8S-ENV-1",
    PODS,
    title="No secret stands in the specification of a pod",
    severity=Severity.HIGH,
    standards=(cis("5.4.1"), nsa("C-0012"), soc2("CC6.1")),
    also=("sensitiveContainerEnvVar", "env-var-secret", "KSV-01010"),
    remedy="put it into a Secret, and name that by secretKeyRef or mount it",
)
def literal(pod: Pod, _: Context) -> Iterator[Problem]:
    """Whoever may list pods reads it, and so do all that keep states, events and logs of them."""
    for container in pod.containers():
        for variable in container.items("env"):
            named = names_secret(variable.text("name", unknown="") or "")
            if named and not variable.at("value").secret and stands_for_itself(_given(variable.at("value"))):
                yield variable.problem("must not be a secret written out", "value")
            else:
                yield from _secrets(variable.at("value"))
        for key in _ARGUMENTS:
            for argument in container.items(key):
                yield from _secrets(argument)
    for key, annotation in pod.metadata.entries("annotations"):
        if not key.startswith(_OURS) and secret_shape(_given(annotation)):
            yield annotation.problem("must not hold what looks like a secret")


def _secrets(given: Field) -> Iterator[Problem]:
    """Yield what is marked as secret, and what looks like one."""
    if given.secret:
        if given.has(unknown=False):
            yield given.problem("must not be a secret written out")
    elif secret_shape(_given(given)) or secret_flag(_given(given)):
        yield given.problem("must not hold what looks like a secret")


def _given(value: Field) -> str:
    return value.text(unknown="") or ""


@rule(
    "K8S-ENV-1-entropy",
    PODS,
    title="Nothing in the specification of a pod looks as random as a secret",
    severity=Severity.LOW,
    standards=(nsa("C-0012"), soc2("CC6.1")),
    remedy="put it into a Secret if it is one",
)
def random(pod: Pod, _: Context) -> Iterator[Problem]:
    """Most keys have no shape that says whose they are: they are merely long, and look like nothing."""
    for given in _literals(pod):
        if random_looking(_given(given)):
            yield given.problem("must not be a long random text")


@rule(
    "K8S-ENV-2",
    kubernetes("ConfigMap"),
    title="No ConfigMap holds a secret",
    severity=Severity.HIGH,
    standards=(cis("5.4.1"), nsa("C-0012"), soc2("CC6.1")),
    also=("KSV-0109", "KSV-01010", "sensitiveConfigmapContent"),
    remedy="put it into a Secret",
)
def config_map(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """ConfigMaps are read by many, encrypted by nobody, and printed by every tool."""
    for key, value in one.body.entries("data"):
        if value.secret:
            yield value.problem("must not be a secret written out")
        elif (names_secret(key) and stands_for_itself(_given(value))) or secret_shape(_given(value)):
            yield value.problem("must not hold what looks like a secret")


@rule(
    "K8S-ENV-3",
    PODS,
    title="Secrets are files, not environment variables",
    severity=Severity.LOW,
    standards=(cis("5.4.1"), nsa("C-0207"), soc2("CC6.1")),
    also=("CKV_K8S_35",),
    remedy="mount the Secret, and let the program read the file",
)
def environment(pod: Pod, _: Context) -> Iterator[Problem]:
    """What is in the environment is inherited by every process that a container starts, and gets into crash reports."""
    for container in pod.containers():
        for variable in container.items("env"):
            if variable.has("valueFrom", "secretKeyRef", unknown=False):
                yield variable.problem("must be a file", "valueFrom", "secretKeyRef")
        for source in container.items("envFrom"):
            if source.has("secretRef", unknown=False):
                yield source.problem("must be a file", "secretRef")


@rule(
    "K8S-SEC-1",
    kubernetes("Secret", *_TEXTS),
    title="What a Secret holds comes from Pulumi ESC or the stack's secrets",
    severity=Severity.HIGH,
    standards=(cis("5.4.2"), nsa("C-0012"), soc2("CC6.1")),
    remedy="take the value from Settings, which marks it as secret",
)
def of_the_program(one: KubernetesObject, _: Context) -> Iterator[Problem]:
    """What is no secret to the engine stands in its state, its plans and its logs, and often in the repository."""
    for key in ("data", "stringData"):
        for leaf in one.body.at(key).leaves():
            # Some value that another resource gives is marked by its provider, which a render does not ask.
            if not leaf.secret and (leaf.later.text(unknown="") or ""):
                yield leaf.problem("must be marked as secret")
    text = one.body.text("yaml", unknown="") if one.group == "yaml" else ""
    if text and not one.body.at("yaml").secret and "kind: Secret" in text:
        yield one.body.problem("must not hold a Secret written out", "yaml")
