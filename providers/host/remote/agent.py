"""Runs programs on a host for one connection: each in a process of its own, as many at a time as are asked for.

A request is one line of JSON with a number, modules that are new, the program and its data; an answer is one line too.
What has begun ends by itself when the connection goes.
"""

from __future__ import annotations

import json
import os
import selectors
import sys
import types
from typing import Any

from providers.host.remote.common import REPORT, answer

CHUNK = 2**16


def serve(begun: bytes) -> None:
    """Answer requests until there are no more and all are answered.

    Args:
        begun: what was read of the first one already.
    """
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 2)
    waiting = selectors.DefaultSelector()
    waiting.register(0, selectors.EVENT_READ)
    running: dict[int, tuple[int, int, bytearray]] = {}
    buffer = bytearray(begun)
    while waiting.get_map():
        for request in _lines(buffer):
            pid, pipe = _begin(request, quiet)
            running[pipe] = (request["number"], pid, bytearray())
            waiting.register(pipe, selectors.EVENT_READ)
        for key, _ in waiting.select():
            got = os.read(key.fd, CHUNK)
            if key.fd == 0:
                buffer += got
            else:
                running[key.fd][2].extend(got)
            if not got:
                waiting.unregister(key.fd)
                if key.fd in running:
                    _end(key.fd, *running.pop(key.fd))


def _lines(buffer: bytearray) -> list[dict[str, Any]]:
    *whole, rest = bytes(buffer).split(b"\n")
    buffer[:] = rest
    return [json.loads(line) for line in whole]


def _begin(request: dict[str, Any], quiet: int) -> tuple[int, int]:
    """Start what is asked for, and return its process and where its answer comes from."""
    for name, text in request["modules"].items():
        module = sys.modules[name] = types.ModuleType(name)
        exec(compile(text, name, "exec"), module.__dict__)  # noqa: S102 - our own, over the connection it is for
    end, pipe = os.pipe()
    pid = os.fork()
    if pid:
        os.close(pipe)
        return pid, end
    try:
        os.dup2(quiet, 0)
        os.dup2(quiet, 1)
        text = json.dumps(answer(sys.modules[request["program"]].main, request["data"]))
        with os.fdopen(pipe, "wb") as stream:
            stream.write(text.encode())
    finally:
        os._exit(0)


def _end(pipe: int, number: int, pid: int, text: bytearray) -> None:
    """Pass an answer on; nobody may listen any more."""
    os.close(pipe)
    os.waitpid(pid, 0)
    lost = json.dumps({"error": {"what": "the program ended without an answer", "remedy": REPORT}}).encode()
    line = b'{"number":%d,"answer":%b}\n' % (number, bytes(text) or lost)
    try:
        while line:
            line = line[os.write(1, line) :]
    except OSError:
        return
