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
from collections.abc import Awaitable
from dataclasses import replace

from catalog.rollout import HEADER
from ops.deployment import Deployment, existing
from ops.gate.asking import session
from ops.gate.reach import Way
from ops.verify import gate_of
from rehearsal.toolchain import progress_for

_PAUSE = 0.1
"""Seconds between two calls of one client."""


async def counted(deployment: Deployment, name: str, ended: Awaitable[object]) -> dict[str, dict[str, int]]:
    """Return how many calls each kind of clients made, by the version that answered; those that failed as ``error``.

    Args:
        deployment: the stack; it is up.
        name: the server, which has a next version.
        ended: how long they call.
    """
    (server,) = (one for one in deployment.graph.choice.servers if one.name == name)
    async with gate_of(deployment, [server]) as gate:
        asking = gate.asking(server)
        if asking.public is None:
            msg = f"{name} is not exposed"
            raise ValueError(msg)
        either = replace(asking.public, headers={k: v for k, v in asking.public.headers.items() if k != HEADER})
        found: dict[str, Counter[str]] = {"present version": Counter(), "either version": Counter()}
        calling = asyncio.gather(
            *(_call(way, found[kind]) for kind, way in zip(found, (asking.public, either), strict=True))
        )
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


async def _until_told(deployment: Deployment, name: str) -> dict[str, dict[str, int]]:
    return await counted(deployment, name, asyncio.to_thread(sys.stdin.read))


def main() -> None:
    """Print the counts as JSON."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    stack, name = sys.argv[1:]
    print(json.dumps(asyncio.run(_until_told(existing(stack, progress_for()), name))))


if __name__ == "__main__":
    main()
