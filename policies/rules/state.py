"""Secrets in the stack's file, in its state, in what resources are given and in what the program exports."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import LATER, Field, Problem
from policies.reading import HIDDEN, NOT_KNOWN, Opaque
from policies.resources import Resource
from policies.rule import Subjects, cis, nsa, resources, rule, soc2
from policies.secrecy import mentions_secret, secret_shape
from policies.sources import STACK, STACK_FILE, STATE

EVERYTHING: Final = Subjects(
    "every resource but Kubernetes', and the stack's file",
    lambda token, _: not token.startswith("kubernetes:"),
    lambda resource, _: (resource,),
)

_ENCRYPTING = ("service", "cloud")
"""What the engine calls secrets providers whose key nobody types in: Pulumi Cloud's, and those of clouds."""


@rule(
    "STATE-1",
    resources(STACK_FILE, STATE),
    title="The stack's secrets come from its environment, and are encrypted by a provider of secrets",
    severity=Severity.CRITICAL,
    standards=(cis("5.4.2"), nsa("C-0012"), soc2("CC6.1")),
    remedy="import `sophia/<stack>` under `environment`, and let Pulumi Cloud encrypt the stack",
)
def encrypted(resource: Resource, _: Context) -> Iterator[Problem]:
    """A passphrase may be empty, is shared by whoever must run the engine, and is never rotated."""
    inputs = resource.inputs
    if resource.type == STATE:
        provider = inputs.text("secretsProvider", "type", unknown="service")
        if provider not in _ENCRYPTING:
            yield inputs.problem("must be Pulumi Cloud's, or that of a cloud's keys", "secretsProvider", "type")
        return
    environment = inputs.at("environment")
    imports = environment.at("imports") if isinstance(environment.value, dict) else environment
    if imports.value in (None, []):
        yield imports.problem("must import the stack's environment")
    imports.items()
    if inputs.has("encryptionsalt", unknown=False):
        yield inputs.problem("must be unset: it is that of a passphrase", "encryptionsalt")
    if (inputs.text("secretsprovider", unknown="") or "").startswith("passphrase"):
        yield inputs.problem("must not be a passphrase", "secretsprovider")


@rule(
    "SEC-1",
    EVERYTHING,
    title="Nothing that has the shape of a secret stands unencrypted",
    severity=Severity.CRITICAL,
    standards=(cis("5.4.2"), nsa("C-0012"), soc2("CC6.1")),
    remedy="take it from the stack's environment as a secret, revoke it, and see docs/runbooks",
)
def unshaped(resource: Resource, _: Context) -> Iterator[Problem]:
    """What stands in a state or a file once is in every copy of it."""
    for root in (resource.inputs, resource.outputs):
        for leaf in root.leaves():
            value = leaf.value
            if isinstance(value, Opaque):
                if value is NOT_KNOWN:
                    root.notes.add(root.path, LATER)
                elif value is not HIDDEN:
                    leaf.unreadable(value.why)
            elif isinstance(value, str) and not leaf.secret and secret_shape(value):
                yield leaf.problem("must be a secret")


@rule(
    "OUT-1",
    resources(STACK),
    title="Exports that are secrets are marked so",
    severity=Severity.HIGH,
    standards=(cis("5.4.2"), soc2("CC6.1")),
    remedy="export it as pulumi.Output.secret(...), or do not export it",
)
def exported(resource: Resource, _: Context) -> Iterator[Problem]:
    """Whoever may read the stack reads its outputs, as do stacks that refer to it and logs of its runs."""
    yield from _plain(resource.outputs.later)


def _plain(field: Field) -> Iterator[Problem]:
    for name, value in field.entries():
        if value.value is None or value.secret:
            continue
        if mentions_secret(name):
            # One that is empty tells nothing.
            if value.has(unknown=False) and value.value not in ("", [], {}):
                yield value.problem("must be a secret")
        elif isinstance(value.value, dict):
            yield from _plain(value)
