"""The way to a host: its addresses raced, the key it must prove, modern algorithms alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from providers.host.connection import Connection
from providers.host.errors import AuthenticationError, HostKeyError, UnreachableError
from providers.host.proxy import dial
from providers.host.race import first

if TYPE_CHECKING:
    import asyncssh

    from providers.host.agent import Agent

CONNECT_SECONDS: Final = 5.0
HEAD_START_SECONDS: Final = 0.4
KEEPALIVE_SECONDS: Final = 2
KEEPALIVES_LOST: Final = 3

HOST_KEYS: Final = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
KEY_EXCHANGES: Final = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
)
CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr")
MACS: Final = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com")
SIGNATURES: Final = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")


@dataclass
class Way:
    """What connections are made with.

    Args:
        private_key: the key that hosts admit, in PEM or OpenSSH's form.
        proxy_url: a proxy that answers CONNECT; none: directly.
        connect_seconds: how long one attempt on one address may take.
    """

    private_key: str = field(repr=False)
    proxy_url: str | None = None
    connect_seconds: float = CONNECT_SECONDS
    _parsed: Any = field(default=None, repr=False)

    @property
    def key(self) -> Any:
        """The private key, parsed when first asked for."""
        if self._parsed is None:
            import asyncssh  # noqa: PLC0415 - half a second that a preview without changes does not pay

            try:
                self._parsed = asyncssh.import_private_key(self.private_key)
            except asyncssh.KeyImportError:
                what = "the private key for hosts cannot be read"
                remedy = "give HOST_SSH_PRIVATE_KEY a whole key file that has no passphrase"
                raise UnreadableKeyError(what, remedy) from None
        return self._parsed


class UnreadableKeyError(UnreachableError):
    """The private key is none.

    Args:
        what: what is wrong.
        remedy: what to do about it.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__("every host", "logging in", what, remedy)


@dataclass
class Session:
    """An open connection to a host."""

    ssh: asyncssh.SSHClientConnection
    """The connection."""
    host_key: str
    """The key the host has proven, in OpenSSH's form."""
    agent: asyncio.Task[Agent] | None = None
    """What runs programs there, once one was to be run."""

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self.ssh.is_closed()

    async def close(self) -> None:
        """End it."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(2):
                if self.agent is not None:
                    await (await self.agent).close()
                self.ssh.close()
                await self.ssh.wait_closed()


async def open_session(connection: Connection, way: Way, *, step: str) -> Session:
    """Connect to the first of a host's addresses where the pinned key is proven.

    Args:
        connection: how the host is reached; with an empty key any is taken.
        way: what connections are made with.
        step: what it is for, for errors.

    Raises:
        UnreachableError: there is no way in.
        HostKeyError: the host has another key.
        AuthenticationError: it admits neither this user nor this key.
    """
    attempts: list[Callable[[], Awaitable[Session]]] = [
        partial(_attempt, address, connection, way, step) for address in connection.addresses
    ]
    if not attempts:
        raise UnreachableError(connection.label, step, "no address is known", "give the host's addresses")
    try:
        return await first(attempts, HEAD_START_SECONDS, _end)
    except ExceptionGroup as group:
        raise _telling(group.exceptions, connection, step) from None


def _telling(failures: Sequence[Exception], connection: Connection, step: str) -> Exception:
    """Return the error that says most: what an address answered says more than that another kept silent."""
    for kind in (UnreadableKeyError, AuthenticationError, HostKeyError):
        for failure in failures:
            if isinstance(failure, kind):
                return failure
    silent = UnreachableError(connection.label, step)
    return next((failure for failure in failures if str(failure) != str(silent)), silent)


async def _end(session: Session) -> None:
    session.ssh.abort()


async def _attempt(address: str, connection: Connection, way: Way, step: str) -> Session:
    import asyncssh  # noqa: PLC0415 - half a second that a preview without changes does not pay

    key = way.key
    pinned = asyncssh.import_public_key(connection.host_key) if connection.host_key else None
    seen: list[asyncssh.SSHKey] = []

    class Client(asyncssh.SSHClient):
        def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002 - asyncssh's
            seen.append(key)
            return pinned is None or key == pinned

    algorithms = [name for name in HOST_KEYS if pinned is None or _of_kind(name, connection.host_key)]
    try:
        async with asyncio.timeout(way.connect_seconds):
            sock = await dial(address, connection.port, way.proxy_url)
            ssh = await asyncssh.connect(
                host=address,
                port=connection.port,
                sock=sock,
                config=None,
                client_factory=Client,
                # No list of trusted keys, so that every key is shown to the client above.
                known_hosts=([], [], []),
                server_host_key_algs=algorithms or list(HOST_KEYS),
                username=connection.user,
                client_keys=[key],
                agent_path=None,
                preferred_auth="publickey",
                kex_algs=list(KEY_EXCHANGES),
                encryption_algs=list(CIPHERS),
                mac_algs=list(MACS),
                signature_algs=list(SIGNATURES),
                compression_algs=None,
                gss_kex=False,
                gss_auth=False,
                keepalive_interval=KEEPALIVE_SECONDS,
                keepalive_count_max=KEEPALIVES_LOST,
                connect_timeout=None,
                login_timeout=None,
            )
    except asyncssh.HostKeyNotVerifiable:
        raise HostKeyError(
            connection.label, step, seen=_fingerprint(seen), pinned=pinned.get_fingerprint() if pinned else "none"
        ) from None
    except asyncssh.PermissionDenied:
        raise AuthenticationError(connection.label, step, user=connection.user) from None
    except asyncssh.KeyExchangeFailed:
        trouble = f"{address} offers no modern algorithm, or no host key of the pinned kind"
        raise UnreachableError(connection.label, step, trouble, "look at its SSH server's configuration") from None
    except (OSError, asyncssh.Error):
        # TimeoutError is an OSError.
        raise UnreachableError(connection.label, step) from None
    proven = ssh.get_server_host_key()
    return Session(ssh, " ".join((proven or seen[-1]).export_public_key().decode().split()[:2]))


def _of_kind(algorithm: str, host_key: str) -> bool:
    kind = host_key.split(maxsplit=1)[0]
    return algorithm == kind or (kind == "ssh-rsa" and algorithm.startswith("rsa-"))


def _fingerprint(seen: Sequence[Any]) -> str:
    return str(seen[-1].get_fingerprint()) if seen else "unknown"
