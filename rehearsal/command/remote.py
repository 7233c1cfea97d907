"""Commands on another host, over SSH."""

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final
from urllib.parse import urlsplit

from typing_extensions import override

from providers.kit import Operation, ProviderError, Resource
from rehearsal.command.lifecycle import Lifecycle
from rehearsal.command.models import Connection, Outputs, RemoteInputs
from rehearsal.command.running import Ran, previous

if TYPE_CHECKING:
    import asyncssh

_PAUSE_SECONDS: Final = 1.0
_LONGEST_ANSWER: Final = 8192


class Command(Lifecycle[RemoteInputs], Resource[RemoteInputs, Outputs, None]):
    """A command to run on a remote host. The connection is established via ssh."""

    module: ClassVar[str] = "remote"

    @override
    async def run(self, command: str, inputs: RemoteInputs, said: Outputs | None, operation: Operation) -> Outputs:
        return await run(command, inputs, said, operation)


async def run(command: str, inputs: RemoteInputs, said: Outputs | None, operation: Operation) -> Outputs:
    """Run a command and return what it said.

    Args:
        command: the command, as the user's shell on the host takes it.
        inputs: the way to the host, and what the command is given.
        said: what the one before it said.
        operation: whose command it is; its time is that of the command.

    Raises:
        ProviderError: the host cannot be reached, has another key, or the command fails or takes too long.
    """
    try:
        async with asyncio.timeout(operation.timeout):
            ssh = await _dialled(inputs.connection, operation)
            async with ssh:
                ran = await _run(ssh, command, inputs, said, operation.name)
    except TimeoutError:
        what = f"{operation.name}: no end within {operation.timeout:g} s: running {command!r}"
        raise ProviderError(what, "look at what it does there, or give the resource more time") from None
    return ran.outputs(command)


async def _run(
    ssh: "asyncssh.SSHClientConnection", command: str, inputs: RemoteInputs, said: Outputs | None, name: str
) -> Ran:
    import asyncssh  # noqa: PLC0415 - half a second that a run without commands does not pay

    environment = inputs.environment or {}
    await _require_accepted(ssh, environment)
    try:
        ended = await ssh.run(
            command, input=inputs.stdin or "", env={**previous(inputs, said), **environment}, errors="replace"
        )
    except (OSError, asyncssh.Error):
        what = f"{name}: the connection was cut: running {command!r}"
        raise ProviderError(what, "see whether the host is up, then run again") from None
    status = ended.exit_signal[0] if ended.exit_signal else ended.exit_status
    return Ran("unknown" if status is None else status, str(ended.stdout or ""), str(ended.stderr or ""))


async def _require_accepted(ssh: "asyncssh.SSHClientConnection", environment: Mapping[str, str]) -> None:
    """Refuse variables that the server drops without a word."""
    if not environment:
        return
    given = await ssh.run(f"printenv {' '.join(environment)} | wc -l", env=environment)
    if str(given.stdout).strip() != str(len("\n".join(environment.values()).split("\n"))):
        what = f"Unable to set {', '.join(environment)}: the SSH server takes no such variables"
        raise ProviderError(what, "name them in its AcceptEnv, or write them before the command")


# The way to a host is secret as a whole, so errors name the command instead.
async def _dialled(connection: Connection, operation: Operation) -> "asyncssh.SSHClientConnection":
    """Return an open connection; as many attempts fail as the user allows, those with a wrong key at once."""
    attempts = 0
    while True:
        attempts += 1
        try:
            async with asyncio.timeout(connection.per_dial_timeout or None):
                return await _attempt(connection, operation.name)
        except OSError as error:
            if 0 <= connection.dial_error_limit < attempts:
                reason = "nobody answers" if isinstance(error, TimeoutError) else error.strerror or str(error)
                what = f"{operation.name}: after {attempts} failed attempts: {reason}"
                raise ProviderError(what, "see whether the host is up and reached this way") from None
        await operation.sleep(_PAUSE_SECONDS)


async def _attempt(connection: Connection, name: str) -> "asyncssh.SSHClientConnection":
    import asyncssh  # noqa: PLC0415 - as above

    try:
        pinned = asyncssh.import_public_key(connection.host_key or "")
        keys = (
            [asyncssh.import_private_key(connection.private_key, connection.private_key_password)]
            if connection.private_key
            else []
        )
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        what = f"{name}: the host key or the private key is none"
        raise ProviderError(what, "give both in OpenSSH's form") from None
    sock = await _socket(connection.host, int(connection.port))
    try:
        return await asyncssh.connect(
            host=connection.host,
            sock=sock,
            config=None,
            known_hosts=([pinned], [], []),
            server_host_key_algs=[pinned.get_algorithm()],
            username=connection.user,
            client_keys=keys or None,
            password=connection.password,
            agent_path=connection.agent_socket_path or os.environ.get("SSH_AUTH_SOCK") or None,
            keepalive_interval=5,
        )
    except asyncssh.HostKeyNotVerifiable:
        what = f"{name}: ssh: host key mismatch"
        raise ProviderError(what, "it is another host, or has a new key: look at it before you pin that") from None
    except asyncssh.PermissionDenied:
        what = f"{name}: ssh: unable to authenticate"
        raise ProviderError(what, "give the key that the host admits") from None
    except asyncssh.Error as error:
        message = f"ssh: {type(error).__name__}"
        raise ConnectionError(message) from None


async def _socket(address: str, port: int) -> socket.socket:
    """Return a connected socket, through the proxy of HOST_PROXY_URL where there is one."""
    proxy = urlsplit(os.environ.get("HOST_PROXY_URL", ""))
    loop = asyncio.get_running_loop()
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)  # noqa: FBT003 - positional in the library
    try:
        if not proxy.hostname:
            await loop.sock_connect(sock, (address, port))
            return sock
        await loop.sock_connect(sock, (proxy.hostname, proxy.port or 80))
        await _through(sock, f"{address}:{port}")
    except BaseException:
        sock.close()
        raise
    return sock


async def _through(proxy: socket.socket, target: str) -> None:
    """Have a proxy connect a socket to a target.

    Raises:
        ConnectionRefusedError: it does not.
    """
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(proxy, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    answer = b""
    # One byte at a time: what comes after the empty line is the host's.
    while not answer.endswith(b"\r\n\r\n"):
        byte = await loop.sock_recv(proxy, 1)
        answer += byte
        if not byte or len(answer) > _LONGEST_ANSWER:
            message = "the proxy gave no answer"
            raise ConnectionRefusedError(message)
    if answer.split(maxsplit=2)[1:2] != [b"200"]:
        message = "nobody answers there"
        raise ConnectionRefusedError(message)
