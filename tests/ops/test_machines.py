"""Whose each machine of the account is, what it costs, and what is amiss."""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import catalog
from catalog import Catalog
from ops.machine_rows import Standing
from ops.machines import Found, classify, listed
from ops.states import Recorded
from providers.lambda_cloud.answers import Instance, Offer

HOURS = 730


@pytest.fixture(scope="session")
def facts() -> Catalog:
    """The repository's catalog."""
    return catalog.load()


def machine_id(number: int) -> str:
    return f"{number:032x}"


def instance(number: int = 1, **given: Any) -> Instance:
    """A machine as the API tells it: nobody's, unless something else is said."""
    document: dict[str, Any] = {
        "id": machine_id(number),
        "name": f"machine-{number}",
        "status": "active",
        "ip": f"198.51.100.{number}",
        "region": {"name": "us-west-1", "description": "California, USA"},
        "instance_type": {"name": "gpu_1x_a10", "price_cents_per_hour": 129},
        "jupyter_token": "canary",
    }
    for key, value in given.items():
        document[key] = {"name": value} if key == "region" else value
    return Instance.model_validate(document)


def tagged(value: str) -> list[Mapping[str, str]]:
    return [{"key": "project", "value": "sophia"}, {"key": "pulumi:owner", "value": value}]


def found(*instances: Instance, **given: Any) -> Found:
    return Found(**{"instances": instances, "offers": {}, "states": {}, **given})


def managing(*numbers: int, resources: int = 5) -> Recorded:
    return Recorded({machine_id(number): f"logical-{number}" for number in numbers}, resources)


LIVE: dict[str, Any] = {"name": "sophia-ai-core", "region": "us-east-3", "ip": "192.222.58.232"}
ADOPTED = {"prod": {"sophia-ai-core": machine_id(1)}}
STANDINGS = [
    pytest.param(instance(), {"states": {"dev": managing(1)}}, "dev", Standing.MANAGED, id="in a state"),
    pytest.param(
        instance(tags=tagged("sophia/staging/0123456789abcdef")), {}, "staging", Standing.ORPHANED, id="tag, no state"
    ),
    pytest.param(
        instance(tags=tagged("sophia/staging/0123456789abcdef")),
        {"states": {"staging": managing(1)}},
        "staging",
        Standing.MANAGED,
        id="tag and state",
    ),
    pytest.param(
        instance(tags=tagged("sophia/staging/0123456789abcdef")),
        {"states": {"prod": managing(1)}},
        "prod",
        Standing.MANAGED,
        id="a state comes before a tag",
    ),
    pytest.param(
        instance(**LIVE, tags=tagged("sophia/staging/0123456789abcdef")),
        {},
        "staging",
        Standing.ORPHANED,
        id="a tag comes before a name",
    ),
    pytest.param(
        instance(tags=tagged("other/dev/0123456789abcdef")), {}, "other/dev", Standing.UNMANAGED, id="another project's"
    ),
    pytest.param(instance(tags=tagged("sophia")), {}, "sophia", Standing.UNMANAGED, id="a tag that is not ours"),
    pytest.param(instance(**LIVE), {}, "prod", Standing.ADOPTABLE, id="a name and address of the catalog"),
    pytest.param(instance(**{**LIVE, "ip": None}), {}, "prod", Standing.ADOPTABLE, id="a name without an address"),
    pytest.param(
        instance(**{**LIVE, "ip": "198.51.100.7"}), {}, "", Standing.UNMANAGED, id="the name at another address"
    ),
    pytest.param(instance(**{**LIVE, "region": "us-west-1"}), {}, "", Standing.UNMANAGED, id="the name elsewhere"),
    pytest.param(
        instance(name="renamed"), {"adopt": ADOPTED}, "prod", Standing.ADOPTABLE, id="a configured id by any name"
    ),
    pytest.param(
        instance(2, **LIVE), {"adopt": ADOPTED}, "", Standing.UNMANAGED, id="the name of one whose id is configured"
    ),
    pytest.param(
        instance(name="staging-server", region="us-west-1", ip=None),
        {},
        "",
        Standing.UNMANAGED,
        id="an on-demand machine is launched, never adopted",
    ),
    pytest.param(instance(name=None, ip=None), {}, "", Standing.UNMANAGED, id="nobody's"),
]


@pytest.mark.parametrize(("given", "others", "owner", "standing"), STANDINGS)
def test_a_machine_stands_to_the_stacks_as_state_tag_and_catalog_say(given, others, owner, standing, facts):
    (row,) = classify(found(given, **others), facts.machines, HOURS)
    assert (row.owner, row.standing) == (owner, standing)


def test_a_row_tells_everything_of_its_machine_but_its_secrets(facts):
    (row,) = classify(found(instance(7)), facts.machines, HOURS)
    assert row.model_dump(mode="json") == {
        "name": "machine-7",
        "id": machine_id(7),
        "instance_type": "gpu_1x_a10",
        "region": "us-west-1",
        "status": "active",
        "address": "198.51.100.7",
        "hourly_usd": "1.29",
        "monthly_usd": "941.70",
        "owner": "",
        "standing": "unmanaged",
    }


@pytest.mark.parametrize("status", ["terminating", "terminated", "preempted"])
def test_a_machine_that_is_gone_is_told_only_while_a_state_holds_it_and_costs_nothing(status, facts):
    gone = instance(status=status, tags=tagged("sophia/dev/0123456789abcdef"))
    assert classify(found(gone), facts.machines, HOURS) == ()
    (row,) = classify(found(gone, states={"dev": managing(1)}), facts.machines, HOURS)
    assert (row.status, row.hourly_usd) == (status, "0.00")


