"""``review``: what a change means for every stack, from renders alone, whatever of it is refused.

What a reviewer has to know appears above all when something fails: no offence of one stack keeps the others, or the
rest of the same stack, from being told. No engine, cluster or credential is involved.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import catalog
from catalog import CatalogError
from catalog.bill import stale
from catalog.tool_surface import FILE as SURFACE
from ops import capacity, cost
from ops.commit import git, resolved
from ops.differences import differences, paths
from ops.error import InputError
from ops.exit_code import ExitCode, of_offences
from ops.plan import render_commit
from ops.rendering import render
from ops.results import Change, PreviewResult, ReviewResult
from ops.review_rows import OPS, ComponentRow, CostRow, GoldenRow, RoomRow, SchemaRow, StackReview, SurfaceRow
from ops.reviewed import read
from render import Graph, RenderError

DATA: Final = ("catalog/collections", "catalog/migrations")
"""Folders of files that say what data looks like."""

_GOLDENS: Final = "tests/golden"
_SEEN_AS: Final = {"import": "create", "adopt": "create"}
_STATUS: Final = {"A": "create", "D": "delete"}
_SHOWN: Final = 4
"""Properties of a changed resource that are named."""


@dataclass(slots=True)
class _Reviewed:
    """One stack, while it is looked at."""

    stack: str
    refusals: list[str] = field(default_factory=list)
    codes: list[ExitCode] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    def refuse(self, code: ExitCode, *why: str) -> None:
        """Note why it is refused."""
        self.codes.append(code)
        self.refusals += why

    def row(self) -> StackReview:
        """Return it as a row."""
        code = next((code for code in _WORST_FIRST if code in self.codes), ExitCode.OK)
        return StackReview(stack=self.stack, code=code, refusals=tuple(dict.fromkeys(self.refusals)), **self.found)


_WORST_FIRST: Final = (ExitCode.BAD_INPUT, ExitCode.POLICY, ExitCode.COST, ExitCode.CAPACITY)


def review(stacks: Sequence[str], base: str, today: date, previews: Iterable[Path] = ()) -> ReviewResult:
    """Return what this checkout means for stacks, against a commit.

    Args:
        stacks: names of the stacks.
        base: any name of a commit that git knows.
        today: the day, in UTC, that prices are as old as.
        previews: answers of `preview --json`: the engine's plan, which knows what is replaced, in place of a render's.

    Raises:
        InputError: git knows no such commit, or a file is no answer of `preview`.
    """
    commit = resolved(base, "--base")
    engines = {found.stack: found for found in (read(file, "--preview") for file in previews)}
    if unknown := sorted({*engines} - {*stacks}):
        msg = f"--preview: of {', '.join(unknown)}, which is not reviewed; name that stack too, or leave the file out"
        raise InputError(msg)
    return ReviewResult(
        stack="",
        base=commit,
        commit=resolved("HEAD"),
        stacks=tuple(_stack(stack, commit, engines.get(stack), today) for stack in stacks),
        surface=tuple(surface(_surface_of(commit), _surface_here())),
        schemas=tuple(_schemas(commit)),
        goldens=tuple(_goldens(commit)),
    )


def _stack(stack: str, base: str, engine: PreviewResult | None, today: date) -> StackReview:
    told = _Reviewed(stack)
    try:
        head = render(stack)
    except CatalogError as error:
        told.refuse(of_offences(error.offences), *map(str, error.offences))
        return told.row()
    except RenderError as error:
        told.refuse(ExitCode.BAD_INPUT, str(error))
        return told.row()
    before = None
    # A stack that comes with the change has no render before it.
    with suppress(RenderError):
        before = render_commit(stack, base)
    told.found["warnings"] = head.choice.warnings
    _plan(told, before, head, engine)
    _cost(told, before, head, today)
    _room(told, head)
    _policies(told, head)
    return told.row()


def _plan(told: _Reviewed, before: Graph | None, head: Graph, engine: PreviewResult | None) -> None:
    if engine is not None and engine.errors:
        told.refuse(ExitCode.BAD_INPUT, *(f"preview: {one}" for one in engine.errors))
    changes: Sequence[Change] = (
        engine.changes if engine else differences(before or Graph(head.stack, {}, {}, None), head)
    )
    told.found |= {"components": tuple(by_component(changes)), "planned_by": "engine" if engine else "render"}


def by_component(changes: Iterable[Change]) -> Iterator[ComponentRow]:
    """Yield what happens to each component, first those from which something goes.

    Args:
        changes: what changes.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for one in changes:
        op = _SEEN_AS.get(one.op, one.op)
        if op in OPS:
            found.setdefault(one.component, {op: [] for op in OPS})[op].append(_words(one))
    order = sorted(found, key=lambda name: ([not found[name][op] for op in OPS], name))
    yield from (ComponentRow(component=name, **{op: tuple(rows) for op, rows in found[name].items()}) for name in order)


