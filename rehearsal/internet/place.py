"""Where that host is: a place outside of the machines, with the address that they ask for names."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal import outside
from rehearsal.home import Place
from rehearsal.machines import Room
from rehearsal.machines.names import AUTHORITY, INTERNET

NAME = "internet"
"""The name under which its process is found again."""

_ROOT = Path(__file__).resolve().parents[2]


def start(
    folder: Place, room: Room, names: Sequence[str], others: Mapping[str, str] | None = None, *, zone: str = ""
) -> None:
    """Make it answer for exactly these names.

    Args:
        folder: where its process belongs.
        room: where the machines are.
        names: names, or all names below one as ``*.example.com``.
        others: addresses of other hosts outside by their names, which may be of the same forms.
        zone: the zone whose names are asked of its authority; none by default.

    Raises:
        RehearsalError: when it does not start.
    """
    told = (*names, *(f"{name}={address}" for name, address in (others or {}).items()))
    # `python -m` finds the package in the directory it is started in.
    asked = (f"--zone={zone}={AUTHORITY}",) if zone else ()
    python = ("/usr/bin/env", "-C", str(_ROOT), sys.executable, "-m", "rehearsal.internet", *asked, INTERNET, *told)
    outside.start(folder, room, NAME, INTERNET, python)
