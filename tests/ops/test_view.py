"""What people see: everything, in colour or without."""

import io
import re

import pytest
from rich.console import Console

from ops import view
from ops.drift_rows import Deviation
from ops.events import Diagnostic, Failed, Finished, Started, Step
from ops.results import (
    DoctorResult,
    DriftedResource,
    DriftResult,
    Edit,
    NodeRow,
    PlannedChange,
    PlanResult,
    PreviewResult,
    ServerRow,
    ToolRow,
    UpResult,
)

SERVERS = tuple(
    ServerRow(name=f"server-{n}", ready=n, wanted=2, nodes=("sophia-mcp-orchestrator",), endpoint=f"http://s{n}:9000")
    for n in range(16)
)
UP = UpResult(
    stack="prod",
    changes={"create": 3, "same": 148, "update": 1},
    nodes=(
        NodeRow(name="sophia-ai-core", role="core", architecture="arm64", ready=True, pods=0),
        NodeRow(name="sophia-data-pipeline", role="data", architecture="amd64", ready=False, pods=20),
    ),
    servers=SERVERS,
    monthly_cost_usd="4423.80",
    warnings=("it cannot grow",),
    seconds={"render": 0.5, "engine": 12.34},
)
CHANGES = tuple(
    PlannedChange(component="mcp-github", kind="Deployment", name=f"{op}d", op=op, paths=("spec.replicas",), urn=op)
    for op in ("create", "update", "replace", "delete")
)


DRIFTED = DriftedResource(component="staging-machines", kind="Instance", name="agent", op="update", urn="urn")


class Screen:
    """A console that remembers what it shows."""

    def __init__(self, *, colour: bool = False, width: int = 160) -> None:
        self._file = io.StringIO()
        self.console = Console(file=self._file, force_terminal=colour, width=width, highlight=False)

    @property
    def text(self) -> str:
        return self._file.getvalue()

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text.splitlines()]


@pytest.fixture
def screen() -> Screen:
    return Screen()


def test_every_server_and_node_is_shown_with_what_it_lacks(screen):
    view.show_up(UP, screen.console)
    for n in range(16):
        assert re.search(rf"server-{n} +{n} of 2 +sophia-mcp-orchestrator +http://s{n}:9000", screen.text)
    assert re.search(r"sophia-ai-core +core +arm64 +yes +0", screen.text)
    assert re.search(r"sophia-data-pipeline +data +amd64 +NO +20", screen.text)


def test_changes_cost_time_and_warnings_are_shown(screen):
    view.show_up(UP, screen.console)
    assert "Changes: 4 (3 create, 1 update)   Machines: $4423.80 a month" in screen.lines
    assert "Time: render 0.5 s, engine 12.3 s" in screen.lines
    assert "warning: it cannot grow" in screen.lines


def test_colour_adds_nothing_that_is_not_there_without_it(screen):
    coloured = Screen(colour=True)
    for shown in (screen, coloured):
        view.show_up(UP, shown.console)
        view.show_changes(PreviewResult(stack="dev", changes=CHANGES), shown.console, "No changes.")
    assert "\x1b[" in coloured.text
    assert "\x1b" not in screen.text
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured.text) == screen.text


def test_every_kind_of_change_has_a_mark_of_its_own_without_colour(screen):
    view.show_changes(PreviewResult(stack="dev", changes=CHANGES), screen.console, "No changes.")
    marks = {line.split()[1]: line.split()[0] for line in screen.lines if "Deployment" in line}
    assert marks == {"create": "+", "update": "~", "replace": "±", "delete": "-"}


def test_changes_stand_under_their_component_with_their_paths_and_are_counted(screen):
    view.show_changes(PreviewResult(stack="dev", changes=CHANGES[:2]), screen.console, "No changes.")
    assert screen.lines == [
        "mcp-github",
        "  + create  Deployment               created",
        "      spec.replicas",
        "  ~ update  Deployment               updated",
        "      spec.replicas",
        "2 changes (1 create, 1 update)",
    ]


def test_nothing_is_said_in_words(screen):
    view.show_changes(PreviewResult(stack="dev"), screen.console, "No changes.")
    assert screen.lines == ["No changes."]


def test_drift_names_the_command_that_repairs_it(screen):
    drifted = DriftResult(stack="dev", changes=(DRIFTED,), checked=150, repair="./sophia up dev")
    view.show_drift(drifted, screen.console)
    assert screen.lines[-1] == "Repair it: ./sophia up dev"


def deviating(*deviations: Deviation) -> DriftResult:
    return DriftResult(stack="dev", changes=(DRIFTED.model_copy(update={"deviations": deviations}),), checked=1)


