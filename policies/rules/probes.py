"""Probes of what runs without end: whether it is ready, alive and has started."""

from collections.abc import Iterator
from typing import Final

from catalog.policy import Severity
from policies.context import Context
from policies.field import Field, Problem
from policies.pods import PODS, Pod
from policies.rule import nsa, rule, soc2

SLOW_SECONDS: Final = 60
"""Who is given longer than this before the first question is slow to start."""

_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket", "grpc")


@rule(
    "K8S-PRB-1",
    PODS,
    title="What runs without end says when it is ready",
    severity=Severity.MEDIUM,
    standards=(nsa("C-0018"), soc2("A1.2")),
    also=("CKV_K8S_9", "pod-probes", "no-readiness-probe"),
    remedy="add a readinessProbe that asks whether it can serve",
)
def readiness(pod: Pod, _: Context) -> Iterator[Problem]:
    """Without it requests go to a pod that cannot answer yet, and an update ends old pods before new ones serve."""
    yield from _without(pod, "readinessProbe")


@rule(
    "K8S-PRB-2",
    PODS,
    title="What runs without end says whether it is alive, and asks otherwise than for readiness",
    severity=Severity.MEDIUM,
    standards=(nsa("C-0056"), soc2("A1.2")),
    also=("CKV_K8S_8", "pod-probes-identical", "no-liveness-probe"),
    remedy="add a livenessProbe that asks for less, or has more patience, than the readinessProbe",
)
def liveness(pod: Pod, _: Context) -> Iterator[Problem]:
    """A program that hangs stays; and one that is merely busy is ended, where both probes ask the same."""
    yield from _without(pod, "livenessProbe")
    if pod.lasts:
        for container in pod.lasting_containers():
            ready, alive = container.at("readinessProbe"), container.at("livenessProbe")
            if [*ready.entries()] and [*alive.entries()] and _same(ready, alive):
                yield alive.problem("must not be the same as the readinessProbe")


def _same(one: Field, other: Field) -> bool:
    """Return whether two values are equal; one that cannot be read is noted, and equals none."""
    unread = [leaf for leaf in (*one.leaves(), *other.leaves()) if not isinstance(leaf.value, str | int | float)]
    for leaf in unread:
        leaf.unread("a plain value", None)
    return not unread and one.value == other.value


@rule(
    "K8S-PRB-3",
    PODS,
    title="Probes ask ports that the container has, and what starts slowly says when it has started",
    severity=Severity.MEDIUM,
    standards=(soc2("A1.2"),),
    also=("liveness-port", "readiness-port", "startup-port"),
    remedy="name a port of the container, and let a startupProbe wait in place of initialDelaySeconds",
)
def ports(pod: Pod, _: Context) -> Iterator[Problem]:
    """A probe of a port that nobody declares fails when the program's port changes; a long delay hides a dead start."""
    if not pod.lasts:
        return
    for container in pod.lasting_containers():
        names, numbers = _ports(container)
        for probe in _PROBES:
            for handler in _HANDLERS:
                port = container.at(probe, handler, "port")
                if not _known(port, names, numbers) and not pod.partial:
                    yield port.problem("must be a port of the container")
        delay = container.number("livenessProbe", "initialDelaySeconds", unknown=0) or 0
        if delay > SLOW_SECONDS and not container.has("startupProbe", unknown=True):
            yield container.problem(
                f"must be at most {SLOW_SECONDS} where there is no startupProbe",
                "livenessProbe",
                "initialDelaySeconds",
            )


def _ports(container: Field) -> tuple[set[str | None], set[float | None]]:
    declared = container.items("ports")
    return (
        {one.text("name", unknown=None) for one in declared},
        {one.number("containerPort", unknown=None) for one in declared},
    )


def _known(port: Field, names: set[str | None], numbers: set[float | None]) -> bool:
    value = port.value
    if value is None:
        return True
    if isinstance(value, str):
        return value in names or (value.isascii() and value.isdigit() and int(value[:6]) in numbers)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value in numbers
    return port.unread("a port", unknown=True)


def _without(pod: Pod, probe: str) -> Iterator[Problem]:
    if pod.lasts and not pod.partial:
        for container in pod.lasting_containers():
            if not container.has(probe, unknown=True):
                yield container.problem("must be set", probe)
