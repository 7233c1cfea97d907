"""Copies a file to a host over SFTP, on the connection that all resources share."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from providers.host.connection import Connection
from providers.host.errors import StepError, UnreachableError
from providers.host.ssh import Hosts

SECONDS: Final = 600.0
BLOCK: Final = 2**16


async def deliver(hosts: Hosts, connection: Connection, source: Path, target: str, *, step: str) -> None:
    """Copy a file to a path that the login user may write.

    Args:
        hosts: the hosts of the run.
        connection: how the host is reached.
        source: the file here.
        target: where it goes on the host.
        step: what it is for, for errors.

    Raises:
        UnreachableError: the connection is cut, or it takes too long.
        StepError: the host does not take it.
    """
    import asyncssh  # noqa: PLC0415 - half a second that a preview without changes does not pay

    ssh = await hosts.ssh(connection, step=step)
    try:
        async with asyncio.timeout(SECONDS), ssh.start_sftp_client() as sftp:
            await sftp.put(str(source), target, block_size=BLOCK)
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.ConnectionLost):
        trouble = "the connection was cut in the middle of a file"
        raise UnreachableError(connection.label, step, trouble, "run again: it is sent anew") from None
    except TimeoutError:
        trouble = f"{source.name} did not arrive within {SECONDS:g} s"
        raise UnreachableError(connection.label, step, trouble, "look at the way to the host, then run again") from None
    except asyncssh.SFTPError as error:
        what = f"the host does not take the file: {error.reason or type(error).__name__}"
        raise StepError(connection.label, step, what, "make room on its disk if it is full, then run again") from None
    except (OSError, asyncssh.Error) as error:
        what = f"the file cannot be sent: {type(error).__name__}"
        raise StepError(connection.label, step, what, "see that the host's SSH server offers SFTP") from None
