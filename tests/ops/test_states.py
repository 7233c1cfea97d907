"""What the engine's state says that a stack manages."""

import json
from pathlib import Path
from typing import Any

import pytest

from ops import states
from ops.error import StateError
from ops.states import Recorded
from rehearsal.home import Folder
from rehearsal.state import State

URN = "urn:pulumi:staging::sophia::sophia:lambda:Cluster$lambda-cloud:index:Instance::staging-agent-1"
ID = "0" * 31 + "1"
RESOURCES = [
    {"urn": "urn:pulumi:staging::sophia::pulumi:pulumi:Stack::sophia-staging", "type": "pulumi:pulumi:Stack"},
    {"urn": URN, "type": "lambda-cloud:index:Instance", "id": ID, "custom": True},
    {"urn": URN.replace("Instance", "InstanceReady"), "type": "lambda-cloud:index:InstanceReady", "id": ID},
    {"urn": f"{URN}-old", "type": "lambda-cloud:index:Instance"},
]
RECORDED = Recorded({ID: "staging-agent-1"}, 4)


def kept(folder: Folder, deployment: Any) -> State:
    """The state of a rehearsal that holds a deployment."""
    state = State(folder)
    state.kept.create()
    state.kept.replace(deployment)
    return state


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path, "staging")


def test_the_machines_of_a_rehearsal_are_found_by_id(folder):
    assert states.of_rehearsal(kept(folder, {"resources": RESOURCES})) == RECORDED


@pytest.mark.parametrize("deployment", [{}, {"resources": None}, {"resources": []}])
def test_a_stack_that_holds_nothing_has_no_machines(deployment, folder):
    assert states.of_rehearsal(kept(folder, deployment)) == Recorded({}, 0)


def test_a_stack_that_was_never_begun_has_no_record(folder):
    assert states.of_rehearsal(State(folder)) is None


@pytest.fixture
def pulumi(tmp_path: Path):
    """Gives the environment of a CLI that answers with a text and a code, and writes down what it was asked."""

    def environment(out: str = "", err: str = "", code: int = 0) -> dict[str, str]:
        (tmp_path / "out").write_text(out, encoding="utf-8")
        (tmp_path / "err").write_text(err, encoding="utf-8")
        program = tmp_path / "pulumi"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat {tmp_path}/out\ncat {tmp_path}/err >&2\nexit {code}\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
        return {"PATH": f"{tmp_path}:/usr/bin:/bin"}

    return environment


def test_the_machines_of_an_exported_state_are_found_by_id(pulumi, tmp_path):
    exported = json.dumps({"version": 3, "deployment": {"resources": RESOURCES}})
    assert states.exported("staging", pulumi(out=exported)) == RECORDED
    assert (tmp_path / "asked").read_text() == "stack export --stack staging --non-interactive\n"


def test_a_stack_that_does_not_exist_has_no_state(pulumi):
    assert states.exported("staging", pulumi(err="error: no stack named 'staging' found", code=6)) is None


def test_a_state_that_cannot_be_read_is_no_empty_state(pulumi):
    with pytest.raises(StateError, match=r"the state of staging cannot be read: error: not logged in; `pulumi login`"):
        states.exported("staging", pulumi(err="error: not logged in\n", code=3))
