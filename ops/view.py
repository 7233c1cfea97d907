"""What people see: progress while a verb works, tables when it is done."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from catalog.ignores import DriftIgnore
from catalog.rollout import STEPS
from ops.drift_view import judgement, show_beside, show_coverage
from ops.error import IGNORES
from ops.events import Diagnostic, Event, Failed, Finished
from ops.results import (
    BackupResult,
    Change,
    DoctorResult,
    DriftedResource,
    DriftResult,
    LoadResult,
    LockResult,
    MachinesResult,
    PlannedChange,
    PlanResult,
    PreviewResult,
    RolloutResult,
    SleepResult,
    UpResult,
    VerifyResult,
)
from render.graph import SECRET, UNKNOWN

_MARKS = {
    "import": ("=", "cyan"),
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
}

_VALUE_WIDTH = 60
"""Characters of a value that a line shows; the JSON answer has all of it."""


class View:
    """Tells a person what the engine does, on standard error, so that answers can be piped.

    Args:
        console: where it is told; a terminal gets colour, a log gets plain lines.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)

    def warning(self, event: Event) -> None:
        """Tell an event if it is a warning."""
        if isinstance(event, Diagnostic) and event.severity == "warning":
            self._console.print(Text(f"  warning: {event.message}", "yellow"))

    def event(self, event: Event) -> None:
        """Tell one event of the engine, when it is worth a line."""
        if isinstance(event, Finished) and event.step.changes and event.step.custom:
            self._console.print(step_line(event.step.verb, event.step.component, event.step.kind))
        elif isinstance(event, Failed):
            self._console.print(Text(f"  ! {event.step.verb} failed: {event.step.component} {event.step.kind}", "red"))
        else:
            self.warning(event)


def step_line(op: str, component: str, kind: str) -> Text:
    """Return the line of one change: a mark that does not depend on colour, the component, the kind."""
    mark, colour = _MARKS.get(op, ("?", "white"))
    return Text.assemble("  ", (f"{mark} {op:8}", colour), f"{component:28} {kind}")


