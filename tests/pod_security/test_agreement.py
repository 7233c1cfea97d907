"""The admission of the real API server agrees with what the rules say of pods, in every version, check by check."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

import catalog
from policies import RULES, Context, Judge, context
from policies.reading import tree
from policies.resources import Resource
from rehearsal.toolchain import ensure, progress_for
from tests.api_server import running
from tests.pod_security.random_pods import defaulted, pod

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

LEVELS = ("baseline", "restricted")
NEWEST = "1.36"
OLDER = ("1.0", "1.8", "1.18", "1.19", "1.22", "1.23", "1.24", "1.25", "1.27", "1.29", "1.31", "1.32", "1.34", "1.35")
TOKEN = "kubernetes:core/v1:Pod"  # noqa: S105 - a type token
DRY = {"dryRun": "All"}
ENFORCE = "pod-security.kubernetes.io/enforce"
EPHEMERAL = "ephemeral"
REASONS = {
    "allowPrivilegeEscalation != false": ("PSS-R-allowPrivilegeEscalation",),
    "forbidden AppArmor profile": ("PSS-B-appArmor",),
    "forbidden AppArmor profiles": ("PSS-B-appArmor",),
    "non-default capabilities": ("PSS-B-capabilities",),
    "unrestricted capabilities": ("PSS-R-capabilities", "PSS-B-capabilities"),
    "host namespaces": ("PSS-B-hostNamespaces",),
    "hostPath volumes": ("PSS-B-hostPath",),
    "hostPort": ("PSS-B-hostPorts",),
    "probe or lifecycle host": ("PSS-B-hostProbes",),
    "privileged": ("PSS-B-privileged",),
    "procMount": ("PSS-R-procMount", "PSS-B-procMount"),
    "restricted volume types": ("PSS-R-volumes", "PSS-B-hostPath"),
    "runAsNonRoot != true": ("PSS-R-runAsNonRoot",),
    "runAsUser=0": ("PSS-R-runAsUser",),
    "seLinuxOptions": ("PSS-B-seLinux",),
    "seccompProfile": ("PSS-R-seccomp", "PSS-B-seccomp"),
    "forbidden sysctls": ("PSS-B-sysctls",),
    "hostProcess": ("PSS-B-windowsHostProcess",),
}
"""What the API server says of a check, with the rules of which at least one must find it.

At the level restricted its check of capabilities, seccomp, volumes and /proc takes the place of baseline's.
"""


def _namespace(level: str, version: str) -> str:
    return f"{level}-{version.replace('.', '-')}"


def _labels(level: str, version: str) -> dict[str, str]:
    return {ENFORCE: level, f"{ENFORCE}-version": f"v{version}"}


class Server:
    """An API server whose namespaces enforce every level in every version."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        for level in LEVELS:
            for version in (*OLDER, NEWEST):
                self._make(_namespace(level, version), _labels(level, version))
        self._make(EPHEMERAL, {})
        for level in LEVELS:
            self._wait(_namespace(level, NEWEST))

    def _make(self, name: str, labels: dict[str, str]) -> None:
        body = {"metadata": {"name": name, "labels": labels}}
        self.client.post("/api/v1/namespaces", json=body).raise_for_status()

    def _wait(self, namespace: str) -> None:
        """Wait until a namespace refuses what no level admits: admission reads labels a moment after they are set."""
        bad = {"spec": {"hostNetwork": True, "containers": [{"name": "a", "image": "a"}]}}
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.asked(namespace, bad):
                return
            time.sleep(0.1)
        message = f"{namespace} admits everything"
        raise TimeoutError(message)

    def asked(self, namespace: str, made: dict[str, Any]) -> set[str] | None:
        """Return the reasons for which a pod is refused, none where it is admitted; None where it is no valid pod."""
        body = {**made, "metadata": {**made.get("metadata", {}), "generateName": "a-"}}
        return _reasons(self.client.post(f"/api/v1/namespaces/{namespace}/pods", params=DRY, json=body))

    def born(self, name: str, made: dict[str, Any]) -> bool:
        """Make a pod without its ephemeral containers, where no level is enforced, and return whether it is valid."""
        spec = {key: value for key, value in made["spec"].items() if key != "ephemeralContainers"}
        body = {"metadata": {**made["metadata"], "name": name}, "spec": spec}
        return self.client.post(f"/api/v1/namespaces/{EPHEMERAL}/pods", json=body).is_success

    def enforce(self, level: str, version: str) -> None:
        """Enforce a level where the pods are that get ephemeral containers."""
        headers = {"Content-Type": "application/merge-patch+json"}
        body = {"metadata": {"labels": _labels(level, version)}}
        self.client.patch(f"/api/v1/namespaces/{EPHEMERAL}", json=body, headers=headers).raise_for_status()
        self._wait(EPHEMERAL)

    def added(self, name: str, made: dict[str, Any]) -> set[str] | None:
        """Return the same as ``asked`` of a pod that is there, when it gets its ephemeral containers."""
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        body = {"spec": {"ephemeralContainers": made["spec"]["ephemeralContainers"]}}
        path = f"/api/v1/namespaces/{EPHEMERAL}/pods/{name}/ephemeralcontainers"
        return _reasons(self.client.patch(path, params=DRY, json=body, headers=headers))


