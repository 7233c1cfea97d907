"""Answers about the public names and sites."""

from ops.dns_rows import NameRow
from ops.results.result import Result
from ops.site_rows import FrontEnd, SiteRow, SwitchStep


class DnsResult(Result):
    """What the servers of the zone answer."""

    servers: tuple[str, ...] = ()
    """Who was asked."""
    names: tuple[NameRow, ...] = ()
    """All record sets that are declared, sorted by name."""

    @property
    def wrong(self) -> tuple[NameRow, ...]:
        """Those that somebody answers otherwise."""
        return tuple(row for row in self.names if row.wrong)


class SitesResult(Result):
    """How the public sites answer."""

    served_by: FrontEnd
    """Who is declared to serve them."""
    hosts: tuple[SiteRow, ...]
    """Their hosts."""

    @property
    def wrong(self) -> tuple[SiteRow, ...]:
        """The hosts that do not answer as declared."""
        return tuple(row for row in self.hosts if row.wrong)


class SwitchResult(Result):
    """How the sites went over to the other side."""

    to: FrontEnd
    """Who serves them now, where nothing went wrong."""
    steps: tuple[SwitchStep, ...] = ()
    """The steps, in order; none where that side served them alone already."""