def _words(one: Change) -> str:
    more = len(one.paths) - _SHOWN
    said = ", ".join(one.paths[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"{one.kind} {one.name}" + (f": {said}" if said and one.op in {"update", "replace"} else "")


def _cost(told: _Reviewed, before: Graph | None, head: Graph, today: date) -> None:
    facts = catalog.load()
    if old := stale(head.choice.bill, today, facts.limits.max_price_age_days):
        told.refuse(ExitCode.COST, str(old))
    try:
        found = cost.told(head, facts, today, None if before is None else cost.of_graph(before, "the base"))
    except CatalogError:
        return  # told with the room, which reads the same objects
    if found.errors:
        told.refuse(ExitCode.COST, *found.errors)
    told.found["warnings"] = tuple(dict.fromkeys((*told.found["warnings"], *found.warnings)))
    delta = found.delta
    told.found["cost"] = CostRow(
        before_usd=delta.before_usd if delta else None,
        monthly_usd=found.monthly_usd,
        difference_usd=delta.difference_usd if delta else found.monthly_usd,
        percent=delta.percent if delta else None,
        rise=delta.standing if delta else "within",
        budget_usd=found.budget.block_usd,
        budget=found.budget.standing,
    )


def _room(told: _Reviewed, head: Graph) -> None:
    try:
        found = capacity.capacity(head)
    except CatalogError as error:
        told.refuse(of_offences(error.offences), *map(str, error.offences))
        return
    if wrong := capacity.offences(found):
        told.refuse(ExitCode.CAPACITY, *map(str, wrong))
    told.found["warnings"] = (*told.found["warnings"], *found.warnings)
    left = dict(capacity.headroom(found.nodes)) if found.fits else {}
    told.found["room"] = RoomRow(fits=found.fits, grows=found.grows, pods=found.pods, left=left)


def _policies(told: _Reviewed, head: Graph) -> None:
    from ops import policy  # noqa: PLC0415 - the rules take half a second, and few verbs need them

    try:
        found = policy.result(policy.judged(head), policy.Source.RENDER)
    except InputError as error:
        told.refuse(ExitCode.BAD_INPUT, str(error))
        return
    if found.refusing:
        told.refuse(ExitCode.POLICY, *(f"{one.rule}: {one.name or one.path}: {one.message}" for one in found.refusing))
    rows = sorted(found.told, key=lambda one: one.level != "block")
    told.found |= {"findings": tuple(rows), "exempt": sum(rule.exempt for rule in found.rules)}


def surface(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[SurfaceRow]:
    """Yield the tools that change between two locks of tools.

    Args:
        before: the tools of each server, by its name.
        after: the same, later.
    """
    for server in sorted({*before, *after}):
        was, now = ({tool["name"]: tool for tool in lock.get(server, ())} for lock in (before, after))
        for name in sorted({*was, *now}):
            op = "create" if name not in was else "delete" if name not in now else "update"
            changed = tuple(paths(was.get(name, {}), now.get(name, {})))
            if changed:
                yield SurfaceRow(server=server, tool=name, op=op, paths=changed if op == "update" else ())


def _surface_of(commit: str) -> Mapping[str, Any]:
    told = git("show", f"{commit}:catalog/{SURFACE}")
    return _lock(told.stdout) if told.returncode == 0 else {}


def _surface_here() -> Mapping[str, Any]:
    try:
        return _lock((catalog.ROOT / SURFACE).read_text(encoding="utf-8"))
    except OSError:
        return {}


def _lock(text: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(text)
        return found if all(tool["name"] for tools in found.values() for tool in tools) else {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}  # the render tells what is wrong with it


def _schemas(base: str) -> Iterator[SchemaRow]:
    for line in git("diff", "--name-status", "--no-renames", base, "--", *DATA, check=True).stdout.splitlines():
        status, _, file = line.partition("\t")
        yield SchemaRow(file=file, op=_STATUS.get(status, "update"))


def _goldens(base: str) -> Iterator[GoldenRow]:
    for line in git("diff", "--numstat", "--no-renames", base, "--", _GOLDENS, check=True).stdout.splitlines():
        added, removed, file = line.split("\t")
        yield GoldenRow(file=file, added=int(added), removed=int(removed))
