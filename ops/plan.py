"""``plan``: what differs from a commit, from renders alone: no engine, no cluster, no credential."""

import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from catalog import CatalogError
from ops.capacity import headroom, require
from ops.commit import git, resolved
from ops.differences import differences
from ops.rendering import render
from ops.results import PlanResult
from rehearsal.toolchain import ensure_addons, progress_for
from render import ROOT, Graph, RenderError


def plan(stack: str, base: str) -> PlanResult:
    """Return how the stack of this checkout differs from that of a commit.

    Args:
        stack: name of the stack.
        base: any name of a commit that git knows.

    Raises:
        RenderError: the commit or its program cannot be rendered.
        CatalogError: the catalog or the stack's choice breaks a rule, or not all pods fit.
    """
    head = render(stack)
    before = render_commit(stack, base)
    room = require(head)
    return PlanResult(
        stack=stack,
        base=git("rev-parse", "--short", base, check=True).stdout.strip(),
        changes=differences(before, head),
        monthly_cost_usd=str(head.outputs["monthly_cost_usd"]),
        base_monthly_cost_usd=str(before.outputs["monthly_cost_usd"]),
        headroom=headroom(room.nodes),
        warnings=(*head.choice.warnings, *room.warnings),
    )


def render_commit(stack: str, base: str) -> Graph:
    """Render a commit's own program in a process of its own, from an unpacked copy.

    Args:
        stack: name of the stack.
        base: any name of a commit that git knows.

    Raises:
        InputError: git knows no such commit.
        RenderError: its program cannot be rendered.
    """
    commit = resolved(base)
    with tempfile.TemporaryDirectory(prefix="sophia-plan-") as folder:
        archive = subprocess.run(["git", "archive", "--format=tar", commit], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        if not (Path(folder) / "render").is_dir():
            msg = f"{base}: that commit has no program that can be rendered; choose a later one"
            raise RenderError(msg)
        # What is no catalog of today's form, its own program reads.
        with suppress(CatalogError):
            ensure_addons(Path(folder), progress=progress_for())
        done = subprocess.run(
            [sys.executable, "-m", "render", stack], cwd=folder, capture_output=True, text=True, check=False
        )
    if done.returncode:
        msg = f"{base}: its program cannot be rendered: {done.stderr.strip()}"
        raise RenderError(msg)
    return Graph.from_json(done.stdout)
