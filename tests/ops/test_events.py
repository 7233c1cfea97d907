"""The engine's event stream, as it was recorded, becomes typed values."""

import json

import pytest

from ops.events import UNCHANGED, Diagnostic, Failed, Finished, Started, Summary, parse

WORKLOAD = "urn:pulumi:dev::sophia::sophia:mcp:McpFleet$sophia:workload:Workload"


def events(text: str) -> list[object]:
    return [event for event in map(parse, text.splitlines()) if event is not None]


def finished(text: str) -> dict[str, Finished]:
    """The changes that were finished, by logical name."""
    found = [event for event in events(text) if isinstance(event, Finished) and event.step.changes]
    return {event.step.name: event for event in found}


def test_a_deleted_and_an_edited_object_are_changes_and_nothing_else_is(recorded):
    steps = [event.step for event in finished(recorded("drift.jsonl")).values()]
    assert {(step.name, step.op) for step in steps} == {
        ("mcp-github-service", "update"),
        ("mcp-github-deployment", "delete"),
    }


def test_an_edit_names_the_path_that_differs(recorded):
    assert finished(recorded("drift.jsonl"))["mcp-github-service"].step.paths == ("spec.ports[0].port",)


def test_a_step_names_its_component_and_kind_even_when_nothing_is_left_of_it(recorded):
    step = finished(recorded("drift.jsonl"))["mcp-github-deployment"].step
    assert (step.component, step.kind, step.custom) == ("mcp-github", "Deployment", True)
    assert step.paths == ()


def test_a_component_is_no_custom_resource(recorded):
    step = finished(recorded("refused.jsonl"))["mcp-linear"].step
    assert (step.custom, step.kind, step.component) == (False, "Workload", "sophia-mcp")


def test_what_has_no_parent_is_its_own_component(recorded):
    stack = next(e for e in events(recorded("unchanged.jsonl")) if isinstance(e, Finished))
    assert stack.step.component == "sophia-dev"


def test_a_preview_without_changes_changes_nothing(recorded):
    assert finished(recorded("unchanged.jsonl")) == {}
    assert [e for e in events(recorded("unchanged.jsonl")) if isinstance(e, Started)]


def test_a_refused_object_is_a_failure_and_its_reason_a_diagnostic(recorded):
    found = events(recorded("refused.jsonl"))
    (failed,) = [event for event in found if isinstance(event, Failed)]
    errors = [event for event in found if isinstance(event, Diagnostic) and event.severity == "error"]
    assert failed.step.urn == f"{WORKLOAD}$kubernetes:core/v1:Service::mcp-linear-service"
    assert "exceeded quota" in errors[0].message
    assert errors[0].urn == failed.step.urn
    assert errors[1] == Diagnostic("error", "update failed")


def test_what_is_said_for_debugging_is_dropped(recorded):
    lines = [line for line in recorded("unchanged.jsonl").splitlines() if '"severity":"debug"' in line]
    assert lines
    assert events("\n".join(lines)) == []


def test_what_is_said_in_passing_is_dropped(recorded):
    lines = [line for line in recorded("refused.jsonl").splitlines() if '"ephemeral":true' in line]
    assert lines
    assert events("\n".join(lines)) == []


def test_warnings_and_what_the_program_writes_are_told_without_their_line_ends(recorded):
    assert events(recorded("said.jsonl")) == [
        Diagnostic("warning", "a warning of the program"),
        Diagnostic("info", "written to the error stream"),
        Diagnostic("info", "written to the output stream"),
    ]


@pytest.mark.parametrize(
    ("name", "result", "changes"),
    [
        ("drift.jsonl", "succeeded", {"delete": 1, "same": 15, "update": 1}),
        ("refused.jsonl", "failed", {"create": 7, "same": 14, "update": 1}),
        ("unchanged.jsonl", "succeeded", {"same": 17}),
    ],
)
def test_the_summary_says_how_it_ended(name, result, changes, recorded):
    assert [e for e in events(recorded(name)) if isinstance(e, Summary)] == [Summary(result, changes)]


def test_the_configuration_at_the_beginning_is_nobodys_business(recorded):
    prelude = recorded("drift.jsonl").splitlines()[0]
    assert "preludeEvent" in prelude
    assert parse(prelude) is None


@pytest.mark.parametrize("line", ["", "\n", "error: no stack", "[]", "null", "3", '{"sequence": 1}', '{"cut'])
def test_a_line_that_is_no_event_tells_nothing(line):
    assert parse(line) is None


@pytest.mark.parametrize("op", ["create", "update", "delete", "create-replacement"])
def test_an_operation_that_changes_something_counts_as_a_change(op, recorded):
    line = json.loads(next(line for line in recorded("drift.jsonl").splitlines() if '"op":"update"' in line))
    line["resOutputsEvent"]["metadata"]["op"] = op
    event = parse(json.dumps(line))
    assert isinstance(event, Finished)
    assert event.step.changes
    assert op not in UNCHANGED
