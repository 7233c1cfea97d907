"""The provider: its two kinds of commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from providers.kit import Config, Provider
from rehearsal.command import local, remote

VERSION: Final = "1.2.1"
"""The version of the wheel, which asks for a plugin of exactly this one."""


@asynccontextmanager
async def _connect(_: Config) -> AsyncIterator[None]:
    """Give nothing: each command opens its own connection."""
    yield None


PROVIDER: Final = Provider(
    name="command",
    version=VERSION,
    description="Commands and scripts, on this computer or over SSH.",
    config=Config,
    connect=_connect,
    resources=(local.Command, remote.Command),
    python_package="pulumi_command",
    concurrency=64,
)
