"""A rotation in a whole stack: pods roll, and the old key is taken until the new one is in use."""

import pytest

from tests.engine.repeating import repeating
from tests.engine.test_life_cycle import pods_by_server

pytestmark = [pytest.mark.engine, pytest.mark.soak]

SEALING = "MCP_REQUEST_STATE_KEY"


def test_what_seals_state_is_rotated_and_nobody_is_refused_meanwhile(dev):
    before = pods_by_server(dev)
    assert [row["deed"] for row in dev.answer("secrets", "diff", "dev")["secrets"] if row["name"] == SEALING]
    refused = list[str]()

    def call() -> None:
        shown = dev.sophia("verify", "dev", "--server", "linear", check=False)
        refused.extend(shown.stderr.splitlines() if shown.returncode else ())

    with repeating(call):
        (row,) = dev.answer("secrets", "rotate", "dev", SEALING)["secrets"]
    assert row["steps"] == [
        "another one is drawn",
        "everybody takes it",
        "everybody uses it",
        "nobody takes the old one any more",
    ]
    after = pods_by_server(dev)
    rolled = {name for name in after if after[name].isdisjoint(before[name])}
    assert rolled, "those that seal have other pods"
    assert refused == []
    (known,) = [one for one in dev.answer("secrets", "audit", "dev")["secrets"] if one["name"] == SEALING]
    assert (known["by"], known["age_days"], known["findings"]) == ("rotate", 0, [])
    assert dev.answer("drift", "dev")["changes"] == []


def test_the_password_of_a_database_is_rotated_and_the_service_takes_the_new_one_alone(dev):
    (row,) = dev.answer("secrets", "rotate", "dev", "POSTGRES_EXPORTER_PASSWORD")["secrets"]
    assert row["steps"][-1] == "the service and all that use it have it"
    path = "/api/v1/namespaces/sophia-data/services/postgresql-exporter:9187/proxy/metrics"
    assert "pg_up 1" in dev.kubectl("dev", "get", "--raw", path).splitlines()


def test_what_a_stack_is_given_can_be_looked_at_without_a_value(dev):
    opened = dev.answer("secrets", "doctor", "dev")
    assert (opened["errors"], opened["given"] > 40) == ([], True)
