"""Renders of stacks as they are committed, each made once for all tests of a process."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from render import Graph, render


def once(stack: str, *, choices: Mapping[str, Any] | None = None) -> Graph:
    """Return what a stack declares.

    Args:
        stack: name of the stack.
        choices: keys of its stack file, and what they shall be instead.
    """
    return _of(stack, tuple((choices or {}).items()))


@cache
def _of(stack: str, choices: tuple[tuple[str, Any], ...]) -> Graph:
    return render(stack, choices=dict(choices))
