"""The resource graph of a stack, for verbs: what is rendered of add-ons is brought first where it is missing."""

from collections.abc import Mapping
from typing import Any

import render as program
from rehearsal.toolchain import ensure_addons, progress_for
from render import Graph


def render(stack: str, *, choices: Mapping[str, Any] | None = None, image_lock: str = "rehearsal") -> Graph:
    """Return the resource graph of one stack, as `render.render` does; the first time on a computer it takes minutes.

    Args:
        stack: name of the stack.
        choices: configuration values that replace or join the committed ones.
        image_lock: the lock that pins images.

    Raises:
        RenderError, CatalogError: as it does.
        ToolError: what renders add-ons cannot be had.
    """
    ensure_addons(progress=progress_for())
    return program.render(stack, choices=choices, image_lock=image_lock)
