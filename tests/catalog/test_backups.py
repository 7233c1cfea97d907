"""Backups, against the data services, buckets and secrets that they speak of."""

from typing import Any

import pytest

from catalog import Catalog
from catalog.backups import VERBS
from tests.catalog.conftest import Broken

FILE = "catalog/backups.yaml"


def test_every_data_service_is_backed_up_and_knows_nobodys_key_but_its_own(committed: Catalog) -> None:
    assert {*committed.backups.services} == {name for name, one in committed.data.items() if one.kept_gib}
    for service in committed.backups.services.values():
        assert all(service.secrets(verb) for verb in VERBS)
        assert "ADMIN" not in " ".join(service.backup.values()), "who only reads has no key of an administrator"


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        (
            {"services": {"mongodb": {"settings": {}, "backup": {}, "drill": {}, "restore": {}}}},
            "services.mongodb",
            "mongodb",
        ),
        ({"bucket": "attic"}, "bucket", "attic"),
        (
            {"services": {"valkey": {"backup": {"VALKEY_PASSWORD": "REDIS_LOST"}}}},
            "services.valkey.backup.VALKEY_PASSWORD",
            "REDIS_LOST",
        ),
        ({"schedule": "daily"}, "schedule", "daily"),
        ({"retention": {"daily": 0}}, "retention.daily", "0"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_refused(
    broken: Broken, change: dict[str, Any], field: str, value: str
) -> None:
    found = {offence.path: offence.value for offence in broken({"backups.yaml": change})}
    assert found == {f"{FILE}: {field}": value}


def test_a_data_service_without_a_backup_is_named(broken: Broken) -> None:
    (offence,) = broken({"backups.yaml": lambda tree: tree["services"].pop("valkey")})
    assert (offence.path, offence.value) == (f"{FILE}: services", "valkey")


def test_a_restore_is_somebody_elses_than_a_backup(committed: Catalog) -> None:
    service = committed.backups.services["postgresql"]
    told = {verb: service.environment(verb, "db.svc") for verb in VERBS}
    assert told["backup"]["PGUSER"] == "sophia_backup"
    assert told["restore"]["PGUSER"] == "postgres"
    assert {one["PGHOST"] for one in told.values()} == {"db.svc"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"stacks": {"dev": {"schedule": "0 2 * * 1-5"}}}, "stacks.dev.schedule"),
        # In winter it would be 18:30.
        ({"stacks": {"dev": {"schedule": "30 1 * * 2-6"}}}, "stacks.dev.schedule"),
        ({"stacks": {"dev": {"drill_schedule": "0 20 * * 0,5"}}}, "stacks.dev.drill_schedule"),
    ],
)
def test_a_stack_is_backed_up_and_tried_out_while_it_is_awake(
    broken: Broken, change: dict[str, Any], field: str
) -> None:
    (offence,) = broken({"backups.yaml": change})
    assert offence.path == f"{FILE}: {field}"
    assert "dev is awake then" in offence.rule


def test_a_stack_that_sleeps_needs_times_of_its_own(broken: Broken) -> None:
    offences = broken({"backups.yaml": lambda tree: tree.pop("stacks")})
    assert [one.path for one in offences] == [f"{FILE}: drill_schedule", f"{FILE}: schedule"]
    assert "state schedule in stacks.dev" in offences[1].remedy


@pytest.mark.parametrize("schedule", ["60 2 * * *", "0 2 * * 7", "0 2 5-3 * *", "0 2 * *", "0 2 * * MON"])
def test_what_cron_does_not_know_is_refused(broken: Broken, schedule: str) -> None:
    (offence,) = broken({"backups.yaml": {"schedule": schedule}})
    assert (offence.path, offence.value) == (f"{FILE}: schedule", schedule)


def test_a_stack_has_its_own_times_and_the_others_those_of_all(committed: Catalog) -> None:
    assert committed.backups.of("dev").schedule == "30 0 * * 2-6"
    assert committed.backups.of("prod").schedule == "0 2 * * *"
