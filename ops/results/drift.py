"""Answers about what differs from what is declared."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from catalog.drift_classes import WORST_FIRST, DriftClass
from catalog.ignores import DriftIgnore
from ops.drift_rows import (
    Coverage,
    IgnoredDeviation,
    SilentProvider,
    UnmanagedThing,
    UnreachableCluster,
    UnreachableHost,
)
from ops.results.changes import DriftedResource
from ops.results.result import Result

DriftStatus = Literal["in_sync", "drifted", "partial", "error", "asleep"]
"""How a stack stands to what is declared; ``partial`` where a provider could not be asked, whatever else is found."""


class DriftResult(Result):
    """What differs from what is declared."""

    status: DriftStatus = "in_sync"
    """How the stack stands."""
    commit: str = ""
    """The commit of the checkout that looked, with ``-dirty`` where files were edited; empty without a repository."""
    started: datetime | None = None
    """When it began, in UTC."""
    seconds: float = 0.0
    """How long it took."""
    fingerprint: str = ""
    """The same as long as the same differs in the same way; empty where nothing does."""
    changes: tuple[DriftedResource, ...] = ()
    """Resources that differ."""
    noise: tuple[DriftedResource, ...] = ()
    """What differs and is nobody's drift."""
    unmanaged: tuple[UnmanagedThing, ...] = ()
    """What is there and nobody declared."""
    coverage: tuple[Coverage, ...] = ()
    """How much of what is there is declared, by kind."""
    coverage_percent: float | None = None
    """The same of all that could be listed; null where nothing could."""
    silent: tuple[SilentProvider, ...] = ()
    """Providers that could not be asked."""
    unreachable: tuple[UnreachableHost, ...] = ()
    """Hosts that could not be looked at."""
    cluster: UnreachableCluster | None = None
    """The cluster, where it could not be looked into."""
    vector_store: UnreachableCluster | None = None
    """The vector store, where the same is true of that."""
    ignored: tuple[IgnoredDeviation, ...] = ()
    """Deviations that an entry of ``catalog/drift_ignores.yaml`` bears for a while; they are no drift."""
    expired: tuple[DriftIgnore, ...] = ()
    """Entries that have come to their end and hide nothing any more."""
    stale: tuple[DriftIgnore, ...] = ()
    """Entries to which nothing that is there corresponds."""
    checked: int = 0
    """Resources that were compared."""
    asleep: bool = False
    """Whether the stack sleeps: it has no machines, and nothing that could differ."""
    repair: str = ""
    """What repairs it: a command, or the page that says what to do; empty where nothing differs."""

    @property
    def drifted(self) -> bool:
        """Whether anything differs, or cannot be looked at, that nobody bears."""
        return bool(self.changes or self.unmanaged or self.unreachable or self.cluster or self.vector_store)

    @property
    def partial(self) -> bool:
        """Whether a provider could not be asked."""
        return self.status == "partial"

    @property
    def worst(self) -> DriftClass:
        """The worst of what differs."""
        found = {*(one.drift_class for one in self.changes), *(one.drift_class for one in self.unmanaged)}
        return next((one for one in WORST_FIRST if one in found), DriftClass.AVAILABILITY)

    @property
    def risky(self) -> tuple[str, ...]:
        """Names of what a repair must not touch unasked: what endangers security, and what is gone."""
        return tuple(one.name for one in self.changes if one.drift_class is DriftClass.SECURITY or one.op == "delete")


class TellResult(Result):
    """Who was told of a drift."""

    issue: int = 0
    """Number of the stack's issue; 0 where there is none."""
    url: str = ""
    """Where people read it."""
    action: Literal["none", "created", "updated", "reopened", "closed"] = "none"
    """What became of it."""
    news: bool = False
    """Whether there was anything to tell that nobody had been told of."""
    paged: bool = False
    """Whether Slack was told."""


class RepairResult(Result):
    """What a repair did."""

    before: DriftResult
    """What differed."""
    changes: Mapping[str, int] = {}
    """Number of resources by operation."""
    after: DriftResult | None = None
    """What differs now; null where it could not be looked at."""
