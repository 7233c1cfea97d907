"""The life of a machine, through the plugin's own protocol and an account behind it."""

import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from providers.kit import UNKNOWN
from providers.kit.testing import Plugin, PluginError, Secret, State
from providers.lambda_cloud.answers import GONE
from providers.lambda_cloud.instance import Instance
from providers.lambda_cloud.order import OWNER_KEY
from rehearsal.lambda_cloud import Fake, FaultKind

A10 = {"instanceType": "gpu_1x_a10", "region": "us-west-1"}
CPU = {"instanceType": "cpu_4x_general", "region": "us-east-1"}
ADOPTED = "sophia-development"


def declared(**changes: Any) -> dict[str, Any]:
    return {"name": "machine", "candidates": [A10], "sshKeyName": "sophia2025", **changes}


def created(plugin: Plugin, **changes: Any) -> State:
    checked = plugin.check("Instance", declared(**changes))
    assert not checked.failures
    return plugin.create("Instance", checked.inputs)


def adopted(plugin: Plugin, fake: Fake) -> State:
    return plugin.read("Instance", fake.control.state().instance(ADOPTED).id)


def details(plugin: Plugin, state: State, **changes: Any) -> Mapping[str, str]:
    wanted = {key: value for key, value in {**state.inputs, **changes}.items() if value is not None}
    checked = plugin.check("Instance", wanted)
    assert not checked.failures
    return plugin.diff("Instance", state.id, state.outputs, checked.inputs, old_inputs=state.inputs).details


def refreshed(plugin: Plugin, state: State) -> State:
    return plugin.read("Instance", state.id, state.outputs, state.inputs)


def launches(fake: Fake) -> int:
    return int(fake.control.counters()["launches"])


def refusal(act: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(PluginError) as caught:
        act(*arguments, **named)
    return str(caught.value)


# --- create


def test_a_machine_is_recorded_before_it_has_booted(plugin, fake):
    state = created(plugin)
    assert (state.outputs["status"], state.outputs["region"]) == ("booting", "us-west-1")
    assert fake.control.state().instance("machine").id == state.id


def test_a_preview_calls_nothing(plugin, fake):
    plugin.create("Instance", plugin.check("Instance", declared()).inputs, preview=True)
    assert fake.control.log() == []


def test_a_machine_carries_its_owner_and_hides_it_from_its_tags(plugin, fake):
    state = created(plugin, tags={"role": "core"})
    tags = fake.control.state().instance("machine").tags
    assert tags[OWNER_KEY].startswith("sophia/dev/")
    assert refreshed(plugin, state).outputs["tags"] == {"role": "core"}


def test_a_create_whose_record_was_lost_takes_the_machine_over(plugin, fake):
    first = created(plugin)
    assert created(plugin).id == first.id
    assert launches(fake) == 1


def test_a_machine_taken_over_gets_its_declared_name(plugin, fake):
    first = created(plugin)
    assert created(plugin, name="other").id == first.id
    assert fake.control.state().instance("other").id == first.id


def test_another_resource_never_takes_it_over(plugin):
    inputs = plugin.check("Instance", declared()).inputs
    one, other = (plugin.create("Instance", inputs, name=name) for name in ("one", "other"))
    assert one.id != other.id


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.ANSWER_LOST,
        FaultKind.CONNECTION_RESET,
        FaultKind.SERVER_ERROR,
        FaultKind.PROVIDER_UNAVAILABLE,
        FaultKind.RATE_LIMITED,
        FaultKind.NO_CAPACITY,
    ],
)
def test_a_launch_that_meets_a_fault_ends_in_one_machine(plugin, fake, kind):
    fake.control.fault(kind, operation="launch")
    state = created(plugin)
    assert [one.id for one in fake.control.state().instances if not one.born] == [state.id]
    assert fake.control.counters()["faults"] == {str(kind): 1}


def test_machines_created_at_the_same_time_share_their_lists(plugin, fake):
    inputs = plugin.check("Instance", declared()).inputs
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda name: plugin.create("Instance", inputs, name=name), ["a", "b", "c", "d"]))
    assert len({one.id for one in made}) == launches(fake) == 4


