"""The control surface changes things behind the API's users' backs, and brings back the beginning."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from rehearsal.lambda_cloud import Control, ControlError

PING = {"protocol": "icmp", "source_network": "0.0.0.0/0", "description": "again"}
CPU = {"instance_type_name": "cpu_4x_general"}
Ask = Callable[..., httpx.Response]


@pytest.fixture
def core(fake):
    return fake.control.state().instance("sophia-ai-core")


def shown(ask: Ask, instance_id: str) -> dict[str, Any]:
    return dict(ask("GET", f"/instances/{instance_id}").json()["data"])


def test_it_takes_the_key(fake):
    with Control(fake.url, "wrong") as other, pytest.raises(ControlError, match="bearer token"):
        other.state()
    with Control(fake.url, "wrong") as other, pytest.raises(ControlError, match="bearer token"):
        other.set_quota(0)


def test_whether_it_runs_can_be_asked_without_a_key(fake):
    assert httpx.get(f"{fake.url}/healthz", trust_env=False).status_code == 200


def test_an_instance_can_be_renamed(fake, ask, core):
    fake.control.rename(core.id, "somebody-was-here")
    assert shown(ask, core.id)["name"] == "somebody-was-here"


def test_an_instance_can_be_terminated_at_once(fake, ask, core):
    fake.control.terminate(core.id)
    assert shown(ask, core.id)["status"] == "terminated"
    counters = fake.control.counters()
    assert (counters["lost"], counters["terminations"]) == (1, 0), "nobody asked the API for it"


def test_a_rule_can_be_added_to_the_global_ruleset(fake, ask):
    fake.control.add_rule("global", PING)
    assert PING in ask("GET", "/firewall-rulesets/global").json()["data"]["rules"]


def test_a_rule_can_be_added_to_a_regional_ruleset(fake, ask):
    made = ask("POST", "/firewall-rulesets", {"name": "web", "region": "us-west-1", "rules": []}).json()["data"]
    fake.control.add_rule(made["id"], PING)
    assert ask("GET", f"/firewall-rulesets/{made['id']}").json()["data"]["rules"] == [PING]


def test_a_price_can_change(fake, ask, core):
    fake.control.set_price("gpu_1x_gh200", 999)
    assert shown(ask, core.id)["instance_type"]["price_cents_per_hour"] == 999
    offers = ask("GET", "/instance-types").json()["data"]
    assert offers["gpu_1x_gh200"]["instance_type"]["price_cents_per_hour"] == 999


def test_capacity_and_quota_can_change(fake):
    fake.control.set_capacity("gpu_1x_a10", "me-west-1", 3)
    fake.control.set_quota(2)
    state = fake.control.state()
    assert (state.capacity["gpu_1x_a10"]["me-west-1"], state.quota) == (3, 2)


@pytest.mark.parametrize("status", ["unhealthy", "preempted", "active"])
def test_an_instance_can_fall_ill_and_recover(fake, ask, core, status):
    fake.control.set_status(core.id, status)
    assert shown(ask, core.id)["status"] == status


def test_an_address_can_change(fake, ask, core):
    fake.control.set_address(core.id, "192.0.2.77")
    assert shown(ask, core.id)["ip"] == "192.0.2.77"


@pytest.mark.parametrize("tags", [True, False])
def test_a_second_instance_of_the_same_name_can_appear(fake, ask, launched, tags):
    mine = [{"key": "owner", "value": "me"}]
    one = launched(name="twin", tags=mine)
    other = fake.control.duplicate(one, tags=tags)
    assert other != one
    assert (shown(ask, other)["name"], shown(ask, other)["tags"]) == ("twin", mine if tags else [])


def test_time_can_be_moved(fake, ask, launched):
    one = launched(**CPU)
    fake.control.advance_clock(200.0)
    assert shown(ask, one)["status"] == "active"


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda control: control.rename("none", "x"), "does not exist"),
        (lambda control: control.set_price("none", 1), "does not exist"),
        (lambda control: control.set_status("none", "terminated"), "comes with time"),
        (lambda control: control.fault("no-such-fault"), "kind"),
        (lambda control: control.fault("slow", operation="none"), "list-instances"),
        (lambda control: control.fault("slow", times=None), "for_seconds"),
        (lambda control: control.advance_clock(-1), "seconds"),
        (lambda control: control.reset(owner="sophia"), "owner"),
    ],
    ids=["rename", "price", "status", "kind", "operation", "endless", "back", "owner"],
)
def test_what_makes_no_sense_is_refused_with_the_reason(fake, act, reason):
    with pytest.raises(ControlError, match=reason):
        act(fake.control)


def test_the_log_has_every_request_and_no_header_or_body(fake, ask):
    ask("GET", "/instances")
    ask("GET", "/instances/none")
    (first, second) = fake.control.log()
    assert (first.method, first.path, first.operation, first.status) == (
        "GET",
        "/api/v1/instances",
        "list-instances",
        200,
    )
    assert (second.status, second.code) == (404, "global/object-does-not-exist")
    assert fake.key not in first.line() + second.line()


def test_requests_are_counted_by_operation(fake, ask, launched):
    launched(**CPU)
    ask("GET", "/instances")
    ask("GET", "/instances")
    counters = fake.control.counters()
    assert counters["requests"] == {"launch": 1, "list-instances": 2}
    assert (counters["launches"], counters["live"]) == (1, 1)


def test_reset_removes_the_instances_of_one_owner_and_no_others(fake, launched):
    staging = launched(**CPU, tags=[{"key": "pulumi:owner", "value": "sophia/staging/abc"}])
    similar = launched(**CPU, tags=[{"key": "pulumi:owner", "value": "sophia/staging-two/abc"}])
    untagged = launched(**CPU)
    fake.control.reset(owner="sophia/staging")
    left = {one.id for one in fake.control.state().instances}
    assert staging not in left
    assert {similar, untagged} <= left
    assert fake.control.counters()["removed"] == 1


def test_reset_brings_born_machines_back_with_their_id_and_address(fake, ask, core):
    fake.control.rename(core.id, "other")
    fake.control.terminate(core.id)
    fake.control.reset(names=["sophia-ai-core"])
    assert fake.control.state().instance("sophia-ai-core").id == core.id
    assert (shown(ask, core.id)["status"], shown(ask, core.id)["ip"]) == ("active", core.ip)


def test_reset_never_removes_what_was_born(fake, core):
    (key,) = fake.control.state().ssh_keys
    fake.control.reset(ids=[core.id, key.id])
    state = fake.control.state()
    assert state.instance("sophia-ai-core").id == core.id
    assert state.ssh_keys == (key,)


def test_reset_brings_back_a_born_key_that_was_replaced_by_another_of_its_name(fake, ask):
    (key,) = fake.control.state().ssh_keys
    ask("DELETE", f"/ssh-keys/{key.id}")
    ask("POST", "/ssh-keys", {"name": key.name})
    fake.control.reset(ids=[key.id])
    assert fake.control.state().ssh_keys == (key,)


def test_reset_removes_listed_resources_whatever_uses_them(fake, ask, launched):
    ruleset = ask("POST", "/firewall-rulesets", {"name": "web", "region": "us-west-1", "rules": []}).json()["data"]
    system = ask("POST", "/filesystems", {"name": "data", "region": "us-west-1"}).json()["data"]
    launched(**CPU, firewall_rulesets=[{"id": ruleset["id"]}], file_system_names=["data"])
    fake.control.reset(ids=[ruleset["id"], system["id"]])
    state = fake.control.state()
    assert (state.rulesets, state.file_systems) == ((), ())
    assert ask("GET", "/instances").status_code == 200


def test_reset_restores_the_global_ruleset_when_it_is_listed(fake):
    before = fake.control.state().global_rules
    fake.control.add_rule("global", PING)
    fake.control.reset(owner="sophia/prod")
    assert fake.control.state().global_rules != before
    fake.control.reset(ids=["global"])
    assert fake.control.state().global_rules == before
