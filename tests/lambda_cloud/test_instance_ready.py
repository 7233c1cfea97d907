"""The moment from which a machine can be used."""

import asyncio
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from providers.kit.testing import Plugin, PluginError, State
from providers.lambda_cloud.instance_ready import InstanceReady, InstanceReadyInputs
from rehearsal.lambda_cloud import Fake, FaultKind

FOLDER = Path(__file__).parents[2] / "providers" / "lambda_cloud"
DECLARED = {
    "name": "machine",
    "candidates": [{"instanceType": "gpu_1x_a10", "region": "us-west-1"}],
    "sshKeyName": "sophia2025",
}


def launched(plugin: Plugin, name: str = "machine") -> str:
    return plugin.create("Instance", plugin.check("Instance", DECLARED).inputs, name=name).id


def ready(plugin: Plugin, instance_id: str, **changes: Any) -> State:
    checked = plugin.check("InstanceReady", {"instanceId": instance_id, **changes})
    assert not checked.failures
    return plugin.create("InstanceReady", checked.inputs)


def refusal(act: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(PluginError) as caught:
        act(*arguments, **named)
    return str(caught.value)


def test_it_exists_when_the_machine_is_active_and_has_an_address(plugin, fake):
    machine = launched(plugin)
    state = ready(plugin, machine)
    live = fake.control.state().instance("machine")
    assert (state.id, state.outputs["ip"], live.status) == (machine, live.ip, "active")


def test_machines_are_waited_for_together(script, machine):
    ids = [f"{number:032x}" for number in range(10)]

    async def boot(_):
        status = "active" if len(script.asked) > 4 else "booting"
        return [machine(id=one, status=status) for one in ids]

    async def use(client):
        inputs = [InstanceReadyInputs(instance_id=one) for one in ids]
        await asyncio.gather(*(InstanceReady(client).create(one, script.operation) for one in inputs))

    script.answer("GET /instances", boot)
    script.run(use)
    assert len(script.asked) < 2 * 5, "each for itself would ask 50 times"


@pytest.mark.parametrize("kind", [FaultKind.UNHEALTHY, FaultKind.PREEMPTED])
def test_a_machine_that_will_never_be_ready_fails_at_once(plugin, fake, kind):
    fake.control.fault(kind, operation="launch")
    machine = launched(plugin)
    text = refusal(ready, plugin, machine, timeoutSeconds=1e7)
    assert f"is {kind}" in text


def test_a_machine_that_is_terminated_while_booting_fails_at_once(plugin, fake):
    machine = launched(plugin)
    fake.control.terminate(machine)
    assert "will not become ready" in refusal(ready, plugin, machine, timeoutSeconds=1e7)


def test_a_machine_that_never_existed_fails_after_a_while(plugin):
    assert "does not exist" in refusal(ready, plugin, "0" * 32, timeoutSeconds=1e7)


def test_a_machine_without_an_address_is_late_and_kept(plugin, fake):
    fake.control.fault(FaultKind.NO_IP, operation="launch")
    machine = launched(plugin)
    assert "active without an address" in refusal(ready, plugin, machine, timeoutSeconds=2000)
    assert fake.control.state().instance("machine").live


def test_a_private_address_is_not_waited_for(plugin, fake):
    fake.control.fault(FaultKind.NO_PRIVATE_IP, operation="launch")
    state = ready(plugin, launched(plugin))
    assert "privateIp" not in state.outputs


def test_the_timeout_of_the_resource_s_options_counts(plugin, fake):
    fake.control.fault(FaultKind.NO_IP, operation="launch")
    machine = launched(plugin)
    text = refusal(plugin.create, "InstanceReady", {"instanceId": machine}, timeout=20)
    assert "after 20 s" in text


def test_waiting_bears_an_api_that_fails_for_a_while(plugin, fake):
    machine = launched(plugin)
    for kind in (FaultKind.SERVER_ERROR, FaultKind.ANSWER_LOST, FaultKind.RATE_LIMITED):
        fake.control.fault(kind, times=2)
    assert ready(plugin, machine).id == machine


def test_it_goes_with_its_machine(plugin, fake):
    state = ready(plugin, launched(plugin))
    fake.control.terminate(state.id)
    assert plugin.read("InstanceReady", state.id, state.outputs, state.inputs).id == ""


def test_it_previews_clean_after_a_refresh(plugin):
    state = ready(plugin, launched(plugin))
    after = plugin.read("InstanceReady", state.id, state.outputs, state.inputs)
    assert not plugin.diff("InstanceReady", state.id, after.outputs, after.inputs).changes


def test_a_ready_machine_can_be_imported(plugin, fake):
    live = fake.control.state().instance("sophia-development")
    state = plugin.read("InstanceReady", live.id)
    assert (state.outputs["ip"], state.inputs) == (live.ip, {"instanceId": live.id})


def test_another_machine_replaces_it_and_another_timeout_does_not(plugin):
    state = ready(plugin, launched(plugin))
    assert plugin.diff("InstanceReady", state.id, state.outputs, {"instanceId": "b"}).replaces == ["instanceId"]
    longer = {"instanceId": state.id, "timeoutSeconds": 5}
    assert plugin.diff("InstanceReady", state.id, state.outputs, longer).replaces == []


def test_deleting_it_leaves_the_machine(plugin, fake):
    state = ready(plugin, launched(plugin))
    plugin.delete("InstanceReady", state.id, state.outputs)
    assert fake.control.state().instance("machine").live


def test_a_cancelled_run_stops_waiting(fake: Fake):
    environment = {
        "LAMBDA_CLOUD_API_KEY": fake.key,
        "LAMBDA_CLOUD_API_URL": fake.url,
        # Slow enough that the wait has not ended by itself.
        "LAMBDA_CLOUD_CLOCK_SPEED": "20",
    }
    with Plugin(FOLDER, environment, project="sophia", stack="dev") as plugin, ThreadPoolExecutor(1) as pool:
        plugin.configure({})
        fake.control.fault(FaultKind.NO_IP, operation="launch")
        machine = launched(plugin)
        waiting = pool.submit(refusal, ready, plugin, machine)
        time.sleep(0.2)
        plugin.cancel()
        assert "cancelled" in waiting.result(timeout=10)


def test_a_key_from_the_environment_is_in_no_message(fake: Fake):
    wrong = secrets.token_hex(20)
    environment = {"LAMBDA_CLOUD_API_KEY": wrong, "LAMBDA_CLOUD_API_URL": fake.url, "LAMBDA_CLOUD_CLOCK_SPEED": "2000"}
    with Plugin(FOLDER, environment, project="sophia", stack="dev") as plugin:
        plugin.configure({})
        text = refusal(launched, plugin)
        assert "LAMBDA_CLOUD_API_KEY" in text
        assert wrong not in f"{text}{plugin.printed}"
