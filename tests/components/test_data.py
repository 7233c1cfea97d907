"""The configuration of data services, from what their containers may use."""

import re

import pytest

from catalog import egress
from components.data import migrations, postgresql, services, valkey
from components.workload import objects


def amount(memory: str, cpu: str = "4"):
    return {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": cpu, "memory": memory}}


@pytest.mark.parametrize("gibibytes", [1, 2, 8, 16, 64])
def test_postgresqls_memory_fits_its_container_whatever_its_size(workload, gibibytes):
    told = postgresql.settings(workload(resources=amount(f"{gibibytes}Gi")))
    mebibytes = {name: int(value[:-2]) for name, value in told.items() if re.fullmatch(r"[0-9]+MB", value)}
    assert mebibytes["shared_buffers"] == 256 * gibibytes
    assert mebibytes["shared_buffers"] + mebibytes["maintenance_work_mem"] < 1024 * gibibytes / 2
    assert mebibytes["effective_cache_size"] < 1024 * gibibytes
    assert mebibytes["work_mem"] >= 4


def test_nobody_comes_in_to_postgresql_without_tls_and_a_password(workload):
    text = postgresql.files(workload(resources=amount("8Gi")))["pg_hba.conf"]
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}
    assert {rule[0] for rule in rules} == {"local", "hostssl"}


def test_valkey_leaves_room_for_the_copy_that_it_writes_to_the_disk(workload):
    told = dict(valkey.settings(workload(resources=amount("2Gi", "1"))))
    assert told["maxmemory"] == "1228mb"
    assert (told["port"], told["maxmemory-policy"], told["appendonly"]) == ("0", "allkeys-lru", "yes")


def test_no_password_is_in_what_the_services_are_configured_with(workload):
    texts = [*postgresql.files(workload()).values(), *valkey.files(workload()).values(), *migrations.files({}).values()]
    assert not [text for text in texts if re.search(r"PASSWORD\s+'[^:%]", text)]


def test_migrations_come_in_their_order_beside_what_applies_them(facts):
    names = [name for name in migrations.files(facts.migrations) if re.match("[0-9]", name)]
    assert names == sorted(names)
    assert names[0] == "0001_extensions.sql"


def test_who_keeps_data_reaches_nothing_outside_but_what_its_entry_names(stack):
    dev = {spec.name: spec for spec in stack("dev").data}
    rules = {name: objects.network_policy(dev[name])["egress"] for name in ("postgresql", "valkey", "weaviate")}
    ports = {name: [port["port"] for rule in told for port in rule["ports"]] for name, told in rules.items()}
    assert ports == {"postgresql": [53, 53], "valkey": [53, 53], "weaviate": [53, 53, egress.port(dev["weaviate"])]}
    assert services.environment(dev["postgresql"]) == {}


def test_what_may_harm_is_tried_once(examples, build):
    """A second try finds what the first one left, and says so in the place of why that failed."""
    built = build(lambda: examples["Backup"][0]("sample", known=True))
    jobs = {
        verb: built.state(f"sample-{verb}")["spec"]["jobTemplate"]["spec"] for verb in ("backup", "drill", "restore")
    }
    assert {verb: job["backoffLimit"] for verb, job in jobs.items()} == {"backup": 1, "drill": 0, "restore": 0}