def test_the_quota_is_told_with_what_to_do(plugin, fake):
    fake.control.set_quota(5)
    assert "global/quota-exceeded" in refusal(created, plugin)


def test_no_capacity_anywhere_is_told_by_candidate(plugin, fake):
    for candidate in (A10, CPU):
        fake.control.set_capacity(candidate["instanceType"], candidate["region"], 0)
    text = refusal(created, plugin, candidates=[A10, CPU], capacityDeadlineSeconds=60)
    assert "gpu_1x_a10 in us-west-1: no capacity offered" in text
    assert "cpu_4x_general in us-east-1: no capacity offered" in text


def test_the_timeout_of_the_resource_s_options_bounds_the_wait_for_capacity(plugin, fake):
    fake.control.set_capacity("gpu_1x_a10", "us-west-1", 0)
    inputs = plugin.check("Instance", declared(capacityDeadlineSeconds=1e7)).inputs
    assert "no capacity offered" in refusal(plugin.create, "Instance", inputs, timeout=30)


def test_the_next_candidate_is_launched_where_the_first_has_no_room(plugin, fake):
    fake.control.set_capacity("gpu_1x_a10", "us-west-1", 0)
    fake.control.set_capacity("gpu_1x_a10", "us-east-1", 1)
    state = created(plugin, candidates=[A10, {**A10, "region": "us-east-1"}])
    assert state.outputs["region"] == "us-east-1"


def test_a_price_that_rose_above_the_limit_stops_the_launch(plugin, fake):
    fake.control.set_price("gpu_1x_a10", 500)
    assert "costs 500 cents" in refusal(created, plugin, maxPriceCentsPerHour=200)
    assert launches(fake) == 0


# --- read


def test_an_adopted_machine_previews_clean(plugin, fake):
    state = adopted(plugin, fake)
    assert details(plugin, state) == {}
    assert state.inputs["expectedIp"] == fake.control.state().instance(ADOPTED).ip


def test_what_an_import_writes_can_be_declared(plugin, fake):
    state = adopted(plugin, fake)
    assert plugin.check("Instance", state.inputs).failures == {}


def test_an_adopted_machine_may_be_declared_with_less(plugin, fake):
    state = adopted(plugin, fake)
    assert details(plugin, state, hostname=None) == {}


def test_a_fresh_machine_previews_clean_after_a_refresh(plugin):
    state = created(
        plugin,
        hostname="core",
        tags={"role": "core"},
        image={"family": "lambda-stack-24-04"},
        userData=Secret("#cloud-config"),
    )
    after = refreshed(plugin, state)
    assert plugin.diff("Instance", after.id, after.outputs, state.inputs, old_inputs=after.inputs).details == {}


def test_a_machine_that_is_gone_is_gone_from_the_state(plugin, fake):
    state = created(plugin)
    fake.control.terminate(state.id)
    assert refreshed(plugin, state).id == ""


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("status", sorted(GONE))
def test_a_machine_on_its_way_out_is_gone(script, machine, status, listed):
    going = machine(status=status)
    script.answer("GET /instances", [going] if listed else [])
    script.answer(f"GET /instances/{going['id']}", going)
    assert script.run(lambda client: Instance(client).read(going["id"], None, script.operation)) is None


def test_a_machine_that_the_api_has_forgotten_is_gone(plugin, fake):
    state = created(plugin)
    fake.control.remember(0)
    fake.control.terminate(state.id)
    fake.control.advance_clock(3600)
    assert refreshed(plugin, state).id == ""


def test_an_unhealthy_machine_is_still_there(plugin, fake):
    state = adopted(plugin, fake)
    fake.control.set_status(state.id, "unhealthy")
    after = refreshed(plugin, state)
    assert (after.id, after.outputs["status"], details(plugin, after)) == (state.id, "unhealthy", {})


