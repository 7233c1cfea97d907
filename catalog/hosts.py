"""What every host looks like, whatever runs on it: packages, time, kernel, logs, updates, audit, directories, SSH."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from catalog.machine import Role
from catalog.model import DnsLabel, Model

PackageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+(=\S+)?$")]
"""A Debian package, with an exact version after ``=`` where one is wanted."""

HostName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
"""The name of a server in the DNS."""

Size = Annotated[str, Field(pattern=r"^[1-9][0-9]*[KMGT]$")]
"""A size as systemd takes it, such as ``2G``."""

Mode = Annotated[str, Field(pattern=r"^[0-7]{4}$")]
"""A file mode, four octal digits."""

AbsolutePath = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)+$")]
"""A path from the root, without spaces."""


SshKeyword = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]+$")]
"""A keyword of sshd_config(5), in the manual's spelling."""

SshValue = Annotated[str, Field(pattern=r"^[^\s#\"]([^\n#\"]*[^\s#\"])?$")]
"""The arguments of a keyword, on one line."""


class Journal(Model):
    """How much the journal keeps."""

    max_use: Size
    """What it may take of the disk."""
    keep_free: Size
    """What it leaves of the disk to others."""
    retention_days: Annotated[int, Field(ge=1)]
    """After how many days entries go."""


class Window(Model):
    """When a stack's hosts bring in updates."""

    on_calendar: Annotated[str, Field(pattern=r"^[A-Za-z0-9,*:. -]+ UTC$")]
    """A calendar event of systemd.time(7), in UTC."""
    spread_minutes: Annotated[int, Field(ge=0)]
    """Within how many minutes after it each host begins, so that not all do at once."""


class Upgrades(Model):
    """Security updates that come in by themselves."""

    windows: Mapping[DnsLabel, Window]
    """When, by stack."""
    held_where_a_gpu_is: tuple[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]*$")], ...]
    """Beginnings of the names of packages that are never brought in this way on a machine with a GPU."""


class Directory(Model):
    """A directory that exists on hosts."""

    path: AbsolutePath
    """Where it is."""
    mode: Mode
    """Its mode; it belongs to root."""
    roles: tuple[Role, ...] = ()
    """The roles whose hosts have it; all when none is named."""


class HostBaseline(Model):
    """What every host looks like."""

    packages: Annotated[tuple[PackageName, ...], Field(min_length=1)]
    """Packages that are installed."""
    time_servers: Annotated[tuple[HostName, ...], Field(min_length=1)]
    """Servers that it takes the time from."""
    sysctls: Mapping[str, str]
    """Parameters of the kernel, by key."""
    journal: Journal
    """How much the journal keeps."""
    upgrades: Upgrades
    """Security updates that come in by themselves."""
    audit: tuple[str, ...]
    """Rules of auditd, in auditctl's words."""
    directories: tuple[Directory, ...]
    """Directories that exist."""
    ssh: Mapping[SshKeyword, SshValue]
    """Settings of the SSH server, by keyword of sshd_config(5)."""

    def directories_of(self, role: Role) -> tuple[Directory, ...]:
        """Return the directories that hosts of a role have."""
        return tuple(one for one in self.directories if not one.roles or role in one.roles)