def show_up(result: UpResult, console: Console) -> None:
    """Print what runs now: nodes, servers, cost, time."""
    nodes = table("Nodes", "node", "role", "arch", "ready", "pods")
    for node in result.nodes:
        nodes.add_row(node.name, node.role, node.architecture, _yes(node.ready), str(node.pods))
    servers = table("Workloads", "workload", "ready", "on", "endpoint")
    for server in result.servers:
        servers.add_row(server.name, f"{server.ready} of {server.wanted}", ", ".join(server.nodes), server.endpoint)
    console.print(nodes, servers)
    changed = {op: count for op, count in result.changes.items() if op != "same"}
    total = sum(changed.values())
    console.print(f"Changes: {total}{_by_op(changed)}   Machines: ${result.monthly_cost_usd} a month", highlight=False)
    console.print("Time: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in result.seconds.items()))
    show_warnings(result.warnings, console)


def show_changes(result: PreviewResult | DriftResult | PlanResult, console: Console, nothing: str) -> None:
    """Print the changes by component, with the properties that differ; ``nothing`` when there are none."""
    if not result.changes:
        console.print(nothing)
        return
    component = ""
    for change in sorted(result.changes, key=lambda c: (c.component, c.kind, c.name)):
        if change.component != component:
            component = change.component
            console.print(Text(component, "bold"))
        mark, colour = _MARKS.get(change.op, ("?", "white"))
        told = judgement(change) if isinstance(change, DriftedResource) else ""
        console.print(Text.assemble("  ", (f"{mark} {change.op:8}", colour), f"{change.kind:24} {change.name}{told}"))
        for line in property_lines(change):
            console.print(Text(f"      {line}", "dim"))
    counted = Counter(change.op for change in result.changes)
    count = len(result.changes)
    console.print(f"{count} change{'s' if count > 1 else ''}{_by_op(counted)}")


def property_lines(change: Change) -> Iterator[str]:
    """Yield a line for each property that differs: what it is or should be, an arrow, what takes its place."""
    match change:
        case PlannedChange(edits=edits) if edits:
            for edit in edits:
                yield _property_line(edit.path, edit.before, edit.after)
        case DriftedResource(deviations=deviations) if deviations:
            for deviation in deviations:
                yield _property_line(deviation.path, deviation.expected, deviation.actual)
        case _:
            yield from change.paths


def _property_line(path: str, one: JsonValue, other: JsonValue) -> str:
    if not path:
        return f"{one} → {other}"
    before, after = _words(one), _words(other)
    # What the engine blinds looks the same on both sides.
    return f"{path}: {_short(before)} → {_short(after)}" if before != after else f"{path}: {_short(before)}, changed"


def _words(value: JsonValue) -> str:
    if value is None:
        return "absent"
    return str(value) if value in (SECRET, UNKNOWN) else json.dumps(value, ensure_ascii=False)


def _short(words: str) -> str:
    return words if len(words) <= _VALUE_WIDTH else f"{words[: _VALUE_WIDTH - 1]}…"


def show_drift(result: DriftResult, console: Console) -> None:
    """Print what differs from what is declared, and the command that repairs it."""
    if result.asleep:
        console.print(f"{result.stack} is asleep: no drift. Wake it: ./sophia machines wake {result.stack}")
        return
    for host in result.unreachable:
        unchecked = f"{len(host.unchecked)} resource{'' if len(host.unchecked) == 1 else 's'} could not be checked"
        console.print(Text(f"host {host.host}: not reachable: {host.trouble}; {unchecked}", "red"), soft_wrap=True)
        console.print(f"  What to do: {host.remedy}")
    for what, silent in (
        ("cluster: its API server", result.cluster),
        ("vector store: it", result.vector_store),
    ):
        if silent:
            unchecked = f"{len(silent.unchecked)} resources could not be checked"
            told = f"{what} does not answer: {silent.trouble}; {unchecked}"
            console.print(Text(told, "red"), soft_wrap=True)
            console.print(f"  What to do: {silent.remedy}")
    show_beside(result, console)
    if result.changes or not (result.drifted or result.silent):
        show_changes(result, console, f"No drift: {result.checked} resources are as declared.")
    if result.changes:
        console.print("Each property: what is expected → what is there")
    if result.changes or result.unmanaged:
        console.print(f"Repair it: {result.repair}", soft_wrap=True)
    show_coverage(result, console)
    _show_borne(result, console)


def _show_borne(result: DriftResult, console: Console) -> None:
    """Print what is borne for a while, and the entries that should be looked at."""
    for one in result.ignored:
        deviation = _property_line(one.path, one.expected, one.actual)
        console.print(Text(f"ignored until {one.expires} by {one.owner}: {one.reason}", "dim"), soft_wrap=True)
        console.print(Text(f"      {one.resource}: {deviation}", "dim"), soft_wrap=True)
    amiss = [f"expired on {one.expires}, and hides nothing any more: {_entry(one)}" for one in result.expired]
    amiss += [f"nothing is there that it is about: {_entry(one)}" for one in result.stale]
    show_warnings((f"{IGNORES}: {one}; renew it or remove it" for one in amiss), console)


def _entry(entry: DriftIgnore) -> str:
    value = "" if entry.value is None else f" {_short(_words(entry.value))}"
    return f"{entry.owner}'s entry {entry.resource} {entry.path}{value}"


def show_plan(result: PlanResult, console: Console) -> None:
    """Print what changes since the base commit, what it costs and what room is left."""
    show_changes(result, console, f"No changes since {result.base}.")
    console.print(f"Monthly cost: ${result.base_monthly_cost_usd} before, ${result.monthly_cost_usd} after")
    rows = table("Headroom at the floors", "node", "left")
    for node, left in result.headroom.items():
        rows.add_row(node, left)
    console.print(rows)
    show_warnings(result.warnings, console)


def show_sleep(result: SleepResult, console: Console) -> None:
    """Print that a stack sleeps, and the command that wakes it."""
    if not result.due:
        console.print(f"{result.stack}: its schedule has it awake now; nothing was changed")
    elif not result.errors:
        console.print(f"{result.stack} sleeps: its machines are gone and cost nothing.")
        console.print(f"Wake it: ./sophia machines wake {result.stack}")
        show_warnings(result.warnings, console)


def show_wake(result: UpResult, console: Console) -> None:
    """Print what runs in a stack that woke."""
    if result.due:
        show_up(result, console)
    else:
        console.print(f"{result.stack}: its schedule has it asleep now; nothing was changed")


def show_machines(result: MachinesResult, console: Console) -> None:
    """Print the machines, the stacks, what can be launched now, and what all of it costs."""
    machines = table(
        "Machines", "name", "type", "region", "status", "address", "$/h", "$/month", "owner", "class", "id"
    )
    for row in result.machines:
        what = (row.name or "-", row.instance_type, row.region, row.status, row.address or "-")
        whose = (row.hourly_usd, row.monthly_usd, row.owner or "-", row.standing, row.id)
        machines.add_row(*(escape(cell) for cell in (*what, *whose)))
    stacks = table("Stacks", "stack", "state", "machines", "$/h", "$/month", "machines exist")
    for stack in result.stacks:
        counted = (str(stack.machines), stack.hourly_usd, stack.monthly_usd)
        stacks.add_row(stack.name, stack.state, *counted, stack.schedule or "-")
    capacity = table("Capacity now", "type", "$/h", "regions")
    for offer in result.capacity:
        capacity.add_row(offer.instance_type, offer.hourly_usd or "-", ", ".join(offer.regions) or "none")
    console.print(machines, stacks, capacity)
    console.print(
        f"Listed: {len(result.machines)} machines, ${result.hourly_usd} an hour, ${result.monthly_usd} a month"
    )
    console.print(f"Account: {result.in_account} of at most {result.max_machines} machines")
    show_warnings(result.warnings, console)


def show_doctor(result: DoctorResult, console: Console) -> None:
    """Print what is there, what is missing and what mends it."""
    rows = table("Tool chain", "tool", "wanted", "found", "ok", "mend")
    for tool in result.tools:
        rows.add_row(tool.name, tool.wanted, escape(tool.found), _yes(tool.ok), escape(tool.mend))
    console.print(rows)
    services = table(f"Rehearsal of {result.stack}", "service", "state")
    for name, state in result.services.items():
        services.add_row(name, state)
    console.print(services)


def show_lock(result: LockResult, console: Console) -> None:
    """Print how many entries were written, and what should be looked at."""
    console.print(f"Entries written: {len(result.filled)}")
    show_warnings(result.warnings, console)


def show_verdicts(result: VerifyResult, console: Console) -> None:
    """Print what the gate found of each server; what is wrong is told after it, as an error."""
    rows = table(f"MCP servers of {result.stack}", "server", "checks", "sessions", "p50", "p95", "wrong")
    for one in result.servers:
        failed = [check.name for check in one.checks if not check.ok]
        rows.add_row(
            one.name,
            f"{len(one.checks) - len(failed)} of {len(one.checks)}",
            f"{one.sessions - one.session_errors} of {one.sessions}",
            f"{one.p50_ms:.0f} ms",
            f"{one.p95_ms:.0f} ms",
            ", ".join(failed),
        )
    console.print(rows)
    passed = sum(one.ok for one in result.servers)
    console.print(
        f"{passed} of {len(result.servers)} servers are as declared ({result.seconds:.0f} s)", highlight=False
    )
    console.print(f"Evidence: {result.evidence}", highlight=False, soft_wrap=True)


def show_load(result: LoadResult, console: Console) -> None:
    """Print what was measured of each server; what is wrong is told after it, as an error."""
    title = f"{result.clients} clients of each server of {result.stack}, {result.seconds:.0f} s"
    rows = table(title, "server", "answers", "broken", "p50", "p95", "p99")
    for one in result.servers:
        times = (f"{taken:.0f} ms" for taken in (one.p50_ms, one.p95_ms, one.p99_ms))
        rows.add_row(one.server, str(one.calls), str(one.failed), *times)
    console.print(rows)
    show_warnings(result.warnings, console)


def show_rollout(result: RolloutResult, console: Console) -> None:
    """Print the steps of a rollout, and the return; what was wrong is told after it, as an error."""
    rows = table(f"Rollout of {result.server} in {result.stack}", "weight", "at", "took", "verdict")
    for step in result.steps:
        verdict = "wrong" if step.wrong else "good"
        rows.add_row(f"{step.weight} %", f"{step.at:%H:%M:%S}", f"{step.seconds:.0f} s", verdict)
    console.print(rows)
    if back := result.returned:
        told = f"Returned from {back.from_weight} to {back.to_weight} %"
        when = f"at {back.at:%H:%M:%S} UTC, in {back.seconds:.0f} s"
        console.print(f"{told} {when}: {back.why}", highlight=False, soft_wrap=True)
    if (last := result.steps[-1]).weight == STEPS[-1] and not last.wrong:
        console.print("To finish: give the entry the new tag as its image's, take rollout out, and run up.")
    console.print(f"The weight in force stands in catalog/mcp/{result.server}.yaml; commit it.", highlight=False)
    console.print(f"Report: {result.report}", highlight=False, soft_wrap=True)


def show_backups(result: BackupResult, console: Console) -> None:
    """Print what was backed up, tried out or restored: what a loss now would cost in data, and in time."""
    rows = table(f"{result.verb.capitalize()} of {result.stack}", "service", "backup", "as of", "items", "RPO", "RTO")
    for row in result.services:
        if row.error:
            rows.add_row(row.service, Text("failed", "red"), "", "", "", "")
            continue
        restored = result.verb != "backup"
        rows.add_row(
            row.service,
            row.snapshot,
            f"{row.taken_at:%Y-%m-%d %H:%M:%S}" if row.taken_at else "",
            str(row.items),
            f"{row.age_seconds} s" if restored else "",
            f"{row.seconds:.0f} s" if restored else "",
        )
    console.print(rows)


def show_errors(errors: Iterable[str]) -> None:
    """Print errors on standard error."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for error in errors:
        console.print(Text(f"error: {error}", "red"))


def show_warnings(warnings: Iterable[str], console: Console) -> None:
    """Print warnings."""
    for warning in warnings:
        console.print(Text(f"warning: {warning}", "yellow"), soft_wrap=True)


def stdout() -> Console:
    """Return the console that answers are printed on; a log gets its full width, so that no name is cut."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def table(title: str, *columns: str) -> Table:
    """Return an empty table as every answer has it."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, header_style="dim")
    return made


def _by_op(counted: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{count} {op}' for op, count in sorted(counted.items()))})" if counted else ""


def _yes(value: bool) -> str:  # noqa: FBT001 - it renders the truth value itself
    return "yes" if value else "NO"