def test_the_order_of_the_rows_does_not_depend_on_the_apis(facts):
    machines = [instance(1), instance(2, **LIVE), instance(3, tags=tagged("sophia/staging/0123456789abcdef"))]
    rows = classify(found(*machines), facts.machines, HOURS)
    assert [row.owner for row in rows] == ["prod", "staging", ""], "what is nobody's comes last"
    assert classify(found(*reversed(machines)), facts.machines, HOURS) == rows


def test_the_whole_account_is_counted_and_priced(facts):
    result = listed(found(instance(1), instance(2), instance(3, status="terminated"), states={}), facts)
    assert (result.hourly_usd, result.monthly_usd) == ("2.58", "1883.40")
    assert (result.in_account, result.max_machines) == (2, facts.limits.max_machines)


def test_one_stack_is_shown_with_its_machines_alone_and_the_quota_of_all(facts):
    both = found(instance(1), instance(2), states={"dev": managing(1), "staging": managing(2)})
    result = listed(both, facts, "staging")
    assert [row.id for row in result.machines] == [machine_id(2)]
    assert [row.name for row in result.stacks] == ["staging"]
    assert (result.stack, result.hourly_usd, result.in_account) == ("staging", "1.29", 2)
    assert {row.instance_type for row in result.capacity} <= {"gpu_1x_a10", "cpu_4x_general", "cpu_4x_generalx"}


STACKS = [
    pytest.param({}, ("down", 0, "0.00"), id="no state"),
    pytest.param({"dev": managing(resources=0)}, ("down", 0, "0.00"), id="an empty state"),
    pytest.param({"dev": replace(managing(), asleep=True)}, ("asleep", 0, "0.00"), id="a stack that was put to sleep"),
    pytest.param({"dev": managing(1)}, ("up", 1, "1.29"), id="a state with its machine"),
    pytest.param({"dev": managing(9)}, ("up", 0, "0.00"), id="a state whose machine is lost"),
]


@pytest.mark.parametrize(("states", "told"), STACKS)
def test_a_stack_is_up_asleep_or_down_as_its_state_says(states, told, facts):
    (row,) = listed(found(instance(1), states=states), facts, "dev").stacks
    assert (row.state, row.machines, row.hourly_usd) == told


def test_a_stack_with_a_schedule_says_when_its_machines_exist(facts):
    stacks = {row.name: row.schedule for row in listed(found(), facts).stacks}
    assert stacks["dev"] == str(facts.account.schedules["dev"])
    assert stacks["prod"] == ""


def test_a_rehearsal_of_a_stack_that_the_catalog_has_not_is_listed_too(facts):
    assert "mine" in {row.name for row in listed(found(states={"mine": managing(1)}), facts).stacks}


def test_capacity_is_told_for_every_type_of_the_catalogs_machines(facts):
    offer = Offer.model_validate(
        {
            "instance_type": {"name": "gpu_1x_a10", "price_cents_per_hour": 139},
            "regions_with_capacity_available": [{"name": "us-west-1"}, {"name": "us-east-1"}],
        }
    )
    rows = {
        row.instance_type: row for row in listed(found(offers={"gpu_1x_a10": offer, "other": offer}), facts).capacity
    }
    assert set(rows) >= {machine.instance_type for machine in facts.machines.values()}
    assert "other" not in rows
    assert (rows["gpu_1x_a10"].hourly_usd, rows["gpu_1x_a10"].regions) == ("1.39", ("us-east-1", "us-west-1"))
    assert (rows["gpu_1x_gh200"].hourly_usd, rows["gpu_1x_gh200"].regions) == ("", ())


def test_an_orphan_is_named_with_its_cost_and_what_to_do(facts):
    (warning,) = listed(found(instance(tags=tagged("sophia/staging/0123456789abcdef"))), facts).warnings
    assert warning.startswith(f"machine-1 ({machine_id(1)}) was launched for staging and is in no state, at $1.29")
    assert "./sophia up staging" in warning


@pytest.mark.parametrize("there", [(), (instance(4, status="terminated"),)])
def test_a_machine_of_a_state_that_the_account_has_not_is_named_with_what_to_do(there, facts):
    (warning,) = listed(found(*there, states={"staging": managing(4)}), facts).warnings
    assert warning.startswith(f"logical-4 ({machine_id(4)}) is in the state of staging and not in the account")
    assert "./sophia up staging" in warning
    assert listed(found(*there, states={"staging": managing(4)}), facts, "dev").warnings == ()


def test_a_pinned_machine_that_is_gone_leads_to_the_page_that_says_what_to_do(facts):
    held = Recorded({machine_id(4): "sophia-ai-core-instance"}, 9)
    (warning,) = listed(found(states={"prod": held}), facts).warnings
    assert "docs/runbooks/replace-a-pinned-machine.md" in warning
    assert "./sophia up" not in warning
    (missing,) = listed(found(adopt={"prod": {"sophia-ai-core": machine_id(5)}}), facts).warnings
    assert "docs/runbooks/replace-a-pinned-machine.md" in missing


def test_a_replaceable_machine_that_is_not_there_is_nothing_to_warn_of(facts):
    assert listed(found(adopt={"dev": {"sophia-development": machine_id(5)}}), facts).warnings == ()


def test_nothing_that_is_read_is_changed(facts):
    before = found(instance(1), states={"dev": managing(1)}, adopt={"dev": {}})
    given = copy.deepcopy(before)
    listed(given, facts)
    assert given == before


def test_no_answer_holds_the_secrets_of_a_machine(facts):
    assert "canary" not in json.dumps(listed(found(instance(1)), facts).model_dump(mode="json"))
