"""Clients on loopback are led to the end of what they came for."""

import asyncio
import gc
import socket

from rehearsal.leading import leading


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


async def _led_after_the_client_has_said_all() -> bytes:
    """Return what a server says that answers a while after its client has ended its own direction."""
    heard, answer = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        heard.set()
        await answer.wait()
        writer.write(b"late")
        writer.close()
        await writer.wait_closed()

    port = _free()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        async with leading("127.0.0.1", [port], lambda _: socket.create_connection(address)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write_eof()
            await heard.wait()
            gc.collect()
            answer.set()
            said = await reader.read()
            writer.close()
            await writer.wait_closed()
            return said


async def _open_at_the_end() -> bytes:
    """Return what is read on a connection that was open when its leading ended."""
    port = _free()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        async with leading("127.0.0.1", [port], lambda _: socket.create_connection(address)):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            (await asyncio.to_thread(server.accept))[0].close()
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
        return said


def test_an_answer_comes_through_after_the_client_has_ended_its_own_direction() -> None:
    assert asyncio.run(asyncio.wait_for(_led_after_the_client_has_said_all(), 10)) == b"late"


def test_what_is_open_at_the_end_is_cut() -> None:
    assert asyncio.run(asyncio.wait_for(_open_at_the_end(), 10)) == b""
