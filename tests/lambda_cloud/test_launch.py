"""One machine is launched exactly once, in the first place that has room, at no more than its price."""

import asyncio
import re
import secrets
from typing import Any

import httpx
import pytest

from providers.kit import ProviderError
from providers.kit.operation import CANCELLED
from providers.lambda_cloud.answers import Instance
from providers.lambda_cloud.client import LAUNCH_SECONDS
from providers.lambda_cloud.launch import UNANSWERED_SECONDS, Launch
from providers.lambda_cloud.order import OWNER_KEY, Candidate, Order, owner

LAUNCH = "POST /instance-operations/launch"
WEST = Candidate(instance_type="gpu_1x_a10", region="us-west-1")
EAST = Candidate(instance_type="gpu_1x_a10", region="us-east-1")
DEAR = Candidate(instance_type="gpu_1x_a100", region="us-west-1")
OWNER = "sophia/dev/0123456789abcdef"
NO_CAPACITY = "instance-operations/launch/insufficient-capacity"


def order(*candidates: Candidate, **changes: Any) -> Order:
    wanted: dict[str, Any] = {"name": "machine", "owner": OWNER, "ssh_key_name": "key", "deadline_seconds": 0.0}
    return Order(candidates=candidates or (WEST,), **{**wanted, **changes})


def offers() -> dict[str, Any]:
    regions = [{"name": "us-west-1"}, {"name": "us-east-1"}]
    prices = {"gpu_1x_a10": 129, "gpu_1x_a100": 199}
    return {
        name: {
            "instance_type": {"name": name, "price_cents_per_hour": price},
            "regions_with_capacity_available": regions,
        }
        for name, price in prices.items()
    }


@pytest.fixture
def owned(machine):
    return machine(tags=[{"key": OWNER_KEY, "value": OWNER}])


@pytest.fixture
def account(script):
    """An empty account in which every launch succeeds."""
    script.answer("GET /instance-types", offers())
    script.answer("GET /instances", [])
    return script


def launch(script, wanted) -> Instance:
    made: Instance = script.run(lambda client: Launch(client, wanted, script.operation).run())
    return made


def refusal(script, wanted) -> str:
    with pytest.raises(ProviderError) as caught:
        launch(script, wanted)
    return str(caught.value)


def launches(script) -> list[Any]:
    return [body for route, body in zip(script.asked, script.bodies, strict=True) if route == LAUNCH]


def test_a_fresh_machine_is_known_by_its_id_without_another_request(account):
    account.answer(LAUNCH, {"instance_ids": ["new"]})
    made = launch(account, order())
    assert (made.id, made.status, made.instance_type.price_cents_per_hour) == ("new", "booting", 129)
    assert account.asked[-1] == LAUNCH, "a request after the launch could fail and lose the id"


def test_the_account_is_listed_before_every_attempt(account):
    account.answer(LAUNCH, account.error(400, NO_CAPACITY), httpx.Response(500), {"instance_ids": ["new"]})
    launch(account, order(WEST, EAST))
    before = [account.asked[place - 1] for place, route in enumerate(account.asked) if route == LAUNCH]
    assert before == ["GET /instances"] * 3


def test_a_machine_of_ours_is_taken_over_instead_of_launched_twice(account, owned):
    account.answer("GET /instances", [owned])
    assert launch(account, order()).id == owned["id"]
    assert launches(account) == []


@pytest.mark.parametrize("status", ["terminating", "terminated", "preempted"])
def test_a_machine_that_is_gone_is_not_taken_over(script, owned, status):
    script.answer("GET /instance-types", offers())
    script.answer("GET /instances", [{**owned, "status": status}])
    script.answer(LAUNCH, {"instance_ids": ["new"]})
    assert launch(script, order()).id == "new"


