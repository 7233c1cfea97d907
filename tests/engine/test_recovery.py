"""What the worst moments leave behind: a killed engine, an interrupt, a pod that cannot run."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from rehearsal.pulumi_cloud.store import Kept

pytestmark = pytest.mark.engine

NAMESPACE = ("-n", "sophia-mcp")
SOON = 240.0
"""Seconds, on a machine that also runs other tests: the engine alone would wait for ten minutes. Alone it is one."""


def test_an_up_whose_engine_was_killed_and_that_was_then_interrupted_is_finished_by_the_next(checkout):
    killed_at_random(checkout, seed=0)
    held = len(kept(checkout).deployment().get("resources") or ())
    with started(checkout) as process:
        wait_for_resources(checkout, held + 20)
        os.kill(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, "an interrupted run must not look like a finished one"
    assert "run it again to go on" in stderr
    assert_recovered(checkout)


@pytest.mark.soak
def test_twenty_ups_whose_engine_was_killed_are_finished_by_the_next(checkout):
    for kill in range(20):
        killed_at_random(checkout, seed=100 + kill)
        assert_recovered(checkout)


def test_a_pod_that_fits_no_node_ends_up_soon_and_is_named(checkout):
    checkout.sophia("up", "dev")
    checkout.kubectl("dev", "cordon", "sophia-development")
    assert "Unschedulable" in ended_soon_for_asana(checkout)

    checkout.kubectl("dev", "uncordon", "sophia-development")
    checkout.kubectl("dev", *NAMESPACE, "wait", "--for=condition=Available", "deployment/mcp-asana", "--timeout=60s")
    assert_recovered(checkout)


@pytest.mark.soak
def test_a_pod_that_admission_refuses_ends_up_soon_and_is_named(checkout):
    checkout.sophia("up", "dev")
    checkout.kubectl("dev", *NAMESPACE, "create", "quota", "tight", "--hard=pods=28")
    filler = "--overrides=" + restricted_pod()
    assert "exceeded quota: tight" in ended_soon_for_asana(checkout, "run", "filler", "--image=filler:1", filler)

    checkout.kubectl("dev", *NAMESPACE, "delete", "quota/tight", "pod/filler")
    assert_recovered(checkout)


def ended_soon_for_asana(checkout, *meanwhile: str) -> str:
    """Take a server away, do something else in its namespace, and return why `up` does not bring it back."""
    checkout.kubectl("dev", *NAMESPACE, "delete", "deployment", "mcp-asana", "--cascade=foreground")
    if meanwhile:
        checkout.kubectl("dev", *NAMESPACE, *meanwhile)
    begun = time.monotonic()
    done = checkout.sophia("up", "dev", check=False)
    assert done.returncode == 1
    assert time.monotonic() - begun < SOON
    assert "mcp-asana-" in done.stderr
    return str(done.stderr)


def killed_at_random(checkout, seed: int) -> None:
    """Start `up` from nothing and end its engine, without any warning, after a random number of resources."""
    checkout.sophia("down", "dev")
    resources = random.Random(seed).randrange(1, 140)  # noqa: S311 - a repeatable choice, not a secret one
    with started(checkout) as process:
        wait_for_resources(checkout, resources)
        updating(checkout)[0].kill()
        process.communicate(timeout=120)
    assert process.returncode == 1, f"seed {seed}: killed after {resources} resources"


def assert_recovered(checkout) -> None:
    result = checkout.answer("up", "dev")
    assert all(server["ready"] == server["wanted"] for server in result["servers"])
    assert checkout.answer("drift", "dev")["changes"] == []
    assert leftovers(checkout) == [], "plugins of the killed engine are still running"


@contextmanager
def started(checkout) -> Iterator[subprocess.Popen[str]]:
    """Run `up` inside; it has ended when the context is left, also when the test fails."""
    words = [str(checkout.root / "sophia"), "up", "dev"]
    with subprocess.Popen(
        words, env=checkout.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_resources(checkout, count: int) -> None:
    """Wait, bounded, until the engine's state holds so many resources."""
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        if kept(checkout).exists() and len(kept(checkout).deployment().get("resources") or ()) >= count:
            return
        time.sleep(0.05)
    msg = f"the state never held {count} resources"
    raise AssertionError(msg)


def kept(checkout) -> Kept:
    return Kept(checkout.home / "pulumi/state", "sophia", "dev")


def updating(checkout) -> list[psutil.Process]:
    """The engine of an update that is under way; the one before it previews what policies judge."""
    return [p for p in engines(checkout) if words_of(p)[:2] == ["pulumi", "up"]]


def words_of(process: psutil.Process) -> list[str]:
    """The words a process was called with; none when it has ended since it was found."""
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def engines(checkout) -> list[psutil.Process]:
    """The processes whose environment names this checkout's engine home."""
    home = str(checkout.home / "pulumi/home")
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PULUMI_HOME") == home:
                found.append(process)
        except psutil.Error:
            continue
    return found


def leftovers(checkout) -> list[str]:
    return [" ".join(words_of(p)) for p in engines(checkout)]


def restricted_pod() -> str:
    container = (
        '{"name": "filler", "image": "filler:1", "resources": {"requests": {"cpu": "100m", "memory": "128Mi"},'
        ' "limits": {"cpu": "100m", "memory": "128Mi"}}, "securityContext": {"allowPrivilegeEscalation": false,'
        ' "capabilities": {"drop": ["ALL"]}}}'
    )
    security = '{"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}'
    return f'{{"spec": {{"securityContext": {security}, "containers": [{container}]}}}}'
