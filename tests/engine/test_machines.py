"""The machines of the stacks, with the real engine and the fake account: adopted, launched, repaired, given back."""

import json
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from rehearsal.account import Account
from rehearsal.home import Folder
from rehearsal.lambda_cloud import FaultKind
from rehearsal.state import State
from rehearsal.waiting import until
from tests.engine.runbook import followed

pytestmark = pytest.mark.engine

BY_HAND = {"protocol": "tcp", "port_range": [9000, 9000], "source_network": "198.51.100.0/24", "description": "by hand"}


@pytest.fixture
def control(checkout):
    """The account's control surface; a rehearsal is up."""
    with Account(checkout.home).control() as surface:
        yield surface


@pytest.fixture(scope="module")
def adoption(checkout):
    """What the account counted while prod was brought up by the runbook's own commands."""
    checkout.sophia("preview", "dev")
    told = followed(checkout, "adopt-live-machines.md")
    checked = told[-1][1]
    assert "No drift" in checked
    assert "No changes." in checked
    with Account(checkout.home).control() as surface:
        return surface.counters()


@pytest.fixture(scope="module")
def prod(checkout, adoption):
    """A checkout whose prod was brought up."""
    del adoption
    return checkout


@pytest.fixture(scope="module")
def staging(checkout, prod):
    """A checkout whose staging is up beside prod, although its first run was killed between a launch and its answer."""
    del prod
    with Account(checkout.home).control() as surface:
        before = surface.counters()["launches"]
        surface.fault(FaultKind.SLOW, operation="launch", times=3, delay_seconds=3000)
        words = [str(checkout.root / "sophia"), "up", "staging"]
        with subprocess.Popen(
            words, env=checkout.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as run:
            until(
                lambda: surface.counters()["launches"] > before or None,
                seconds=90,
                failure=lambda: "no machine was launched within 90 s",
            )
            kill(checkout.home / "stacks/staging/run/engine.json")
            run.communicate(timeout=60)
        surface.no_faults()
    assert instances(checkout, "staging") == [], "the engine was killed before it could write down what it had launched"
    checkout.sophia("up", "staging")
    return checkout


def test_the_machines_of_prod_are_adopted_and_nothing_is_launched(prod, adoption):
    assert (adoption["launches"], adoption["terminations"]) == (0, 0)
    assert "launch" not in adoption["requests"]
    assert adoption["requests"]["change-global-ruleset"] == 1
    with Account(prod.home).control() as surface:
        rules = surface.state().global_rules
    opened = {(rule.protocol, rule.port_range) for rule in rules if rule.source_network == "0.0.0.0/0"}
    assert opened == {("icmp", None), ("udp", (51822, 51822)), ("tcp", (80, 80)), ("tcp", (443, 443))}, "SSH is closed"
    listed = prod.answer("machines", "prod")
    assert [row["standing"] for row in listed["machines"]] == ["managed"] * 4
    assert listed["hourly_usd"] == "6.06"


def test_a_run_that_was_killed_after_a_launch_is_healed_without_another_one(staging, control):
    assert control.counters()["launches"] == 3
    assert len(instances(staging, "staging")) == 3
    assert staging.answer("machines", "staging")["warnings"] == []
    assert staging.answer("drift", "staging")["changes"] == []


def test_what_is_changed_behind_our_backs_is_named_with_both_values_and_repaired_by_one_launch(staging, control):
    before = control.counters()["launches"]
    account = control.state()
    control.rename(account.instance("staging-agent-1").id, "renamed")
    control.terminate(account.instance("staging-agent-2").id)
    (ruleset,) = (one for one in account.rulesets if one.name.endswith("-server"))
    control.add_rule(ruleset.id, BY_HAND)

    changes = {change["name"]: change for change in staging.answer("drift", "staging", code=7)["changes"]}
    assert set(changes) == {
        "lambda-firewall-us-west-1-server",
        "staging-agent-1-instance",
        "staging-agent-2-instance",
        "staging-agent-2-ready",
    }
    assert changes["staging-agent-1-instance"]["deviations"] == [
        {"path": "name", "expected": "staging-agent-1", "actual": "renamed", "drift_class": "availability"}
    ]
    assert changes["staging-agent-2-instance"]["deviations"] == [
        {"path": "", "expected": "exists", "actual": "gone", "drift_class": "availability"}
    ]
    (added,) = changes["lambda-firewall-us-west-1-server"]["deviations"]
    assert added["expected"] is None
    assert added["actual"]["description"] == "by hand"

    staging.sophia("up", "staging")
    account = control.state()
    assert control.counters()["launches"] == before + 1
    assert account.instance("staging-agent-1").live
    assert account.instance("staging-agent-2").live
    assert "by hand" not in [rule.description for one in account.rulesets for rule in one.rules]
    assert staging.answer("drift", "staging")["changes"] == []


@pytest.mark.soak
def test_a_wrong_key_during_a_refresh_changes_nothing(staging, control):
    before = instances(staging, "staging")
    control.fault(FaultKind.UNAUTHORIZED, times=None, for_seconds=36_000)
    try:
        # Drift tells of all that does not need the key.
        for verb, code in (("drift", 6), ("up", 1)):
            left = staging.sophia(verb, "staging", check=False)
            assert left.returncode == code
            assert "LAMBDA_CLOUD_API_KEY" in left.stdout + left.stderr
        pinned = staging.sophia("up", "prod", check=False)
        assert (pinned.returncode, "replace-a-pinned-machine" in pinned.stderr) == (1, False), "no machine is gone"
    finally:
        control.no_faults()
    assert instances(staging, "staging") == before
    assert staging.answer("drift", "staging")["changes"] == []


def test_no_jupyter_token_and_no_key_stands_in_the_state_or_the_logs(staging, control):
    account = Account(staging.home)
    canaries = [one.jupyter_token for one in control.state().instances if one.jupyter_token]
    canaries.append(account.folder.key.read_text(encoding="utf-8"))
    assert len(canaries) > 5
    places = [*(staging.home / "pulumi/state").rglob("*"), *staging.home.rglob("*.log*")]
    for place in filter(Path.is_file, places):
        text = place.read_text(errors="replace")
        assert not [canary for canary in canaries if canary in text], f"{place} holds a secret"


def test_a_stack_that_sleeps_costs_nothing_has_no_drift_and_wakes(staging, control):
    slept = staging.answer("machines", "sleep", "staging", "--without-backup")
    assert slept["changes"]["delete"] > 140
    assert [one.name for one in control.state().instances if one.live and (one.name or "").startswith("staging")] == []
    assert staging.answer("drift", "staging")["asleep"]
    listed = staging.answer("machines", "staging")
    assert (listed["stacks"][0]["state"], listed["stacks"][0]["hourly_usd"]) == ("asleep", "0.00")
    assert listed["warnings"] == []
    staging.sophia("preview", "staging")
    assert staging.answer("drift", "staging")["asleep"], "looking at a stack does not wake it"

    staging.sophia("machines", "wake", "staging")
    assert len([one for one in control.state().instances if one.live and (one.name or "").startswith("staging")]) == 3
    assert staging.answer("drift", "staging")["changes"] == []


def test_a_stack_that_ends_leaves_no_machine_and_the_other_as_it_was(staging, control):
    others = {one.id for one in control.state().instances if one.live and not (one.name or "").startswith("staging")}
    staging.sophia("down", "staging")
    assert {one.id for one in control.state().instances if one.live} == others


def test_a_pinned_machine_that_is_gone_stops_up_with_what_to_do_and_is_back_when_its_stack_has_ended(prod, control):
    lost = control.state().instance("sophia-data-pipeline").id
    launches = control.counters()["launches"]
    control.terminate(lost)
    drifted = {change["name"]: change["op"] for change in prod.answer("drift", "prod", code=7)["changes"]}
    assert drifted == {"sophia-data-pipeline-instance": "delete", "sophia-data-pipeline-ready": "delete"}
    for _ in range(2):
        left = prod.sophia("up", "prod", check=False)
        assert left.returncode == 1
        assert lost in left.stderr
        assert "docs/runbooks/replace-a-pinned-machine.md" in left.stderr
    assert control.counters()["launches"] == launches
    (warning,) = prod.answer("machines", "prod")["warnings"]
    assert "sophia-data-pipeline" in warning

    prod.sophia("down", "prod")
    found = control.state().instance("sophia-data-pipeline")
    assert (found.id, found.ip) == (lost, "104.171.202.134")


def instances(checkout, stack: str) -> list[str]:
    """The ids of the machines that a stack's state holds."""
    resources = State(Folder(checkout.home, stack)).resources()
    return sorted(str(r["id"]) for r in resources if r["type"] == "lambda-cloud:index:Instance" and r.get("id"))


def kill(record: Path) -> None:
    """End an engine without any warning."""
    process = psutil.Process(json.loads(record.read_text(encoding="utf-8"))[0])
    os.kill(process.pid, signal.SIGKILL)