def test_two_machines_with_our_tag_are_named_and_none_is_launched(script, owned):
    script.answer("GET /instance-types", offers())
    script.answer("GET /instances", [owned, {**owned, "id": "b" * 32}])
    text = refusal(script, order())
    assert owned["id"] in text
    assert "b" * 32 in text
    assert launches(script) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"region": {"name": "us-south-1"}}, "candidates"),
        ({"ssh_key_names": ["other"]}, "sshKeyName"),
        ({"hostname": "other"}, "hostname"),
        ({"firewall_rulesets": [{"id": "r"}]}, "firewallRulesetIds"),
        ({"ip": "203.0.113.9"}, "expectedIp"),
    ],
)
def test_a_machine_of_ours_that_is_another_than_ordered_is_not_taken_over(script, owned, change, named):
    script.answer("GET /instance-types", offers())
    script.answer("GET /instances", [{**owned, **change}])
    assert named in refusal(script, order(hostname=None if named != "hostname" else "mine", expected_ip=owned["ip"]))
    assert launches(script) == []


def test_a_launch_whose_answer_was_lost_is_found_and_not_repeated(script, owned):
    script.answer("GET /instance-types", offers())
    script.answer("GET /instances", [], [], [owned])
    script.answer(LAUNCH, httpx.ReadTimeout("late"))
    assert launch(script, order()).id == owned["id"]
    assert len(launches(script)) == 1


def test_a_lost_launch_is_waited_for_before_the_account_is_listed(script, owned):
    script.answer("GET /instance-types", offers())
    script.answer("GET /instances", [], [], [owned])
    script.answer(LAUNCH, httpx.Response(502))
    launch(script, order())
    assert script.times[-1] - script.times[-2] >= UNANSWERED_SECONDS


def test_a_launch_that_had_no_effect_is_tried_again(account):
    account.answer(LAUNCH, httpx.ReadTimeout("late"), {"instance_ids": ["new"]})
    assert launch(account, order()).id == "new"


def test_a_rate_limit_is_waited_out(account):
    account.answer(LAUNCH, httpx.Response(429, text="busy"), {"instance_ids": ["new"]})
    assert launch(account, order()).id == "new"
    first, second = [when for when, route in zip(account.times, account.asked, strict=True) if route == LAUNCH]
    assert second - first >= LAUNCH_SECONDS


def test_lost_answers_are_borne_only_so_long(account):
    account.answer(LAUNCH, httpx.Response(500))
    assert "unknown" in refusal(account, order())


@pytest.mark.parametrize("code", ["global/quota-exceeded", "global/invalid-parameters"])
def test_what_waiting_cannot_change_stops_at_once(account, code):
    account.answer(LAUNCH, account.error(400, code))
    assert code in refusal(account, order(WEST, EAST, deadline_seconds=1000))
    assert len(launches(account)) == 1


WRONG_REGION = "instance-operations/launch/file-system-in-wrong-region"


def test_a_candidate_far_from_its_file_system_is_passed_over_and_not_tried_again(account):
    refused, no_room = account.error(400, WRONG_REGION), account.error(400, NO_CAPACITY)
    account.answer(LAUNCH, refused, no_room, {"instance_ids": ["new"]})
    assert launch(account, order(WEST, EAST, deadline_seconds=1000)).region.name == "us-east-1"
    assert [body["region_name"] for body in launches(account)] == ["us-west-1", "us-east-1", "us-east-1"]


@pytest.mark.parametrize("candidates", [(WEST,), (WEST, EAST)])
def test_where_the_file_system_is_far_from_every_candidate_nothing_is_waited_for(account, candidates):
    account.answer(LAUNCH, account.error(400, WRONG_REGION))
    assert WRONG_REGION in refusal(account, order(*candidates, deadline_seconds=1e9))
    assert len(launches(account)) == len(candidates)


def test_a_machine_of_ours_is_found_where_nothing_could_be_launched_any_more(script, owned):
    script.answer("GET /instances", [owned])
    script.answer("GET /instance-types", {})
    assert launch(script, order()).id == owned["id"]


def test_the_next_candidate_is_launched_where_the_first_has_no_room(account):
    account.answer(LAUNCH, account.error(400, NO_CAPACITY), {"instance_ids": ["new"]})
    assert launch(account, order(WEST, EAST)).region.name == "us-east-1"


