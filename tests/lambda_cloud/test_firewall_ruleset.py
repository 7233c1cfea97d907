"""A region's ruleset is made once and changed in place."""

from typing import Any

import pytest
from pydantic import ValidationError

from providers.kit import ProviderError
from providers.lambda_cloud.errors import ApiError
from providers.lambda_cloud.firewall_ruleset import FirewallRuleset, FirewallRulesetInputs
from rehearsal.lambda_cloud import Account, Fault, FaultKind, serve
from rehearsal.lambda_cloud.instances import Fate
from tests.lambda_cloud.resources import SPEED, Kind, emptied

REGION = "us-west-1"
SSH = {"protocol": "tcp", "portRange": [22, 22], "sourceNetwork": "203.0.113.7"}
WEB = {"protocol": "tcp", "portRange": [80, 443], "sourceNetwork": "0.0.0.0/0", "description": "The gateway"}
PING = {"protocol": "icmp", "sourceNetwork": "0.0.0.0/0"}


@pytest.fixture(scope="module")
def served():
    with serve(Account.empty(), speed=SPEED) as fake:
        yield fake


@pytest.fixture
def rulesets(served):
    with emptied(served) as fake:
        yield Kind(fake, FirewallRuleset, FirewallRulesetInputs)


def wanted(*rules: dict[str, Any], name: str = "gateway", region: str = REGION) -> dict[str, Any]:
    return {"name": name, "region": region, "rules": list(rules)}


def ids(rulesets) -> list[str]:
    return [one.id for one in rulesets.fake.control.state().rulesets]


def referring(rulesets, ruleset_id) -> str:
    """Launch a machine that refers to a ruleset, and return its id."""
    account = rulesets.fake.account
    account.ssh_keys.add({"name": "key"})
    body = {
        "region_name": REGION,
        "instance_type_name": "gpu_1x_a10",
        "ssh_key_names": ["key"],
        "firewall_rulesets": [{"id": ruleset_id}],
    }
    (machine,) = account.instances.launch(body, Fate())["instance_ids"]
    return str(machine)


def test_a_ruleset_where_nothing_enforces_it_is_refused():
    with pytest.raises(ValidationError, match="protects nothing"):
        FirewallRulesetInputs.model_validate(wanted(SSH, region="us-south-1"))


def test_a_ruleset_is_made_as_it_is_declared(rulesets):
    made = rulesets.create(**wanted(WEB, SSH, PING))
    assert rulesets.found(made.id).inputs == rulesets.wanted(**wanted(SSH, PING, WEB))


def test_an_empty_ruleset_refuses_everything_and_may_be_declared(rulesets):
    made = rulesets.create(**wanted())
    assert rulesets.found(made.id).inputs.rules == ()


def test_a_second_one_of_the_same_name_and_region_names_the_one_to_adopt(rulesets):
    made = rulesets.create(**wanted(SSH))
    with pytest.raises(
        ProviderError, match=f'with the id {made.id}; no instance refers to it; adopt it with import_="{made.id}"'
    ):
        rulesets.create(**wanted(WEB))
    assert ids(rulesets) == [made.id]


def test_the_same_name_in_another_region_is_another_ruleset(rulesets):
    first = rulesets.create(**wanted(SSH))
    second = rulesets.create(**wanted(SSH, region="us-east-1"))
    assert sorted(ids(rulesets)) == sorted([first.id, second.id])


@pytest.mark.parametrize(
    "kind",
    [FaultKind.ANSWER_LOST, FaultKind.CONNECTION_RESET, FaultKind.SERVER_ERROR, FaultKind.INTERNAL_ERROR],
)
def test_a_create_that_loses_its_answer_makes_one_ruleset(rulesets, kind):
    rulesets.fake.faults.script(Fault(kind, operation="create-ruleset"))
    made = rulesets.create(**wanted(SSH, WEB))
    assert ids(rulesets) == [made.id]


def test_rules_change_in_place_and_nothing_else(rulesets):
    made = rulesets.create(**wanted(SSH))
    rulesets.update(made.id, rulesets.found(made.id), "rules", **wanted(WEB))
    live = rulesets.found(made.id)
    assert live.inputs == rulesets.wanted(**wanted(WEB))


def test_a_name_changes_in_place_and_leaves_the_rules_alone(rulesets):
    made = rulesets.create(**wanted(SSH))
    old = rulesets.found(made.id)
    rulesets.fake.control.add_rule(made.id, {"protocol": "icmp", "source_network": "0.0.0.0/0", "description": ""})
    rulesets.update(made.id, old, "name", **wanted(SSH, name="door"))
    assert rulesets.found(made.id).inputs == rulesets.wanted(**wanted(SSH, PING, name="door"))


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.SERVER_ERROR, FaultKind.INTERNAL_ERROR])
def test_a_change_that_loses_its_answer_is_made(rulesets, kind):
    made = rulesets.create(**wanted(SSH))
    rulesets.fake.faults.script(Fault(kind, operation="change-ruleset"))
    rulesets.update(made.id, rulesets.found(made.id), "rules", **wanted(WEB))
    assert rulesets.found(made.id).inputs.rules == rulesets.wanted(**wanted(WEB)).rules


def test_a_rule_that_somebody_added_shows(rulesets):
    made = rulesets.create(**wanted(SSH))
    rulesets.fake.control.add_rule(made.id, {"protocol": "icmp", "source_network": "0.0.0.0/0", "description": ""})
    assert rulesets.found(made.id).inputs.rules == rulesets.wanted(**wanted(SSH, PING)).rules


def test_a_missing_ruleset_is_gone(rulesets):
    assert rulesets.read("0" * 32) is None


@pytest.mark.parametrize("kind", [FaultKind.UNAUTHORIZED, FaultKind.ACCOUNT_INACTIVE])
def test_a_read_that_is_refused_never_means_gone(rulesets, kind):
    made = rulesets.create(**wanted(SSH))
    rulesets.fake.faults.script(Fault(kind, operation="get-ruleset"))
    with pytest.raises(ApiError, match="nothing was changed"):
        rulesets.read(made.id)


def test_it_tells_which_machines_refer_to_it(rulesets):
    made = rulesets.create(**wanted(SSH))
    machine = referring(rulesets, made.id)
    assert rulesets.found(made.id).outputs.instance_ids == (machine,)


def test_deleting_waits_for_the_machine_that_is_being_terminated(rulesets):
    made = rulesets.create(**wanted(SSH))
    machine = referring(rulesets, made.id)
    rulesets.fake.account.instances.terminate([machine])
    rulesets.delete(made.id, rulesets.found(made.id))
    assert ids(rulesets) == []


def test_deleting_what_is_gone_succeeds(rulesets):
    made = rulesets.create(**wanted(SSH))
    live = rulesets.found(made.id)
    rulesets.delete(made.id, live)
    rulesets.delete(made.id, live)
    assert ids(rulesets) == []
