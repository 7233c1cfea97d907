"""Workflows of this checkout, run for commits of another one and told to the fake of GitHub."""

import os
from pathlib import Path
from typing import Any

from benchmarks.checkout import Checkout
from rehearsal.github import GitHub
from rehearsal.workflows import Runner
from rehearsal.workflows.expressions import Expressions


def runner(
    change: Checkout, hub: GitHub, expressions: Expressions, folder: Path, *, environment: dict[str, str], **more: Any
) -> Runner:
    """Return what runs them.

    Args:
        change: the checkout whose commits are checked out.
        hub: the fake.
        expressions: evaluates what stands in braces.
        folder: where jobs work.
        environment: variables of every process, beside the few that programs are found by.
        more: what else the runner is told.
    """
    own = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return Runner(
        expressions=expressions,
        source=change.root,
        folder=folder,
        repository=hub.repository.name,
        api=hub.url,
        token=hub.grant,
        environment={**own, **environment},
        **more,
    )
