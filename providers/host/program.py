"""Running a program on a host as root: static text, JSON in, JSON out."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from providers.host.connection import Connection
from providers.host.errors import StepError, SudoError, UnreachableError

if TYPE_CHECKING:
    import asyncssh

FOLDER: Final = Path(__file__).parent / "remote"
PACKAGE: Final = "providers.host.remote"
READY: Final = "ready"
PROMPT: Final = "password-for-sudo:"
# The modules come over standard input with the data: an argument would stand in the host's log of sudo, whole.
BOOTSTRAP: Final = (
    "import json,sys,types\n"
    f'print("{READY}",flush=True)\n'
    "given=json.loads(sys.stdin.buffer.readline())\n"
    'for name,text in given["modules"].items():\n'
    "    module=sys.modules[name]=types.ModuleType(name)\n"
    '    exec(compile(text,name,"exec"),module.__dict__)\n'
    'sys.modules[given["serve"]].serve(module,given["data"])\n'
)


@cache
def modules(program: str) -> Mapping[str, str]:
    """Return the text of the modules that a program consists of, each after those it imports."""
    found: dict[str, str] = {}

    def add(name: str) -> None:
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        for imported in re.findall(rf"^from {re.escape(PACKAGE)}\.(\w+) import", text, re.MULTILINE):
            if f"{PACKAGE}.{imported}" not in found:
                add(imported)
        found[f"{PACKAGE}.{name}"] = text

    add("common")
    add(program)
    return found


def request(program: str, data: Mapping[str, Any]) -> bytes:
    """Return what is sent: one line."""
    whole = {"modules": modules(program), "serve": f"{PACKAGE}.common", "data": data}
    return json.dumps(whole, separators=(",", ":")).encode() + b"\n"


def command(program: str, user: str, *, with_password: bool) -> str:
    """Return the command line that runs a program as root; its last argument only names it in the host's log."""
    python = ["python3", "-I", "-c", BOOTSTRAP, program]
    sudo = ["sudo", "-S", "-k", "-p", PROMPT] if with_password else ["sudo", "-n"]
    return "LC_ALL=C.UTF-8 " + shlex.join(python if user == "root" else [*sudo, "--", *python])


async def run_program(
    ssh: asyncssh.SSHClientConnection,
    connection: Connection,
    program: str,
    data: Mapping[str, Any],
    *,
    step: str,
    sudo_password: str | None,
) -> Any:
    """Run a program on a host as root, and return what it answers.

    Args:
        ssh: an open connection.
        connection: whose it is.
        program: the module's name in `remote`.
        data: what it is given.
        step: what is done, for errors.
        sudo_password: what sudo asks for; none where it asks for nothing.

    Raises:
        UnreachableError: the connection is cut, or the user does not become root.
        StepError: the step failed.
    """
    import asyncssh  # noqa: PLC0415 - half a second that a preview without changes does not pay

    label = connection.label
    cut = UnreachableError(label, step, "the connection was cut", "run again: it goes on from what was done")
    line = command(program, connection.user, with_password=sudo_password is not None)
    try:
        async with ssh.create_process(line, encoding=None) as process:
            try:
                begun = b"" if sudo_password is None else await _begun(process, sudo_password)
                if sudo_password is None or begun:
                    process.stdin.write(request(program, data))
                    process.stdin.write_eof()
                output, errors = await asyncio.gather(process.stdout.read(), process.stderr.read())
                await process.wait_closed()
            except BaseException:
                process.kill()
                process.close()
                raise
    except (OSError, asyncssh.Error):
        raise cut from None
    if process.exit_status is None and process.exit_signal is None:
        raise cut
    first, _, rest = (begun + output).partition(b"\n")
    if first != READY.encode():
        raise _refused(
            label, step, connection.user, (errors + output).decode(errors="replace"), given=sudo_password is not None
        )
    return answered(label, step, rest, errors)


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
        return StepError(label, step, what, "install python3 there: every step on the host is a small Python program")
    what = f"the program did not start: {text.strip().splitlines()[-1][:200]}"
    return StepError(label, step, what, "log in by hand and look whether `sudo python3 --version` works")


def _refusals(user: str, *, given: bool) -> Iterator[tuple[str, str, str]]:
    """Give what sudo says, what it means, and what to do about it."""
    yield r"sudo: (command )?not found", "sudo is missing", "install sudo there, or let the machine's image bring it"
    password = f"set HOST_SUDO_PASSWORD to the password of {user!r} on this host"
    if given:
        yield r"incorrect password|no password was provided|Sorry|is required", "sudo refuses the password", password
    yield r"password is required", "sudo asks for a password", f"{password}, or let it use sudo without one"
    yield r"sudoers|not allowed", f"{user!r} may not use sudo", f"let {user!r} use sudo, or log in as somebody else"


def answered(label: str, step: str, output: bytes, errors: bytes) -> Any:
    """Return what a program answers.

    Args:
        label: how errors call the host.
        step: what was done.
        output: all it printed.
        errors: all it printed as errors; never shown, because nobody knows what it holds.

    Raises:
        StepError: the step failed.
    """
    try:
        answer = json.loads(output)
    except ValueError:
        what = f"the program ended without an answer ({len(errors)} bytes of errors)"
        raise StepError(label, step, what, "look at the host's memory and journal, then run again") from None
    if "error" in answer:
        error = answer["error"]
        raise StepError(label, step, error["what"], error["remedy"], error.get("lines", ()))
    return answer["result"]
