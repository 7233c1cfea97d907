"""One call over gRPC with Python's own library: HTTP/2 with one stream, messages with fields of bytes and numbers."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from typing import TYPE_CHECKING

from providers.host.remote.k3s_api import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 5.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
WINDOW = 2**24
WINDOW_SETTING = 4
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACKNOWLEDGED = ENDS_STREAM = 1
ENDS_HEADERS = 4
FRAME_HEAD = 9
MESSAGE_HEAD = 5
MORE = 0x80
OF_BYTES = 2


def call(address: tuple[str, int], context: ssl.SSLContext, path: str, message: bytes) -> bytes:
    """Return the message that a call answers with.

    Args:
        address: who is asked.
        context: what proves both sides.
        path: the method.
        message: what it is given.

    Raises:
        NoAnswerError: there is no answer, or no whole one.
    """
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection(address, timeout=SECONDS) as raw,
            context.wrap_socket(raw, server_hostname=address[0]) as stream,
        ):
            stream.sendall(_asked(address, path, message))
            got = b"".join(_answered(stream))
    except OSError as error:
        text = "{}:{} does not answer: {}".format(*address, error.strerror or type(error).__name__)
        raise NoAnswerError(text) from None
    if len(got) < MESSAGE_HEAD or len(got) < MESSAGE_HEAD + struct.unpack(">xI", got[:MESSAGE_HEAD])[0]:
        text = "{}:{} refuses to answer".format(*address)
        raise NoAnswerError(text)
    return got[MESSAGE_HEAD:]


def number(field: int, value: int) -> bytes:
    """Return a field that holds a number."""
    return _varint(field << 3) + _varint(value)


def text(field: int, value: bytes) -> bytes:
    """Return a field that holds bytes."""
    return _varint(field << 3 | OF_BYTES) + _varint(len(value)) + value


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the fields of a message that hold bytes, with their numbers."""
    at = 0
    while at < len(message):
        tag, at = _read(message, at)
        value, at = _read(message, at)
        if tag & 7 == OF_BYTES:
            yield tag >> 3, message[at : at + value]
            at += value


def _asked(address: tuple[str, int], path: str, message: bytes) -> bytes:
    headers = {
        ":method": "POST",
        ":scheme": "https",
        ":path": path,
        ":authority": "{}:{}".format(*address),
        "content-type": "application/grpc",
        "te": "trailers",
    }
    block = b"".join(b"\0" + _short(name) + _short(value) for name, value in headers.items())
    return (
        PREFACE
        + _frame(SETTINGS, 0, 0, struct.pack(">HI", WINDOW_SETTING, WINDOW))
        + _frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW))
        + _frame(HEADERS, ENDS_HEADERS, 1, block)
        + _frame(DATA, ENDS_STREAM, 1, struct.pack(">BI", 0, len(message)) + message)
    )


def _answered(stream: ssl.SSLSocket) -> Iterator[bytes]:
    for kind, flags, payload in _frames(stream):
        if kind == DATA:
            yield payload
        if kind in {SETTINGS, PING} and not flags & ACKNOWLEDGED:
            stream.sendall(_frame(kind, ACKNOWLEDGED, 0, payload if kind == PING else b""))
        if kind in {RESET, GOAWAY} or (kind in {DATA, HEADERS} and flags & ENDS_STREAM):
            return


def _frames(stream: ssl.SSLSocket) -> Iterator[tuple[int, int, bytes]]:
    with contextlib.suppress(EOFError):
        while True:
            head = _exactly(stream, FRAME_HEAD)
            yield head[3], head[4], _exactly(stream, int.from_bytes(head[:3], "big"))


def _exactly(stream: ssl.SSLSocket, length: int) -> bytes:
    got = b""
    while len(got) < length:
        more = stream.recv(length - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def _short(value: str) -> bytes:
    """Return a text as header compression has it, uncompressed; one byte says the length."""
    raw = value.encode()
    return bytes([len(raw)]) + raw


def _varint(value: int) -> bytes:
    out = b""
    while value >= MORE:
        out += bytes([value % MORE | MORE])
        value >>= 7
    return out + bytes([value])


def _read(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= byte % MORE << shift
        at, shift = at + 1, shift + 7
        if byte < MORE:
            return value, at
