"""The rows of what ``dns check`` answers."""

from collections.abc import Mapping

from ops.row import Row


class NameRow(Row):
    """One record set, and who answers what."""

    host: str
    """The whole name."""
    type: str
    """What its records say: ``A``, ``CNAME``, ``TXT``, ``CAA``."""
    ttl: int
    """How long answers may be kept, in seconds, as declared."""
    values: tuple[str, ...]
    """What its records say, as declared."""
    wrong: Mapping[str, str]
    """What another server than one that is right answers, by server; nothing where all are right."""
