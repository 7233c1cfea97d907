"""Serving a provider to the engine, as the program of a plugin."""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from providers.kit.provider import Provider
from providers.kit.redaction import RedactingFormatter, Redaction, place
from providers.kit.servicer import Servicer

_LOGGER = logging.getLogger(__name__)

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
)
"""The engine's own limit on a message: sdk/go/common/util/rpcutil, 3.259."""

_GRACE_SECONDS: Final = 60.0
"""How long a request in flight may still take when the process is told to end."""

_LOOK_SECONDS: Final = 1.0


def serve(provider: Provider, argv: Sequence[str]) -> None:
    """Serve a provider until the engine ends the process; the port is the first line it prints.

    Args:
        provider: the provider.
        argv: the program's arguments without its name, as the engine gives them.
    """
    # Before the port is told: who reads it may be gone a moment later.
    parent = os.getppid()
    parser = argparse.ArgumentParser(description=provider.description, allow_abbrev=False)
    parser.add_argument("engine", nargs="?", help="address of the engine")
    engine = parser.parse_known_args(list(argv))[0].engine
    # All that is imported stays until the process ends, and ends with it: it is never looked through for garbage.
    gc.freeze()
    gc.enable()
    asyncio.run(_serve(provider, engine, parent))
    gc.freeze()


async def _serve(provider: Provider, engine: str | None, parent: int) -> None:
    servicer = Servicer(provider, engine)
    _quieten(servicer.session.redaction)
    server = grpc.aio.server(options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await _until(ended, parent)
    servicer.session.cancelled.set()
    await server.stop(_GRACE_SECONDS)
    await servicer.finish(_GRACE_SECONDS)


async def _until(ended: asyncio.Event, parent: int) -> None:
    """Wait for the end: a signal, or that what started this process is gone; nothing else would ever tell."""
    while not ended.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _LOOK_SECONDS)


def _quieten(redaction: Redaction) -> None:
    """Let nothing out but single lines without secrets: warnings, logs and what a task fails with unawaited."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(RedactingFormatter(redaction))
    output.setLevel(logging.WARNING)
    logging.basicConfig(handlers=[output], force=True)
    logging.captureWarnings(capture=True)

    def failed(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        _LOGGER.error("%s", place(error) if isinstance(error, BaseException) else context.get("message", ""))

    asyncio.get_running_loop().set_exception_handler(failed)
