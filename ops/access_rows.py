"""The rows of what ``access peers`` answers."""

from enum import StrEnum

from ops.row import Row


class Standing(StrEnum):
    """Whether somebody may come in now."""

    ADMITTED = "admitted"
    """May come in."""
    EXPIRED = "expired"
    """Came to its end: the hosts shut it out by themselves."""
    KEYLESS = "keyless"
    """No public key of it is known here, so that no host knows it."""


class PeerRow(Row):
    """Somebody, or something, that may come in through the access interface."""

    name: str
    """Its name, which ``access config`` takes."""
    role: str
    """``person`` or ``ci``."""
    owner: str
    """Who answers for it."""
    address: str
    """Where it comes from in the access network."""
    public_key: str
    """Its WireGuard public key; empty where none is known here."""
    expires: str
    """The moment of its end, in UTC; empty where it has none."""
    standing: Standing
    """Whether it may come in now."""


class BreakGlassRow(Row):
    """A network that comes in without the access interface."""

    cidr: str
    """The network."""
    reason: str
    """Why it must."""
    owner: str
    """Who answers for it."""
    expires: str
    """The moment of its end, in UTC."""
    standing: Standing
    """Whether it may come in now."""
    stands_in: str
    """Where the entry is written."""
