"""What can go wrong between a client and the API, by script or by chance."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock


class FaultKind(StrEnum):
    """A kind of fault."""

    ANSWER_LOST = "answer-lost"
    """The request takes effect, and the connection closes without an answer."""
    CONNECTION_RESET = "connection-reset"
    """The connection is reset before the request takes effect."""
    RATE_LIMITED = "rate-limited"
    """429 with a body that is not JSON."""
    SERVER_ERROR = "server-error"
    """500 with a body that is not JSON."""
    PROVIDER_UNAVAILABLE = "provider-unavailable"
    """503 ``provider/internal-unavailable``."""
    INTERNAL_ERROR = "internal-error"
    """409 ``global/internal-error``, which only writes of rulesets answer."""
    SLOW = "slow"
    """The answer comes late."""
    NO_CAPACITY = "no-capacity"
    """A launch finds no machine, whatever the list of types says."""
    NO_IP = "no-ip"
    """What is launched never gets a public address."""
    NO_PRIVATE_IP = "no-private-ip"
    """What is launched never gets a private address."""
    UNHEALTHY = "unhealthy"
    """What is launched is unhealthy when it has booted."""
    PREEMPTED = "preempted"
    """What is launched is preempted when it has booted."""
    UNAUTHORIZED = "unauthorized"
    """401 ``global/invalid-api-key``."""
    ACCOUNT_INACTIVE = "account-inactive"
    """403 ``global/account-inactive``."""


LAUNCH_FAULTS = frozenset(
    {
        FaultKind.NO_CAPACITY,
        FaultKind.NO_IP,
        FaultKind.NO_PRIVATE_IP,
        FaultKind.UNHEALTHY,
        FaultKind.PREEMPTED,
    }
)
"""Faults that only launches can hit."""

_RULESET_WRITES = frozenset({"create-ruleset", "change-ruleset", "delete-ruleset", "change-global-ruleset"})


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that will happen.

    Args:
        kind: what goes wrong.
        times: how many requests it hits; None for every one until it expires.
        operation: the one operation it hits, such as ``launch``; None for any that its kind can hit.
        until: when it expires, in virtual seconds; None for never.
        delay_seconds: how late a slow answer is, in virtual seconds.
    """

    kind: FaultKind
    times: int | None = 1
    operation: str | None = None
    until: float | None = None
    delay_seconds: float = 30.0

    def hits(self, operation: str) -> bool:
        """Return whether it can hit an operation."""
        if self.operation is not None:
            return self.operation == operation and possible(self.kind, operation)
        return possible(self.kind, operation)


def possible(kind: FaultKind, operation: str) -> bool:
    """Return whether a kind of fault can hit an operation."""
    if kind in LAUNCH_FAULTS:
        return operation == "launch"
    return kind is not FaultKind.INTERNAL_ERROR or operation in _RULESET_WRITES


@dataclass(slots=True)
class _Scripted:
    fault: Fault
    left: int | None


@dataclass(slots=True)
class Faults:
    """The faults of a fake: what is scripted happens first, then chance decides."""

    counts: Counter[str] = field(default_factory=Counter)
    """How often each kind has happened."""
    _script: list[_Scripted] = field(default_factory=list)
    _rates: Mapping[FaultKind, float] = field(default_factory=dict)
    # Faults must come again for the same seed, which a cryptographic source cannot.
    _chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - see above
    _lock: Lock = field(default_factory=Lock)

    def script(self, fault: Fault) -> None:
        """Let a fault hit the next requests that it can hit."""
        with self._lock:
            self._script.append(_Scripted(fault, fault.times))

    def happen_by_chance(self, rates: Mapping[FaultKind, float], seed: int) -> None:
        """Let faults hit by chance, from now on.

        Args:
            rates: probability per request that a kind can hit, by kind; empty for none.
            seed: the same seed and requests give the same faults.
        """
        with self._lock:
            self._rates = dict(rates)
            self._chance = random.Random(seed)  # noqa: S311 - faults must be repeatable

    def clear(self) -> None:
        """Forget everything that is scripted, and leave nothing to chance."""
        with self._lock:
            self._script.clear()
            self._rates = {}

    def pending(self) -> int:
        """Return how many scripted faults have not spent themselves."""
        return len(self._script)

    def next(self, operation: str, now: float) -> Fault | None:
        """Return the fault that hits a request, and count it.

        Args:
            operation: what the request asks for.
            now: virtual seconds.
        """
        with self._lock:
            fault = self._scripted(operation, now) or self._by_chance(operation)
            if fault:
                self.counts[fault.kind.value] += 1
            return fault

    def _scripted(self, operation: str, now: float) -> Fault | None:
        self._script = [one for one in self._script if one.fault.until is None or now < one.fault.until]
        for one in self._script:
            if one.fault.hits(operation):
                if one.left is not None:
                    one.left -= 1
                self._script = [other for other in self._script if other.left != 0]
                return one.fault
        return None

    def _by_chance(self, operation: str) -> Fault | None:
        for kind in FaultKind:
            rate = self._rates.get(kind, 0.0)
            if rate and possible(kind, operation) and self._chance.random() < rate:
                return Fault(kind)
        return None
