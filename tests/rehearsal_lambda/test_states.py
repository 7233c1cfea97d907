"""Instances change with virtual time, as real ones do with real time."""

import pytest

from rehearsal.lambda_cloud import Status
from rehearsal.lambda_cloud.errors import ApiError
from rehearsal.lambda_cloud.instances import Fate

CPU = {"instance_type_name": "cpu_4x_general"}


def test_one_gpu_boots_for_two_hundred_seconds(account, launch):
    one = launch()
    account.clock.advance(199)
    assert account.instances.get(one)["status"] == "booting"
    account.clock.advance(1)
    assert account.instances.get(one)["status"] == "active"


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [("cpu_4x_general", 90), ("gpu_1x_a6000", 200), ("gpu_2x_a6000", 600), ("gpu_4x_a6000", 750), ("gpu_8x_a100", 900)],
)
def test_more_gpus_boot_longer(account, launch, kind, seconds):
    one = launch(instance_type_name=kind)
    account.clock.advance(seconds - 1)
    before = account.instances.get(one)["status"]
    account.clock.advance(1)
    assert (before, account.instances.get(one)["status"]) == ("booting", "active")


def test_addresses_are_told_a_while_after_the_boot(account, launch):
    one = launch(**CPU)
    account.clock.advance(90)
    assert not {"ip", "private_ip"} & account.instances.get(one).keys(), "active does not mean that it has an address"
    account.clock.advance(10)
    assert "private_ip" in account.instances.get(one)
    account.clock.advance(10)
    assert "ip" in account.instances.get(one)


def test_every_launch_gets_an_address_of_its_own_from_the_documentation_ranges(account, launch):
    ids = [launch(**CPU) for _ in range(5)]
    account.clock.advance(200)
    addresses = [account.instances.get(one)["ip"] for one in ids]
    assert len(set(addresses)) == 5
    assert all(address.startswith("198.51.100.") for address in addresses)


def test_addresses_never_come_back_though_the_first_ranges_run_out(account):
    seen = set()
    for _ in range(1000):
        seen.add(account.instances.next_addresses()[0])
        account.state.addresses += 1
    assert len(seen) == 1000


def test_an_instance_that_never_gets_an_address_is_active_all_the_same(account, launch):
    one = launch(Fate(ip=False, private_ip=False), **CPU)
    account.clock.advance(100_000)
    shown = account.instances.get(one)
    assert shown["status"] == "active"
    assert not {"ip", "private_ip"} & shown.keys()


@pytest.mark.parametrize("outcome", [Status.UNHEALTHY, Status.PREEMPTED])
def test_a_boot_can_end_badly(account, launch, outcome):
    one = launch(Fate(outcome=outcome), **CPU)
    account.clock.advance(90)
    assert account.instances.get(one)["status"] == outcome


def test_a_terminated_instance_is_terminating_first(account, launch):
    one = launch()
    (shown,) = account.instances.terminate([one])["terminated_instances"]
    assert shown["status"] == "terminating"
    account.clock.advance(30)
    assert account.instances.get(one)["status"] == "terminated"


def test_a_terminated_instance_answers_by_id_but_is_not_listed(account, launch):
    one = launch()
    account.instances.terminate([one])
    account.clock.advance(30)
    assert account.instances.get(one)["id"] == one
    assert one not in {other["id"] for other in account.instances.all()}


def test_a_terminated_instance_is_forgotten_in_the_end(account, launch):
    account.state.remember_seconds = 60.0
    one = launch()
    account.instances.terminate([one])
    account.clock.advance(61)
    with pytest.raises(ApiError) as refused:
        account.instances.get(one)
    assert (refused.value.status, refused.value.code) == (404, "global/object-does-not-exist")


def test_terminating_twice_counts_once(account, launch):
    one = launch()
    account.instances.terminate([one])
    account.instances.terminate([one])
    assert account.counters()["terminations"] == 1


def test_one_unknown_instance_keeps_the_others_from_being_terminated(account, launch):
    one = launch()
    with pytest.raises(ApiError):
        account.instances.terminate([one, "no-such-instance"])
    assert account.instances.get(one)["status"] == "booting"


def test_a_restart_heals_an_unhealthy_instance(account, launch):
    one = launch(Fate(outcome=Status.UNHEALTHY), **CPU)
    account.clock.advance(90)
    account.instances.restart([one])
    account.clock.advance(60)
    assert account.instances.get(one)["status"] == "active"


def test_a_restart_during_the_boot_is_a_conflict(account, launch):
    with pytest.raises(ApiError) as refused:
        account.instances.restart([launch()])
    assert (refused.value.status, refused.value.code) == (409, "global/conflict")


def test_an_active_instance_shows_a_jupyter_token_and_no_other_does(account, launch):
    one = launch(**CPU)
    assert "jupyter_token" not in account.instances.get(one)
    account.clock.advance(90)
    shown = account.instances.get(one)
    assert shown["jupyter_token"] in shown["jupyter_url"]


def test_the_api_never_returns_image_user_data_or_launch_time(account, launch):
    shown = account.instances.get(launch(user_data="#cloud-config\n", image={"family": "gpu-base-24-04"}))
    assert not {"image", "user_data", "launched", "created"} & shown.keys()


def test_file_system_mounts_are_absent_when_there_are_none(account, launch):
    assert "file_system_mounts" not in account.instances.get(launch())


def test_names_are_not_unique(launch):
    assert launch(name="twin") != launch(name="twin")


def test_a_terminated_instance_cannot_be_renamed(account, launch):
    one = launch()
    account.instances.terminate([one])
    account.clock.advance(30)
    with pytest.raises(ApiError):
        account.instances.rename(one, {"name": "new"})