LONG = "a value " * 40
DEVIATIONS = [
    pytest.param(Deviation(path="name", expected="a", actual="b"), 'name: "a" → "b"', id="text"),
    pytest.param(Deviation(path="port", expected="80", actual=80), 'port: "80" → 80', id="text and number"),
    pytest.param(Deviation(path="on", expected=True, actual=1), "on: true → 1", id="truth and number"),
    pytest.param(Deviation(path="tags", expected=None, actual=["x"]), 'tags: absent → ["x"]', id="nothing and list"),
    pytest.param(Deviation(path="key", expected="[secret]", actual="[secret]"), "key: [secret], changed", id="secret"),
    pytest.param(Deviation(path="key", expected="[secret]", actual=None), "key: [secret] → absent", id="lost secret"),
    pytest.param(Deviation(path="", expected="exists", actual="gone"), "exists → gone", id="whole resource"),
    pytest.param(Deviation(path="x", expected=LONG, actual=1), f'x: "{LONG[:58]}… → 1', id="long"),
]


@pytest.mark.parametrize(("deviation", "line"), DEVIATIONS)
def test_a_deviation_is_shown_with_what_is_expected_and_what_is_there(deviation, line, screen):
    view.show_drift(deviating(deviation), screen.console)
    assert screen.lines[2] == f"      {line}"


def test_drift_says_on_which_side_of_the_arrow_the_expected_value_stands(screen):
    view.show_drift(deviating(Deviation(path="name", expected="a", actual="b")), screen.console)
    assert "Each property: what is expected → what is there" in screen.lines


def test_the_json_answer_has_the_whole_of_a_long_value():
    answer = deviating(Deviation(path="x", expected=LONG, actual=1)).model_dump_json()
    assert LONG in answer


def test_a_previewed_property_is_shown_as_it_is_and_as_it_would_be(screen):
    edits = (Edit(path="spec.replicas", before=1, after="[unknown]"),)
    change = CHANGES[1].model_copy(update={"edits": edits})
    view.show_changes(PreviewResult(stack="dev", changes=(change,)), screen.console, "No changes.")
    assert screen.lines[2] == "      spec.replicas: 1 → [unknown]"


def test_no_drift_says_how_much_was_compared(screen):
    view.show_drift(DriftResult(stack="dev", checked=150), screen.console)
    assert screen.lines == ["No drift: 150 resources are as declared."]


def test_a_plan_shows_both_costs_and_what_room_is_left(screen):
    result = PlanResult(
        stack="prod",
        base="abc1234",
        monthly_cost_usd="4423.80",
        base_monthly_cost_usd="2978.40",
        headroom={"sophia-ai-core": "63500m CPU, 431Gi, 1 GPU shares, 110 pods"},
        warnings=("it cannot grow",),
    )
    view.show_plan(result, screen.console)
    assert "No changes since abc1234." in screen.lines
    assert "Monthly cost: $2978.40 before, $4423.80 after" in screen.lines
    assert re.search(r"sophia-ai-core +63500m CPU, 431Gi, 1 GPU shares, 110 pods", screen.text)
    assert "warning: it cannot grow" in screen.lines


def test_the_doctor_shows_every_tool_its_remedy_and_every_service(screen):
    result = DoctorResult(
        stack="dev",
        tools=(
            ToolRow(name="pulumi", wanted="3.259.0", found="3.259.0", ok=True),
            ToolRow(name="etcd", wanted="3.6.14", found="", ok=False, mend="./sophia setup"),
        ),
        services={"etcd": "127.0.0.2:2379", "kwok": "stopped"},
    )
    view.show_doctor(result, screen.console)
    assert re.search(r"pulumi +3\.259\.0 +3\.259\.0 +yes", screen.text)
    assert re.search(r"etcd +3\.6\.14 +NO +\./sophia setup", screen.text)
    assert re.search(r"etcd +127\.0\.0\.2:2379", screen.text)
    assert re.search(r"kwok +stopped", screen.text)


def step(op: str, *, custom: bool = True) -> Step:
    urn = "urn:pulumi:dev::sophia::sophia:workload:Workload"
    return Step(op, f"{urn}$k:Service::mcp-github-service", "k:Service", f"{urn}::mcp-github", custom)


def test_progress_tells_changes_failures_and_warnings_and_nothing_else(screen):
    told = view.View(screen.console)
    for event in (
        Started(step("create")),
        Finished(step("same")),
        Finished(step("create", custom=False)),
        Diagnostic("info", "chatter"),
        Finished(step("create")),
        Failed(step("update")),
        Diagnostic("warning", "careful [sic]"),
    ):
        told.event(event)
    assert screen.lines == [
        "  + create  mcp-github                   Service",
        "  ! update failed: mcp-github Service",
        "  warning: careful [sic]",
    ]


def test_an_error_is_printed_whole_and_as_it_is(capsys):
    view.show_errors([f"catalog/[x].yaml: {'long ' * 60}end"])
    assert capsys.readouterr().err == f"error: catalog/[x].yaml: {'long ' * 60}end\n"


def test_an_answer_in_a_log_has_room_for_every_name(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert view.stdout().width >= 160
