"""A stack's graph that is rendered when somebody asks it something: a look needs it only while the engine works."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

from render import Graph


class _Later:
    """Stands for a graph that is not made yet."""

    def __init__(self, make: Callable[[], Graph]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Graph:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)


def later(make: Callable[[], Graph]) -> Graph:
    """Return a graph that is made by the first question; what goes wrong with it is raised there.

    Args:
        make: makes it.
    """
    return cast("Graph", _Later(make))