@pytest.mark.parametrize(
    "kind", [FaultKind.UNAUTHORIZED, FaultKind.ACCOUNT_INACTIVE, FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR]
)
def test_an_api_that_fails_never_means_gone(plugin, fake, kind):
    state = adopted(plugin, fake)
    fake.control.fault(kind, times=None, for_seconds=1e6)
    refusal(refreshed, plugin, state)


def test_a_refresh_bears_faults_that_pass(plugin, fake):
    state = adopted(plugin, fake)
    fake.control.fault(FaultKind.RATE_LIMITED, times=2)
    fake.control.fault(FaultKind.ANSWER_LOST, times=1)
    assert refreshed(plugin, state).id == state.id


def test_importing_what_does_not_exist_fails(plugin):
    assert "no Instance has the id" in refusal(plugin.read, "Instance", "0" * 32)


def test_importing_a_terminated_machine_fails(plugin, fake):
    gone = fake.control.state().instance(ADOPTED).id
    fake.control.terminate(gone)
    refusal(plugin.read, "Instance", gone)


def test_an_address_that_an_answer_lacks_is_kept(plugin, fake):
    fake.control.fault(FaultKind.NO_IP)
    state = created(plugin)
    known = State(state.id, {**state.outputs, "ip": "198.51.100.7"}, state.inputs)
    assert refreshed(plugin, known).outputs["ip"] == "198.51.100.7"


def test_reads_at_the_same_time_share_one_list(plugin, fake, configuration):
    states = [plugin.read("Instance", one.id) for one in fake.control.state().instances]
    plugin.configure({**configuration, "clockSpeed": "4"})
    before = fake.control.counters()["requests"]["list-instances"]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda state: refreshed(plugin, state), states * 4))
    assert fake.control.counters()["requests"]["list-instances"] - before <= 4


# --- diff


@pytest.mark.parametrize(
    ("changes", "replaces"),
    [
        ({"name": "other"}, False),
        ({"maxPriceCentsPerHour": 300}, False),
        ({"capacityDeadlineSeconds": 5}, False),
        ({"deletionProtection": True}, False),
        ({"candidates": [CPU, A10]}, False),
        ({"candidates": [CPU]}, True),
        ({"sshKeyName": "other"}, True),
        ({"hostname": "other"}, True),
        ({"tags": {"role": "other"}}, True),
        ({"fileSystemNames": ["data"]}, True),
        ({"fileSystemMounts": [{"mountPoint": "/data/a", "fileSystemId": "f"}]}, True),
        ({"firewallRulesetIds": ["r"]}, True),
        ({"image": {"id": "i"}}, True),
        ({"userData": Secret("#cloud-config")}, True),
    ],
    ids=str,
)
def test_only_what_can_change_in_place_does(plugin, changes, replaces):
    state = created(plugin)
    checked = plugin.check("Instance", declared(**changes))
    found = plugin.diff("Instance", state.id, state.outputs, checked.inputs, old_inputs=state.inputs)
    assert (bool(found.details), bool(found.replaces)) == (True, replaces)
    assert found.delete_before_replace or not replaces, (
        "two machines at a time cost twice, and one would take the other over"
    )


def test_a_value_not_known_yet_replaces_nothing(plugin):
    state = created(plugin, firewallRulesetIds=[])
    unknown = {**state.inputs, "firewallRulesetIds": [UNKNOWN], "candidates": [{**A10, "region": UNKNOWN}]}
    found = plugin.diff("Instance", state.id, state.outputs, unknown, old_inputs=state.inputs)
    assert found.replaces == []


def test_a_price_that_rose_is_no_difference(plugin, fake):
    state = adopted(plugin, fake)
    fake.control.set_price("gpu_1x_a10", 999)
    after = refreshed(plugin, state)
    assert (after.outputs["priceCentsPerHour"], details(plugin, after)) == (999, {})


def test_image_and_user_data_of_an_adopted_machine_differ_from_nothing(plugin, fake):
    state = adopted(plugin, fake)
    assert details(plugin, state, image={"id": "i"}, userData=Secret("#cloud-config")) == {}


