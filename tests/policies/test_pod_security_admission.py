"""The admission controller's own cases (kubernetes/pod-security-admission 8f84a87c, test/testdata), in every version.

Equal pods of several versions are one line of pod-security-admission.jsonl, with the minor versions that they are for.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policies import RULES, Judge
from policies.reading import tree
from policies.resources import Resource

LINES = (Path(__file__).parent / "pod-security-admission.jsonl").read_text(encoding="utf-8").splitlines()
RULE_OF = {
    "allowprivilegeescalation": "PSS-R-allowPrivilegeEscalation",
    "apparmorprofile": "PSS-B-appArmor",
    "capabilities_baseline": "PSS-B-capabilities",
    "capabilities_restricted": "PSS-R-capabilities",
    "hostnamespaces": "PSS-B-hostNamespaces",
    "hostpathvolumes": "PSS-B-hostPath",
    "hostports": "PSS-B-hostPorts",
    "hostprobesandhostlifecycle": "PSS-B-hostProbes",
    "privileged": "PSS-B-privileged",
    "procmount": "PSS-B-procMount",
    "procmount_restricted": "PSS-R-procMount",
    "restrictedvolumes": "PSS-R-volumes",
    "runasnonroot": "PSS-R-runAsNonRoot",
    "runasuser": "PSS-R-runAsUser",
    "seccompprofile_baseline": "PSS-B-seccomp",
    "seccompprofile_restricted": "PSS-R-seccomp",
    "selinuxoptions": "PSS-B-seLinux",
    "sysctls": "PSS-B-sysctls",
    "windowshostprocess": "PSS-B-windowsHostProcess",
}
LEVELS = {"baseline": ("PSS-B-",), "restricted": ("PSS-B-", "PSS-R-")}
POD = "kubernetes:core/v1:Pod"
RULES_OF_PODS = tuple(rule for rule in RULES if rule.id.startswith("PSS-"))


def pods(minor: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for line in LINES:
        entry = json.loads(line)
        for case in entry["cases"]:
            if any(first <= minor <= last for first, last in case["minors"]):
                yield entry["pod"], case


@pytest.mark.parametrize("minor", range(38))
def test_every_pod_is_judged_as_the_admission_controller_judges_it(minor, committed):
    policy = committed.policy.model_copy(update={"pod_security_version": f"1.{minor}", "exemptions": ()})
    judge = Judge(RULES_OF_PODS, replace(committed, facts=replace(committed.facts, policy=policy)))
    judged = 0
    for pod, case in pods(minor):
        found = {one.rule for one in judge.one(Resource(f"urn:{POD}::x", POD, "x", tree(pod)))}
        of_level = {rule for rule in found if rule.startswith(LEVELS[case["level"]])}
        expected = RULE_OF[case["check"]] if case["verdict"] == "fail" else None
        assert expected in of_level if expected else of_level == set(), (case, pod)
        judged += 1
    assert judged > 50


def test_a_version_beyond_those_known_is_the_latest(committed):
    policies = [
        committed.policy.model_copy(update={"pod_security_version": text}) for text in ("1.37", "1.99", "latest")
    ]
    newest, beyond, latest = (replace(committed, facts=replace(committed.facts, policy=one)) for one in policies)
    for pod, _ in pods(37):
        resource = Resource(f"urn:{POD}::x", POD, "x", tree(pod))
        found = [{one.rule for one in Judge(RULES_OF_PODS, known).one(resource)} for known in (newest, beyond, latest)]
        assert found[0] == found[1] == found[2]
