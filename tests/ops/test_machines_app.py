"""``machines`` as a person and a program call it."""

import json
from pathlib import Path

import jsonschema
import pytest

from ops.error import AccountError
from ops.exit_code import ExitCode
from ops.machines import Found
from ops.states import Recorded
from providers.lambda_cloud.answers import Instance, Offer

SCHEMA = Path(__file__).resolve().parents[2] / "docs/schema/machines.json"
TYPE = {"name": "gpu_1x_a10", "price_cents_per_hour": 129}

pytestmark = pytest.mark.timeout(30)


def machine(letter: str, name: str, **given: object) -> Instance:
    region = {"name": "us-west-1"}
    document = {"id": letter * 32, "name": name, "status": "active", "region": region, "instance_type": TYPE, **given}
    return Instance.model_validate(document)


@pytest.fixture
def machines(monkeypatch, sophia):
    """Runs the verb on an account of three machines: one managed, one orphaned, one nobody's."""
    orphan = machine("b", "staging-agent-1", tags=[{"key": "pulumi:owner", "value": "sophia/staging/0123"}])
    found = Found(
        instances=(machine("a", "sophia-development", ip="198.51.100.1"), orphan, machine("c", "[bold]")),
        offers={"gpu_1x_a10": Offer.model_validate({"instance_type": TYPE})},
        states={"dev": Recorded({"a" * 32: "sophia-development"}, 9)},
    )
    monkeypatch.setattr("ops.account.in_rehearsal", lambda _: found)
    return lambda *words: sophia("machines", *words)


def test_the_answer_is_as_its_schema_says_and_complete(machines):
    left = machines("--json")
    document, schema = json.loads(left.out), json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    assert set(document) == set(schema["properties"])
    assert {row["id"][0]: row["standing"] for row in document["machines"]} == {
        "a": "managed",
        "b": "orphaned",
        "c": "unmanaged",
    }


def test_without_a_verb_and_with_list_the_machines_are_listed(machines):
    assert machines("--json") == machines("list", "--json")
    assert machines("dev", "--json") == machines("list", "dev", "--json")


def test_one_stack_can_be_asked_for(machines):
    document = json.loads(machines("dev", "--json").out)
    assert document["stack"] == "dev"
    assert [row["name"] for row in document["machines"]] == ["sophia-development"]


def test_people_see_every_machine_stack_and_type_and_what_is_amiss(machines):
    left = machines()
    assert left.code == ExitCode.OK
    for shown in ("a" * 32, "sophia-development", "orphaned", "[bold]", "$3.87 an hour"):
        assert shown in left.out
    assert "warning: staging-agent-1" in left.out
    assert "Account: 3 of at most 10 machines" in left.out


def test_help_is_about_the_verb_and_its_verbs(machines):
    left = machines("--help")
    assert left.code == ExitCode.OK
    assert "List the machines of the account" in left.out
    assert "list" in left.out


def test_an_unknown_stack_leaves_with_2_and_names_the_choices(machines):
    left = machines("nowhere")
    assert left.code == ExitCode.BAD_INPUT
    assert "choose one of: dev, prod, staging" in left.err


def test_an_unknown_option_leaves_with_2(machines):
    assert machines("--jsn").code == ExitCode.BAD_INPUT


def test_an_account_that_cannot_be_read_leaves_with_1_and_says_why(machines, monkeypatch):
    def failing(_: Path) -> Found:
        msg = "GET /instances: 401 global/invalid-api-key; set a key"
        raise AccountError(msg)

    monkeypatch.setattr("ops.account.in_rehearsal", failing)
    left = machines("--json")
    assert (left.code, left.out) == (ExitCode.FAILED, "")
    assert left.err == "error: GET /instances: 401 global/invalid-api-key; set a key\n"
