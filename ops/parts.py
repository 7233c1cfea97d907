"""Answers of several parts, of which some cannot be told: the others are told nevertheless."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Parts:
    """What can be told, and why the rest cannot.

    Args:
        absent: what keeps a part of the answer away, and nothing else.
    """

    absent: tuple[type[Exception], ...]
    untold: dict[str, str] = field(default_factory=dict)
    """Why a part cannot be told, by the part."""

    def ask(self, part: str, how: Callable[[], T]) -> T | None:
        """Return what is asked for, or note why it cannot be told.

        Args:
            part: what the part is called.
            how: tells it.
        """
        try:
            return how()
        except self.absent as error:
            self.untold[part] = str(error)
            return None