def test_a_candidate_without_offered_capacity_costs_no_launch(script):
    only_east = {"gpu_1x_a10": {**offers()["gpu_1x_a10"], "regions_with_capacity_available": [{"name": "us-east-1"}]}}
    script.answer("GET /instance-types", only_east)
    script.answer("GET /instances", [])
    script.answer(LAUNCH, {"instance_ids": ["new"]})
    launch(script, order(WEST, EAST))
    assert [body["region_name"] for body in launches(script)] == ["us-east-1"]


def test_nothing_dearer_than_allowed_is_launched(account):
    account.answer(LAUNCH, {"instance_ids": ["new"]})
    made = launch(account, order(DEAR, WEST, max_price_cents_per_hour=150))
    assert made.instance_type.name == "gpu_1x_a10"


def test_where_every_candidate_is_too_dear_nothing_is_waited_for(account):
    text = refusal(account, order(DEAR, max_price_cents_per_hour=150, deadline_seconds=1e9))
    assert "costs 199 cents" in text


def test_a_type_the_api_does_not_know_is_no_candidate(script):
    script.answer("GET /instance-types", {})
    script.answer("GET /instances", [])
    assert "knows no such type" in refusal(script, order(deadline_seconds=1e9))


def test_capacity_is_waited_for_until_the_deadline(account):
    account.answer(LAUNCH, account.error(400, NO_CAPACITY))
    text = refusal(account, order(WEST, EAST, deadline_seconds=120))
    (seconds,) = re.findall(r"in (\d+) s", text)
    assert 120 <= int(seconds) < 2000
    assert "gpu_1x_a10 in us-west-1" in text
    assert "gpu_1x_a10 in us-east-1" in text


def test_capacity_that_comes_while_waiting_is_taken(account):
    account.answer(LAUNCH, account.error(400, NO_CAPACITY), account.error(400, NO_CAPACITY), {"instance_ids": ["new"]})
    assert launch(account, order(deadline_seconds=600)).id == "new"


def test_a_prescribed_address_is_never_launched(account):
    assert "cannot be chosen" in refusal(account, order(expected_ip="198.51.100.1"))
    assert launches(account) == []


def test_a_cancelled_wait_ends_without_another_launch(account):
    cancelled = asyncio.Event()

    async def cancel(_):
        cancelled.set()
        return account.error(400, NO_CAPACITY)

    async def use(client):
        CANCELLED.set(cancelled)
        return await Launch(client, order(deadline_seconds=1e9), account.operation).run()

    account.answer(LAUNCH, cancel)
    with pytest.raises(ProviderError, match="cancelled"):
        account.run(use)
    assert len(launches(account)) == 1


def test_the_request_holds_what_was_ordered_and_nothing_empty(account):
    account.answer(LAUNCH, {"instance_ids": ["new"]})
    launch(account, order(image={"family": "lambda-stack-24-04"}, tags={"role": "core"}))
    assert launches(account) == [
        {
            "region_name": "us-west-1",
            "instance_type_name": "gpu_1x_a10",
            "ssh_key_names": ["key"],
            "name": "machine",
            "image": {"family": "lambda-stack-24-04"},
            "tags": [{"key": OWNER_KEY, "value": OWNER}, {"key": "role", "value": "core"}],
        }
    ]


def test_user_data_is_in_no_text_of_an_order():
    hidden = secrets.token_hex(8)
    assert hidden not in repr(order(user_data=hidden))


def test_the_owner_is_told_by_project_and_stack_and_distinguished_by_the_urn():
    one, two = owner("sophia", "dev", "urn:one"), owner("sophia", "dev", "urn:two")
    assert one != two
    assert one.startswith("sophia/dev/")
    assert len(one.rsplit("/", 1)[1]) == 16


def test_long_names_still_fit_into_a_tag_and_stay_distinguished():
    one, two = (owner("p" * 100, "s" * 100, urn) for urn in ("urn:one", "urn:two"))
    assert len(one) <= 128
    assert one != two


def test_a_machine_in_flight_is_the_api_s_own_kind_of_answer(owned):
    assert Instance.model_validate(owned).tags[0].value == OWNER
