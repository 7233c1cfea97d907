"""``report``: the state of one stack on one page: what it is, runs, costs, holds and lacks, and what to do."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

import catalog
from catalog import CatalogError, Node
from catalog.bill import stale
from ops import capacity, cluster, cost, policy, states
from ops.commit import git, head, of_update, short
from ops.deployment import Target, cli_environment, there
from ops.drift_record import kept_answer, record_file
from ops.error import AccountError, AsleepError, InputError, SecretsError, StateError
from ops.parts import Parts
from ops.rendering import render
from ops.report_rows import DeploymentRow, MachineCard, PlaceRow, RegionCard, RunbookRow, VersionRow
from ops.results import CapacityResult, CostResult, ReportResult
from ops.secret_audit import audit
from ops.sleep import asleep
from rehearsal import RehearsalError
from rehearsal.toolchain import Progress, ToolError
from render import ROOT, Graph

RUNBOOKS: Final = ROOT / "docs/runbooks"
"""The pages that say what to do."""
LAST: Final = 8
"""Updates that are told."""

_VERSIONS: Final = catalog.ROOT / "versions.yaml"
_PINNED: Final = re.compile(r"^(?P<name>[a-z0-9_]+): *\"?(?P<version>[^\s\"#]+)")
_ABSENT: Final = (
    AccountError,
    AsleepError,
    CatalogError,
    InputError,
    RehearsalError,
    SecretsError,
    StateError,
    ToolError,
)
"""What keeps a part of the answer away, and nothing else."""


@dataclass(frozen=True, slots=True)
class _Live:
    """What runs now."""

    ready: Mapping[str, bool]
    """Whether each node is ready."""
    runs: Mapping[str, Sequence[PlaceRow]]
    """What runs on each."""


def report(stack: str, target: Target, progress: Progress, now: datetime) -> ReportResult:
    """Return the state of a stack, as far as it can be told.

    Args:
        stack: name of the stack.
        target: where it is.
        progress: told what is being done.
        now: the moment, in UTC.

    Raises:
        CatalogError, RenderError: the stack cannot be rendered.
    """
    facts, graph, parts = catalog.load(), render(stack), Parts(_ABSENT)
    room = parts.ask("capacity", lambda: capacity.capacity(graph))
    costs = parts.ask("cost", lambda: _cost(graph, facts, now))
    live = parts.ask("what runs", lambda: _live(stack, target, progress))
    drift = kept_answer(record_file(stack, target))
    if drift is None:
        parts.untold["drift"] = f"nobody has looked yet: ./sophia drift {stack}"
    return ReportResult(
        stack=stack,
        target=target.value,
        made=now,
        commit=head(),
        regions=tuple(_regions(graph, costs, room, live)),
        live=live is not None,
        cost=costs,
        capacity=room,
        policy=parts.ask("policies", lambda: policy.result(policy.judged(graph), policy.Source.RENDER)),
        drift=drift,
        secrets=parts.ask("secrets", lambda: audit(stack, target, facts, now)) or (),
        versions=tuple(versions(now)),
        deployments=parts.ask("deployments", lambda: _deployments(stack, target, progress)) or (),
        runbooks=tuple(runbooks()),
        untold=parts.untold,
    )


def _cost(graph: Graph, facts: catalog.Catalog, now: datetime) -> CostResult:
    found = cost.told(graph, facts, now.date(), None)
    old = stale(graph.choice.bill, now.date(), facts.limits.max_price_age_days)
    return found.model_copy(update={"warnings": (*found.warnings, str(old))}) if old else found


def _live(stack: str, target: Target, progress: Progress) -> _Live | None:
    if asleep(stack, target):
        msg = f"{stack} is asleep: ./sophia machines wake {stack}"
        raise AsleepError(msg)
    server = there(stack, target, progress, unrendered=True).cluster
    if why := cluster.trouble(server):
        msg = f"its API server does not answer ({why}): ./sophia drift {stack}"
        raise StateError(msg)
    return _Live(
        ready={row.name: row.ready for row in cluster.nodes(server)},
        runs={
            node: [PlaceRow(workload=name, pods=pods, ready=ready) for name, (pods, ready) in sorted(found.items())]
            for node, found in cluster.places(server).items()
        },
    )


def _regions(
    graph: Graph, costs: CostResult | None, room: CapacityResult | None, live: _Live | None
) -> Iterator[RegionCard]:
    prices = {item.name: item.monthly_usd or "" for item in costs.items} if costs else {}
    planned = {row.name: row.pods for row in room.nodes} if room else {}

    def card(node: Node) -> MachineCard:
        rows = [PlaceRow(workload=name, pods=pods) for name, pods in sorted(planned.get(node.name, {}).items())]
        return MachineCard(
            name=node.name,
            instance_type=node.instance_type,
            role=node.role,
            k3s=node.k3s,
            architecture=node.architecture,
            lifecycle=graph.choice.machines[node.name].lifecycle,
            monthly_usd=prices.get(node.name, ""),
            ready=live.ready.get(node.name, False) if live else None,
            runs=tuple(live.runs.get(node.name, ()) if live else rows),
        )

    for region, nodes in groupby(sorted(graph.choice.nodes, key=lambda one: one.region), lambda one: one.region):
        yield RegionCard(region=region, machines=tuple(map(card, nodes)))


def versions(now: datetime) -> Iterator[VersionRow]:
    """Yield the versions that the platform runs on, in the order of their file, with when each line changed last.

    Args:
        now: the moment.
    """
    told = git("blame", "--porcelain", "--", str(_VERSIONS))
    since = dict(_since(told.stdout)) if told.returncode == 0 else {}
    for line in _VERSIONS.read_text(encoding="utf-8").splitlines():
        if found := _PINNED.match(line):
            when = since.get(line)
            yield VersionRow(**found.groupdict(), since=when, age_days=(now - when).days if when else None)


def _since(porcelain: str) -> Iterator[tuple[str, datetime]]:
    """Yield each line that is committed and when it was; the first line of a commit alone says that."""
    times: dict[str, datetime] = {}
    commit = ""
    for line in porcelain.splitlines():
        if line.startswith("\t"):
            if commit.strip("0"):
                yield line[1:], times[commit]
        elif re.match(r"[0-9a-f]{40} ", line):
            commit = line.partition(" ")[0]
        elif line.startswith("committer-time "):
            times[commit] = datetime.fromtimestamp(int(line.split()[1]), UTC)


def _deployments(stack: str, target: Target, progress: Progress) -> tuple[DeploymentRow, ...]:
    return tuple(map(deployment, states.history(stack, cli_environment(stack, target, progress), LAST)))


def deployment(told: Mapping[str, Any]) -> DeploymentRow:
    """Return an update as a row.

    Args:
        told: what the engine tells of it.
    """
    started = datetime.fromisoformat(told["startTime"])
    ended = datetime.fromisoformat(told["endTime"]) if told.get("endTime") else None
    changes = Counter(told.get("resourceChanges") or {})
    del changes["same"]
    return DeploymentRow(
        number=told["version"],
        kind=told["kind"],
        result=told["result"],
        started=started,
        seconds=round((ended - started).total_seconds()) if ended and ended >= started else None,
        changes=dict(sorted(changes.items())),
        commit=short(of_update(told)),
        author=(told.get("environment") or {}).get("git.author", ""),
        message=str(told.get("message") or "").partition("\n")[0],
    )


def runbooks() -> Iterator[RunbookRow]:
    """Yield the pages that say what to do, by title."""
    titled = {file: file.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ") for file in RUNBOOKS.glob("*.md")}
    for file, title in sorted(titled.items(), key=lambda one: one[1]):
        yield RunbookRow(file=file.stem, title=title)
