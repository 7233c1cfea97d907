"""Valkey: each key with its value in the form that the server itself moves keys in, and its remaining time."""

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

from backup.service import BackupError, Checksums, Service, checksum, reached, stop

_FILE = "keys.jsonl"
_SECONDS = 60.0
_PAGE = 500
_SOON = 60_000
"""Milliseconds: a key that expires within them is not kept, for there is none by the time that anybody restores it."""
_READINGS = 1000
"""How often a key is read that is another one each time."""


class Valkey(Service):
    """The keys of one server: VALKEY_HOST, VALKEY_PORT, VALKEY_USER, VALKEY_PASSWORD and VALKEY_CA say which."""

    def dump(self, folder: Path) -> Checksums:
        """Write one line for each key, as it is when its turn comes."""
        with _served() as server, (folder / _FILE).open("w", encoding="ascii") as file:
            return {"keys": checksum(_written(server, file))}

    def try_out(self, folder: Path) -> Checksums:
        """Load each key into a server beside this program, and delete it: the real one might make room for it."""

        def each() -> Iterator[Any]:
            for key, _, payload in _lines(folder):
                server.ask(b"RESTORE", key, b"0", payload)
                yield [_text(key), _canonical(server, key)]
                server.ask(b"DEL", key)

        with _apart(folder) as server:
            return {"keys": checksum(each())}

    def load(self, folder: Path) -> Checksums:
        """Load all keys where none is."""

        def each() -> Iterator[Any]:
            for key, milliseconds, payload in _lines(folder):
                # A key that somebody has written since is an error.
                server.ask(b"RESTORE", key, milliseconds, payload)
                yield [_text(key), _canonical(server, key)]

        with _served() as server:
            if next(_keys(server), None) is not None:
                message = (
                    "it holds keys, which would be mixed with those of the backup; nothing was changed: delete them"
                )
                raise BackupError(message)
            return {"keys": checksum(each())}


def _written(server: "_Connection", file: Any) -> Iterator[Any]:
    for key in _keys(server):
        for _ in range(_READINGS):
            remaining = server.ask(b"PTTL", key)
            if remaining == -2 or 0 <= remaining < _SOON:  # noqa: PLR2004 - the server's word for none
                break
            payload, value = server.ask(b"DUMP", key), _canonical(server, key)
            if payload is not None and payload == server.ask(b"DUMP", key):
                line = {"key": _text(key), "payload": _text(payload), "milliseconds": max(0, remaining)}
                file.write(json.dumps(line) + "\n")
                yield [line["key"], value]
                break
        else:
            message = "a key changes faster than it can be read; run it again when less is written"
            raise BackupError(message)


def _lines(folder: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Give each key, how long it lives in milliseconds (0: without end), and its value as servers move it."""
    with (folder / _FILE).open(encoding="ascii") as file:
        for line in map(json.loads, file):
            yield base64.b64decode(line["key"]), b"%d" % line["milliseconds"], base64.b64decode(line["payload"])


def _keys(server: "_Connection") -> Iterator[bytes]:
    cursor, seen = b"0", set[bytes]()
    while True:
        cursor, page = server.ask(b"SCAN", cursor, b"COUNT", str(_PAGE).encode())
        # It may give a key more than once, while the table of all keys grows.
        fresh = [key for key in dict.fromkeys(page) if key not in seen]
        seen.update(fresh)
        yield from fresh
        if cursor == b"0":
            return


def _canonical(server: "_Connection", key: bytes) -> Any:
    """Return a value in a form that its encoding does not change; None where there is none."""
    kind = server.ask(b"TYPE", key).decode()
    if kind in {"none", "string"}:
        value = server.ask(b"GET", key)
        return None if value is None else _text(value)
    if kind == "list":
        return [_text(one) for one in server.ask(b"LRANGE", key, b"0", b"-1")]
    if kind == "set":
        return sorted(map(_text, server.ask(b"SMEMBERS", key)))
    if kind == "hash":
        flat = server.ask(b"HGETALL", key)
        return sorted([_text(name), _text(value)] for name, value in zip(flat[::2], flat[1::2], strict=True))
    if kind == "zset":
        flat = server.ask(b"ZRANGE", key, b"0", b"-1", b"WITHSCORES")
        return sorted([_text(name), _text(value)] for name, value in zip(flat[::2], flat[1::2], strict=True))
    # Of a stream, what it holds; of a module's own kind, what moves it.
    return _flat(server.ask(b"XRANGE", key, b"-", b"+")) if kind == "stream" else _text(server.ask(b"DUMP", key) or b"")


def _flat(value: Any) -> Any:
    return [_flat(one) for one in value] if isinstance(value, list) else _text(value)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


@contextmanager
def _served() -> Iterator["_Connection"]:
    """Give a connection with the service, over TLS."""
    told = os.environ
    host, port = told["VALKEY_HOST"], int(told["VALKEY_PORT"])
    trust = ssl.create_default_context(cafile=told["VALKEY_CA"])
    try:
        plain = reached(lambda: socket.create_connection((host, port), timeout=_SECONDS))
        secured = trust.wrap_socket(plain, server_hostname=host)
    except OSError as error:
        message = f"{host}:{port} does not answer ({error}); see that the server runs"
        raise BackupError(message) from None
    with _Connection(secured) as server:
        server.ask(b"AUTH", told["VALKEY_USER"].encode(), told["VALKEY_PASSWORD"].encode())
        yield server


@contextmanager
def _apart(folder: Path) -> Iterator["_Connection"]:
    """Give a connection with a server that ends with the block, and keeps nothing."""
    place = folder / "valkey.sock"
    settings = ("--port", "0", "--unixsocket", str(place), "--dir", str(folder), "--save", "", "--loglevel", "warning")
    with subprocess.Popen(("valkey-server", *settings), stdin=subprocess.DEVNULL, stdout=sys.stderr) as process:
        try:
            plain = socket.socket(socket.AF_UNIX)
            plain.settimeout(_SECONDS)
            until = time.monotonic() + _SECONDS
            while plain.connect_ex(str(place)):
                if process.poll() is not None or time.monotonic() > until:
                    message = "valkey-server does not start beside this program; see the lines above"
                    raise BackupError(message)
                time.sleep(0.05)
            with _Connection(plain) as server:
                yield server
        finally:
            stop(process)


class _Connection:
    """Speaks RESP2 with a server.

    Args:
        connected: leads to it.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._file: BinaryIO = connected.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, *words: bytes) -> Any:
        """Return the answer to a command.

        Raises:
            BackupError: it is an error; the message names the command alone, because others hold what is kept.
        """
        parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        self._socket.sendall(b"*%d\r\n%s" % (len(words), parts))
        answer = self._answer()
        if isinstance(answer, BackupError):
            message = f"{words[0].decode()}: {answer}"
            raise BackupError(message)
        return answer

    def _answer(self) -> Any:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            message = "the connection was cut; run it again"
            raise BackupError(message)
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            return BackupError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2]
        return [self._answer() for _ in range(int(rest))] if kind == b"*" else rest
