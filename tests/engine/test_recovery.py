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


@pytest.mark.parametrize("kill", range(2))
def test_an_up_whose_engine_was_killed_is_finished_by_the_next(checkout, kill):
    killed_at_random(checkout, seed=kill)
    assert_recovered(checkout)


@pytest.mark.soak
def test_twenty_ups_whose_engine_was_killed_are_finished_by_the_next(checkout):
    for kill in range(20):
        killed_at_random(checkout, seed=100 + kill)
        assert_recovered(checkout)


def test_an_interrupted_up_is_finished_by_the_next(checkout):
    checkout.sophia("down", "dev")
    with started(checkout) as process:
        wait_for_resources(checkout, 40)
        os.kill(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, "an interrupted run must not look like a finished one"
    assert "run it again to go on" in stderr
    assert_recovered(checkout)


def test_a_pod_that_fits_no_node_ends_up_soon_and_is_named(checkout):
    checkout.sophia("up", "dev")
    checkout.kubectl("dev", "cordon", "sophia-development")
    checkout.kubectl("dev", *NAMESPACE, "delete", "deployment", "mcp-asana")
    begun = time.monotonic()
    done = checkout.sophia("up", "dev", check=False)
    assert done.returncode == 1
    assert time.monotonic() - begun < SOON
    assert "mcp-asana-" in done.stderr
    assert "Unschedulable" in done.stderr

    checkout.kubectl("dev", "uncordon", "sophia-development")
    assert_recovered(checkout)


def test_a_pod_that_admission_refuses_ends_up_soon_and_is_named(checkout):
    checkout.sophia("up", "dev")
    checkout.kubectl("dev", *NAMESPACE, "create", "quota", "tight", "--hard=pods=28")
    checkout.kubectl("dev", *NAMESPACE, "delete", "deployment", "mcp-asana")
    filler = "--overrides=" + restricted_pod()
    checkout.kubectl("dev", *NAMESPACE, "run", "filler", "--image=filler:1", filler)
    begun = time.monotonic()
    done = checkout.sophia("up", "dev", check=False)
    assert done.returncode == 1
    assert time.monotonic() - begun < SOON
    assert "mcp-asana-" in done.stderr
    assert "exceeded quota: tight" in done.stderr

    checkout.kubectl("dev", *NAMESPACE, "delete", "quota/tight", "pod/filler")
    assert_recovered(checkout)


def killed_at_random(checkout, seed: int) -> None:
    """Start `up` from nothing and end its engine, without any warning, after a random number of resources."""
    checkout.sophia("down", "dev")
    resources = random.Random(seed).randrange(1, 140)  # noqa: S311 - a repeatable choice, not a secret one
    with started(checkout) as process:
        wait_for_resources(checkout, resources)
        engine_of(checkout).kill()
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
    kept = Kept(checkout.home / "pulumi/state", "sophia", "dev")
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        if kept.exists() and len(kept.deployment().get("resources") or ()) >= count:
            return
        time.sleep(0.05)
    msg = f"the state never held {count} resources"
    raise AssertionError(msg)


def engine_of(checkout) -> psutil.Process:
    return next(p for p in engines(checkout) if p.name() == "pulumi")


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
    return [" ".join(p.cmdline()) for p in engines(checkout)]


def restricted_pod() -> str:
    container = (
        '{"name": "filler", "image": "filler:1", "resources": {"requests": {"cpu": "100m", "memory": "128Mi"},'
        ' "limits": {"cpu": "100m", "memory": "128Mi"}}, "securityContext": {"allowPrivilegeEscalation": false,'
        ' "capabilities": {"drop": ["ALL"]}}}'
    )
    security = '{"runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}'
    return f'{{"spec": {{"securityContext": {security}, "containers": [{container}]}}}}'
