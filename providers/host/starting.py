"""Becoming root on a host, and starting there what programs are sent to."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from providers.host.connection import Connection
from providers.host.errors import SudoError, UnreachableError
from providers.host.program import modules

if TYPE_CHECKING:
    import asyncssh

READY: Final = "ready"
PROMPT: Final = "password-for-sudo:"
# The modules come over standard input with the data: an argument would stand in the host's log of sudo, whole.
BOOTSTRAP: Final = f"""\
import json, os, sys, types
print("{READY}", flush=True)
text = b""
while b"\\n" not in text:
    more = os.read(0, 65536)
    if not more:
        sys.exit()
    text += more
text, _, rest = text.partition(b"\\n")
for name, source in json.loads(text).items():
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
module.serve(rest)
"""


def command(user: str, *, with_password: bool) -> str:
    """Return the command line that starts it as root."""
    python = ["python3", "-I", "-c", BOOTSTRAP]
    sudo = ["sudo", "-S", "-k", "-p", PROMPT] if with_password else ["sudo", "-n"]
    return "LC_ALL=C.UTF-8 " + shlex.join(python if user == "root" else [*sudo, "--", *python])


async def start(
    ssh: asyncssh.SSHClientConnection, connection: Connection, sudo_password: str | None, step: str
) -> asyncssh.SSHClientProcess[bytes]:
    """Return the process on a host that takes requests.

    Args:
        ssh: an open connection.
        connection: whose it is.
        sudo_password: what sudo asks for; none where it asks for nothing.
        step: what it is for, for errors.

    Raises:
        UnreachableError: the connection is cut, or the user does not become root.
    """
    import asyncssh  # noqa: PLC0415 - half a second that a preview without changes does not pay

    line = command(connection.user, with_password=sudo_password is not None)
    try:
        process = await ssh.create_process(line, encoding=None)
        begun = await (process.stdout.readline() if sudo_password is None else _begun(process, sudo_password))
        if begun.strip() == READY.encode():
            process.stdin.write(json.dumps(modules("agent")).encode() + b"\n")
            return process
        process.stdin.write_eof()
        output, errors = await asyncio.gather(process.stdout.read(), process.stderr.read())
        process.close()
    except (OSError, asyncssh.Error):
        output = errors = begun = b""
    told = (errors + begun + output).decode(errors="replace")
    raise _refused(connection.label, step, connection.user, told, given=sudo_password is not None)


async def _begun(process: Any, password: str) -> bytes:
    """Give sudo its password if it asks for it, and return what the program prints when it listens."""
    listening = asyncio.ensure_future(process.stdout.readline())
    asked = asyncio.ensure_future(_until(process.stderr, PROMPT.encode()))
    try:
        await asyncio.wait({listening, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            process.stdin.write(password.encode() + b"\n")
            asked = asyncio.ensure_future(_until(process.stderr, PROMPT.encode()))
            await asyncio.wait({listening, asked}, return_when=asyncio.FIRST_COMPLETED)
            if not listening.done():
                # Asked again: the password is wrong, and each attempt counts against the account.
                process.stdin.write_eof()
        line: bytes = await listening
        return line
    finally:
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def _until(stream: Any, text: bytes) -> None:
    """Read a stream up to a text; one that ends before never returns, because the other stream tells more."""
    seen = b""
    while not seen.endswith(text):
        byte = await stream.read(1)
        if not byte:
            await asyncio.Event().wait()
        seen += byte


def _refused(label: str, step: str, user: str, text: str, *, given: bool) -> Exception:
    """Return what it means that a program did not start."""
    if not text.strip():
        return UnreachableError(label, step, "the connection was cut", "run again: it goes on from what was done")
    for pattern, why, remedy in _refusals(user, given=given):
        if re.search(pattern, text):
            return SudoError(label, step, why, remedy)
    if re.search(r"python3: (command )?not found", text):
        what = "python3 is missing"
        return UnreachableError(label, step, what, "install python3 there: every step on the host is a Python program")
    what = f"the program did not start: {text.strip().splitlines()[-1][:200]}"
    return UnreachableError(label, step, what, "log in by hand and look whether `sudo python3 --version` works")


def _refusals(user: str, *, given: bool) -> Iterator[tuple[str, str, str]]:
    """Give what sudo says, what it means, and what to do about it."""
    yield r"sudo: (command )?not found", "sudo is missing", "install sudo there, or let the machine's image bring it"
    password = f"set HOST_SUDO_PASSWORD to the password of {user!r} on this host"
    if given:
        yield r"incorrect password|no password was provided|Sorry|is required", "sudo refuses the password", password
    yield r"password is required", "sudo asks for a password", f"{password}, or let it use sudo without one"
    yield r"sudoers|not allowed", f"{user!r} may not use sudo", f"let {user!r} use sudo, or log in as somebody else"
