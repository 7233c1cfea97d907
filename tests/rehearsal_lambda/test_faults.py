"""Each fault does what it says, once, and is counted."""

import json
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.lambda_cloud import Fault, FaultKind, Faults
from rehearsal.lambda_cloud.faults import LAUNCH_FAULTS, possible

LAUNCH = {"region_name": "us-west-1", "instance_type_name": "cpu_4x_general", "ssh_key_names": ["sophia2025"]}
RULESET = {"name": "web", "region": "us-west-1", "rules": []}


def test_an_answer_can_be_lost_after_the_launch_took_effect(fake, ask):
    fake.control.fault(FaultKind.ANSWER_LOST)
    with pytest.raises(httpx.RemoteProtocolError):
        ask("POST", "/instance-operations/launch", LAUNCH)
    assert fake.control.counters()["launches"] == 1


def test_a_reset_connection_means_that_nothing_took_effect(fake, ask):
    fake.control.fault(FaultKind.CONNECTION_RESET)
    with pytest.raises(httpx.ReadError):
        ask("POST", "/instance-operations/launch", LAUNCH)
    assert fake.control.counters()["launches"] == 0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.PROVIDER_UNAVAILABLE, (503, "provider/internal-unavailable")),
        (FaultKind.UNAUTHORIZED, (401, "global/invalid-api-key")),
        (FaultKind.ACCOUNT_INACTIVE, (403, "global/account-inactive")),
        (FaultKind.NO_CAPACITY, (400, "instance-operations/launch/insufficient-capacity")),
    ],
)
def test_a_fault_answers_with_its_code_and_nothing_took_effect(fake, ask, code, kind, expected):
    fake.control.fault(kind)
    assert code(ask("POST", "/instance-operations/launch", LAUNCH)) == expected
    assert fake.control.counters()["launches"] == 0


@pytest.mark.parametrize(("kind", "status"), [(FaultKind.RATE_LIMITED, 429), (FaultKind.SERVER_ERROR, 500)])
def test_some_answers_are_not_json(fake, ask, kind, status):
    fake.control.fault(kind)
    answer = ask("GET", "/instances")
    assert answer.status_code == status
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_an_internal_error_hits_writes_of_rulesets_only(fake, ask, code):
    fake.control.fault(FaultKind.INTERNAL_ERROR)
    assert ask("GET", "/firewall-rulesets").status_code == 200
    assert ask("POST", "/filesystems", {"name": "data", "region": "us-west-1"}).status_code == 200
    assert code(ask("POST", "/firewall-rulesets", RULESET)) == (409, "global/internal-error")
    assert ask("GET", "/firewall-rulesets").json() == {"data": []}


def test_a_slow_answer_takes_virtual_time(fake, ask):
    fake.control.fault(FaultKind.SLOW, delay_seconds=90.0)
    begin = time.monotonic()
    assert ask("GET", "/instances").status_code == 200
    assert time.monotonic() - begin >= 90.0 / 600.0


@pytest.mark.parametrize(
    ("kind", "absent"), [(FaultKind.NO_IP, "ip"), (FaultKind.NO_PRIVATE_IP, "private_ip")], ids=str
)
def test_what_is_launched_may_never_get_an_address(fake, ask, launched, kind, absent):
    fake.control.fault(kind)
    one = launched()
    fake.control.advance_clock(10_000)
    shown = ask("GET", f"/instances/{one}").json()["data"]
    assert shown["status"] == "active"
    assert {"ip", "private_ip"} - shown.keys() == {absent}


@pytest.mark.parametrize(("kind", "status"), [(FaultKind.UNHEALTHY, "unhealthy"), (FaultKind.PREEMPTED, "preempted")])
def test_what_is_launched_may_boot_into_trouble(fake, ask, launched, kind, status):
    fake.control.fault(kind)
    one = launched()
    fake.control.advance_clock(10_000)
    assert ask("GET", f"/instances/{one}").json()["data"]["status"] == status


def test_a_wrong_key_can_last_for_a_while(fake, ask):
    fake.control.fault(FaultKind.UNAUTHORIZED, times=None, for_seconds=1000.0)
    assert [ask("GET", "/instances").status_code for _ in range(3)] == [401, 401, 401]
    fake.control.advance_clock(1000.0)
    assert ask("GET", "/instances").status_code == 200


def test_a_fault_waits_for_the_operation_it_is_meant_for(fake, ask):
    fake.control.fault(FaultKind.SERVER_ERROR, operation="list-ssh-keys")
    assert ask("GET", "/instances").status_code == 200
    assert ask("GET", "/ssh-keys").status_code == 500


def test_a_fault_hits_as_often_as_it_is_told(fake, ask):
    fake.control.fault(FaultKind.SERVER_ERROR, times=2)
    assert [ask("GET", "/instances").status_code for _ in range(3)] == [500, 500, 200]


def test_faults_are_counted_by_kind_and_stand_in_the_log(fake, ask):
    fake.control.fault(FaultKind.SERVER_ERROR, times=2)
    for _ in range(3):
        ask("GET", "/instances")
    assert fake.control.counters()["faults"] == {"server-error": 2}
    assert [entry.fault for entry in fake.control.log()] == ["server-error", "server-error", None]


def test_who_asks_too_fast_does_not_use_up_a_scripted_fault(fake, api):
    fake.control.fault(FaultKind.SERVER_ERROR)
    fake.account.clock.run(0.0)
    statuses = [api.get("/instances").status_code for _ in range(3)]
    assert statuses == [500, 429, 429]


def test_the_same_seed_gives_the_same_faults():
    def drawn() -> list[str | None]:
        faults = Faults()
        faults.happen_by_chance({FaultKind.SERVER_ERROR: 0.3, FaultKind.RATE_LIMITED: 0.3}, seed=7)
        hits = [faults.next("launch", 0.0) for _ in range(50)]
        return [hit.kind.value if hit else None for hit in hits]

    assert drawn() == drawn()
    assert {"server-error", "rate-limited", None} == set(drawn())


@given(kind=st.sampled_from(FaultKind), operation=st.sampled_from(["launch", "list-instances", "change-ruleset"]))
def test_a_certain_fault_hits_exactly_where_its_kind_can(kind, operation):
    faults = Faults()
    faults.happen_by_chance({kind: 1.0}, seed=1)
    assert (faults.next(operation, 0.0) is not None) == possible(kind, operation)


def test_faults_of_launches_leave_other_requests_alone():
    assert not any(possible(kind, "list-instances") for kind in LAUNCH_FAULTS)


def test_a_fault_that_expires_never_hits():
    faults = Faults()
    faults.script(Fault(FaultKind.SERVER_ERROR, until=10.0))
    assert faults.next("launch", 10.0) is None
    assert faults.pending() == 0


def test_no_faults_forgets_what_was_scripted_and_left_to_chance(fake, ask):
    fake.control.fault(FaultKind.SERVER_ERROR)
    fake.control.faults_by_chance({FaultKind.SERVER_ERROR: 1.0}, seed=1)
    fake.control.no_faults()
    assert ask("GET", "/instances").status_code == 200