def _reasons(response: httpx.Response) -> set[str] | None:
    if response.is_success:
        return set()
    message = response.json()["message"]
    found = re.search(r'violates PodSecurity "[a-z]+:[a-z0-9.]+": (.*)', message, re.DOTALL)
    if response.status_code != httpx.codes.FORBIDDEN or not found:
        return None
    told = found[1]
    while re.search(r"\([^()]*\)", told):
        told = re.sub(r"\s?\([^()]*\)", "", told)
    return {one.strip() for one in told.split(", ")}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The API server."""
    programs = ensure(catalog.load(), progress=progress_for()).bin
    with running(Path(programs), tmp_path_factory.mktemp("pod-security")) as client:
        yield Server(client)


@pytest.fixture(scope="module")
def judges() -> dict[str, Judge]:
    """The rules, in every version."""
    known = context("prod")
    rules = tuple(rule for rule in RULES if rule.id.startswith("PSS-"))
    return {version: Judge(rules, _of(known, version)) for version in (*OLDER, NEWEST)}


def _of(known: Context, version: str) -> Context:
    policy = known.policy.model_copy(update={"pod_security_version": version, "exemptions": ()})
    return replace(known, facts=replace(known.facts, policy=policy))


def _compare(judge: Judge, level: str, made: dict[str, Any], said: set[str]) -> str:
    """Return how the two disagree; empty where they agree."""
    levels = ("PSS-B-",) if level == "baseline" else ("PSS-B-", "PSS-R-")
    found = {one.rule for one in judge.one(Resource("urn:a::b::c::d", TOKEN, "d", tree(defaulted(made))))}
    ours = {rule for rule in found if rule.startswith(levels)}
    missed = [reason for reason in said if not ours & {*REASONS[reason]}]
    explained = {rule for reason in said for rule in REASONS[reason]}
    beyond = ours - explained
    return f"missed {missed}, found beyond {sorted(beyond)}: {made}" if missed or beyond else ""


def _agree(server: Server, judges: dict[str, Judge], wanted: int) -> Counter[str]:
    """Hold the rules to the API server until so many pods were judged by it; return what was counted."""
    counted: Counter[str] = Counter()
    disagreeing: list[str] = []
    waiting: dict[str, dict[str, Any]] = {}
    for seed in count():
        if counted["pods"] + len(waiting) >= wanted:
            break
        made = pod(seed)
        if made["spec"].get("ephemeralContainers"):
            valid = server.born(f"p{seed}", made)
            waiting |= {f"p{seed}": made} if valid else {}
            counted["invalid"] += not valid
            continue
        for version in (NEWEST, OLDER[seed % len(OLDER)]):
            for level in LEVELS:
                said = server.asked(_namespace(level, version), made)
                if said is not None:
                    disagreeing += _held(counted, judges[version], level, made, said)
        counted["pods" if said is not None else "invalid"] += 1
    for version in (NEWEST, OLDER[-1]):
        for level in LEVELS:
            server.enforce(level, version)
            for name, made in waiting.items():
                said = server.added(name, made)
                assert said is not None, f"{name} takes no ephemeral containers"
                disagreeing += _held(counted, judges[version], level, made, said)
    counted["pods"] += len(waiting)
    counted["with ephemeral containers"] = len(waiting)
    counted["disagreements"] = len(disagreeing)
    assert disagreeing == [], "\n".join(disagreeing[:10])
    return counted


def _held(counted: Counter[str], judge: Judge, level: str, made: dict[str, Any], said: set[str]) -> list[str]:
    counted[f"{level}: {'refused' if said else 'admitted'}"] += 1
    counted.update(f"check {reason}" for reason in said)
    difference = _compare(judge, level, made, said)
    return [difference] if difference else []


def _told(counted: Counter[str]) -> str:
    return ", ".join(f"{what} {number}" for what, number in counted.items())


def test_the_api_server_admits_what_the_rules_pass_and_refuses_the_rest(server, judges, capsys):
    counted = _agree(server, judges, 400)
    with capsys.disabled():
        print(f"\npod security: {_told(counted)}")  # noqa: T201 - what was proven is to be read
    assert counted["pods"] >= 300
    assert counted["with ephemeral containers"] >= 20
    assert min(counted[f"{level}: {what}"] for level in LEVELS for what in ("admitted", "refused")) >= 50


@pytest.mark.soak
def test_the_api_server_agrees_on_three_thousand_pods_with_every_check_refusing_some(server, judges, capsys):
    counted = _agree(server, judges, 3000)
    with capsys.disabled():
        print(f"\npod security: {_told(counted)}")  # noqa: T201 - what was proven is to be read
    assert counted["pods"] >= 3000
    assert {reason for reason in REASONS if not counted[f"check {reason}"]} == set()
