"""Clients of one server: they call it through the gateway, and count what became of that by the version that answered.

Run beside a rollout, by hand or by a test: ``python -m benchmarks.clients dev github``; they call until its standard
input ends. Of the two kinds of clients one picks the present version by its header, and the other leaves it to the
weights.
"""

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace

from catalog.rollout import HEADER
from ops.deployment import Deployment, existing
from ops.gate.asking import session
from ops.gate.reach import Way
from ops.verify import gate_of
from rehearsal.toolchain import progress_for

_PAUSE = 0.1
"""Seconds between two calls of one client."""


@asynccontextmanager
async def public_way(deployment: Deployment, name: str) -> AsyncIterator[Way]:
    """Open the way to a server through the gateway, to its present version where it has a next one.

    Args:
        deployment: the stack; it is up.
        name: the server.

    Raises:
        ValueError: it is not exposed.
    """
    (server,) = (one for one in deployment.graph.choice.servers if one.name == name)
    async with gate_of(deployment, [server]) as gate:
        way = gate.asking(server).public
        if way is None:
            msg = f"{name} is not exposed"
            raise ValueError(msg)
        yield way


async def counted(deployment: Deployment, name: str, ended: Awaitable[object]) -> dict[str, dict[str, int]]:
    """Return how many calls each kind of clients made, by the version that answered; those that failed as ``error``.

    Args:
        deployment: the stack; it is up.
        name: the server, which has a next version.
        ended: how long they call.
    """
    async with public_way(deployment, name) as present:
        either = replace(present, headers={k: v for k, v in present.headers.items() if k != HEADER})
        found: dict[str, Counter[str]] = {"present version": Counter(), "either version": Counter()}
        calling = asyncio.gather(*(_call(way, found[kind]) for kind, way in zip(found, (present, either), strict=True)))
        await ended
        calling.cancel()
    return {kind: dict(counts) for kind, counts in found.items()}


async def _call(way: Way, found: Counter[str]) -> None:
    while True:
        try:
            async with session(way, "auto") as client:
                await client.list_tools()
                found[client.server_info.version if client.server_info else "unknown"] += 1
        except Exception:  # noqa: BLE001 - whatever a client sees go wrong is counted
            found["error"] += 1
        await asyncio.sleep(_PAUSE)


def main() -> None:
    """Print the counts as JSON."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    stack, name = sys.argv[1:]
    told = asyncio.to_thread(sys.stdin.read)
    print(json.dumps(asyncio.run(counted(existing(stack, progress_for()), name, told))))


if __name__ == "__main__":
    main()
