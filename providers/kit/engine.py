"""Telling the engine what goes on, so that the user sees it beside the resource."""

from typing import Any

import grpc
import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from providers.kit.redaction import Redaction


class Engine:
    """The engine that started the plugin.

    Args:
        address: where it listens; none where nothing is told.
        redaction: keeps secrets out of what is told.
    """

    def __init__(self, address: str | None, redaction: Redaction) -> None:
        self._address = address
        self._redaction = redaction
        self._channel: grpc.aio.Channel | None = None

    async def say(self, urn: str, text: str) -> None:
        """Show a line beside a resource until the next one; an engine that is gone is told nothing.

        Args:
            urn: the resource's.
            text: the line.
        """
        if not self._address:
            return
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(self._address)
        line = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=self._redaction(text), urn=urn, ephemeral=True)
        try:
            stub: Any = engine_pb2_grpc.EngineStub(self._channel)
            await stub.Log(line)
        except grpc.aio.AioRpcError:
            return

    async def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            await self._channel.close()
