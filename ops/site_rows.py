"""The rows of what ``sites check`` and ``sites switch`` answer."""

from datetime import datetime
from typing import Literal

from ops.row import Row

FrontEnd = Literal["vercel", "cluster"]
"""Who serves the sites."""


class SiteRow(Row):
    """One host of a site, and how it answers."""

    host: str
    """The host."""
    site: str
    """The site."""
    address: str | None = None
    """Where its name leads."""
    served_by: FrontEnd | None = None
    """Who answers there."""
    status: int | None = None
    """The status of the answer (RFC 9110, section 15)."""
    certificate_days: int | None = None
    """For how many days its certificate is still good."""
    wrong: tuple[str, ...] = ()
    """What is not as declared; nothing where all is."""


class SwitchStep(Row):
    """One step of a switch."""

    what: Literal["both", "wait", "one"]
    """Both sides serve and names lead to the new one; resolvers forget; the old side is gone."""
    at: datetime
    """When it began."""
    seconds: float
    """How long it took."""
    wrong: tuple[str, ...] = ()
    """What went wrong; nothing where all went well."""