def test_another_address_is_a_difference_that_no_update_repairs(plugin, fake):
    state = adopted(plugin, fake)
    fake.control.set_address(state.id, "203.0.113.99")
    after = refreshed(plugin, state)
    assert after.inputs["expectedIp"] == "203.0.113.99", "a drift names the address that is there"
    assert details(plugin, after, expectedIp=state.inputs["expectedIp"]) == {"expectedIp": "update"}
    text = refusal(plugin.update, "Instance", after.id, after.outputs, state.inputs, old_inputs=after.inputs)
    assert "203.0.113.99" in text


def test_a_rename_behind_our_back_is_named_and_repaired(plugin, fake):
    state = adopted(plugin, fake)
    fake.control.rename(state.id, "renamed")
    after = refreshed(plugin, state)
    wanted = {**after.inputs, "name": ADOPTED}
    assert details(plugin, after, name=ADOPTED) == {"name": "update"}
    plugin.update("Instance", state.id, after.outputs, wanted, old_inputs=after.inputs)
    assert fake.control.state().instance(ADOPTED).id == state.id


def test_a_protected_machine_is_not_replaced_and_the_preview_says_so(plugin):
    state = created(plugin, deletionProtection=True)
    text = refusal(details, plugin, state, sshKeyName="other")
    assert "sshKeyName" in text
    assert "disk and its address" in text


# --- update


def test_provider_only_inputs_call_nothing(plugin, fake):
    state = created(plugin)
    before = len(fake.control.log())
    wanted = plugin.check("Instance", declared(deletionProtection=True, candidates=[CPU, A10])).inputs
    after = plugin.update("Instance", state.id, state.outputs, wanted, old_inputs=state.inputs)
    assert (len(fake.control.log()), after.outputs["deletionProtection"]) == (before, True)


def test_an_update_keeps_all_outputs(plugin, fake):
    state = adopted(plugin, fake)
    after = plugin.update(
        "Instance", state.id, state.outputs, {**state.inputs, "name": "other"}, old_inputs=state.inputs
    )
    assert {**after.outputs, "name": ADOPTED} == state.outputs


# --- delete


def test_a_deleted_machine_is_terminated_before_the_delete_returns(plugin, fake):
    state = created(plugin)
    plugin.delete("Instance", state.id, state.outputs)
    (machine,) = [one for one in fake.control.state().instances if not one.born]
    assert machine.status == "terminated"


def test_deleting_what_is_gone_is_done(plugin, fake):
    state = created(plugin)
    fake.control.terminate(state.id)
    plugin.delete("Instance", state.id, state.outputs)


def test_a_protected_machine_is_not_deleted(plugin, fake):
    state = created(plugin, deletionProtection=True)
    assert "deletionProtection" in refusal(plugin.delete, "Instance", state.id, state.outputs)
    assert fake.control.counters()["terminations"] == 0


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.SERVER_ERROR, FaultKind.RATE_LIMITED])
def test_a_termination_that_meets_a_fault_still_ends_the_machine(plugin, fake, kind):
    state = created(plugin)
    fake.control.fault(kind, operation="terminate")
    plugin.delete("Instance", state.id, state.outputs)
    assert fake.control.counters()["live"] == 0


# --- secrets


def test_no_secret_is_in_outputs_messages_or_logs(plugin, fake):
    canary = secrets.token_hex(16)
    state = created(plugin, userData=Secret(f"#cloud-config\n# {canary}"))
    plugin.create("InstanceReady", {"instanceId": state.id})
    after = refreshed(plugin, state)
    fake.control.fault(FaultKind.UNAUTHORIZED, times=None, for_seconds=1e6)
    told = refusal(refreshed, plugin, state)
    seen = f"{state.outputs} {after.outputs} {told} {plugin.printed}"
    tokens = [one.jupyter_token for one in fake.control.state().instances]
    assert [hidden for hidden in (canary, fake.key, *tokens) if hidden in seen] == []
