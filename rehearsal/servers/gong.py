"""Sales calls and what was said in them."""

from dataclasses import dataclass

TITLE = "Gong"


@dataclass(frozen=True)
class Call:
    """One recorded call."""

    id: str
    """Its id."""
    title: str
    """What it was about."""
    minutes: int
    """How long it took."""


_CALLS = (Call("c-100", "Introduction with Northwind", 32), Call("c-101", "Renewal with Contoso", 47))
_SAID = {"c-100": ("They run five machines.", "They want a trial."), "c-101": ("They renew for two years.",)}


def list_calls(limit: int = 10) -> list[Call]:
    """List recorded calls, the newest first."""
    return [*reversed(_CALLS)][:limit]


def get_transcript(call_id: str) -> list[str]:
    """Get what was said in a call, sentence by sentence."""
    if call_id not in _SAID:
        message = f"there is no call {call_id}"
        raise ValueError(message)
    return [*_SAID[call_id]]


def search_calls(query: str) -> list[Call]:
    """Find the calls whose title has a word."""
    return [call for call in _CALLS if query.lower() in call.title.lower()]


READS = (list_calls, get_transcript, search_calls)
WRITES = ()
