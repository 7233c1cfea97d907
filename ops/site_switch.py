"""``sites switch``: the sites go over to the other side, and no visitor meets a name that leads to nothing.

Both sides serve first, and only then names lead to the new one; the old one stays for as long as any resolver may still
lead to it. What is in force stands in the stack's file at every moment, so an interrupted switch goes on when it is run
again, in either direction.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML

from catalog import Stack
from ops.error import InputError
from ops.site_rows import FrontEnd, SiteRow, SwitchStep

SIDES: Final[tuple[FrontEnd, ...]] = ("vercel", "cluster")
PARTS: Final = ("sophia:gateway:Gateway", "sophia:sites:Sites", "sophia:dns:Zone")
"""Types of the components that a switch changes; nothing else is looked at or waited for."""

_FRONTEND, _LEAVING = "sophia:frontend", "sophia:frontend_leaving"


class Switch:
    """The switch of one stack.

    Args:
        file: the stack's committed file.
        stack: gives what the stack chooses at the moment.
        up: brings the stack to what is declared, and returns what went wrong.
        check: returns how each host answers.
        kept: returns for how many seconds answers about the sites may be kept that were given before.
        wait: waits for so many seconds.
    """

    def __init__(
        self,
        file: Path,
        *,
        stack: Callable[[], Stack],
        up: Callable[[], tuple[str, ...]],
        check: Callable[[], Sequence[SiteRow]],
        kept: Callable[[], float],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._file, self._stack, self._up, self._check = file, stack, up, check
        self._kept, self._wait = kept, wait

    def run(self, side: FrontEnd) -> tuple[SwitchStep, ...]:
        """Go over to a side, and return the steps; the last one says what went wrong, where something did.

        Args:
            side: who is to serve the sites.

        Raises:
            InputError: the stack does not own the sites.
        """
        stack = self._stack()
        if not stack.sides:
            msg = f"{stack.name} does not own the sites; switch {stack.sites.owner}"
            raise InputError(msg)
        (other,) = {*SIDES} - {side}
        if stack.sides == (side,):
            return ()
        # What is declared now may be another time than resolvers were told.
        longest = max(self._kept(), stack.zone.ttl.site)
        steps = [self._step("both", lambda: self._brought(side, other))]
        if not steps[-1].wrong:
            # Whoever asked a moment before the change may go on for so long.
            steps.append(self._step("wait", lambda: self._waited(longest, side)))
        if not steps[-1].wrong:
            steps.append(self._step("one", lambda: self._brought(side, "")))
        return tuple(steps)

    def _brought(self, side: FrontEnd, leaving: str) -> tuple[str, ...]:
        write(self._file, side, leaving)
        return self._up() or tuple(f"{row.host}: {said}" for row in self._check() for said in row.wrong)

    def _waited(self, seconds: float, side: FrontEnd) -> tuple[str, ...]:
        """Wait until no resolver leads elsewhere; whoever keeps names by hand may have changed none."""
        self._wait(seconds)
        return tuple(
            f"{row.host}: {row.served_by or 'nobody'} still serves it; lead its name to the new side "
            "(`./sophia dns records` says how), and run this again"
            for row in self._check()
            if row.served_by != side
        )

    @staticmethod
    def _step(what: str, act: Callable[[], tuple[str, ...]]) -> SwitchStep:
        begun, at = time.monotonic(), datetime.now(UTC).replace(microsecond=0)
        wrong = act()
        return SwitchStep.model_validate(
            {"what": what, "at": at, "seconds": round(time.monotonic() - begun, 1), "wrong": wrong}
        )


def write(file: Path, side: FrontEnd, leaving: str) -> None:
    """State in a stack's file who serves the sites; its comments and order stay.

    Args:
        file: the file.
        side: who serves them.
        leaving: who served them before and still does; empty for nobody.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    document = yaml.load(file.read_text(encoding="utf-8"))
    for key, value, absent in ((_FRONTEND, side, SIDES[0]), (_LEAVING, leaving, "")):
        if value == absent:
            document["config"].pop(key, None)
        else:
            document["config"][key] = value
    yaml.indent(mapping=2, sequence=4, offset=2)
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(document, stream)
