"""Clients of one server: they call it through the gateway for a while, and count what became of it by version.

Run by hand or by a test beside a rollout: ``python -m benchmarks.clients dev github 60``. Of the two kinds of clients
one picks the present version by its header, and the other leaves it to the weights.
"""

import asyncio
import json
import logging
import sys
import time
from collections import Counter
from dataclasses import replace

from catalog.rollout import HEADER
from ops.deployment import Deployment, existing
from ops.gate.asking import session
from ops.gate.reach import Way
from ops.verify import gate_of
from rehearsal.toolchain import progress_for

_PAUSE = 0.1
"""Seconds between two calls of one client."""


async def counted(deployment: Deployment, name: str, seconds: float) -> dict[str, dict[str, int]]:
    """Return how many calls each kind of clients made, by the version that answered; those that failed as ``error``.

    Args:
        deployment: the stack; it is up.
        name: the server, which has a next version.
        seconds: how long they call.
    """
    (server,) = (one for one in deployment.graph.choice.servers if one.name == name)
    async with gate_of(deployment, [server]) as gate:
        asking = gate.asking(server)
        if asking.public is None:
            msg = f"{name} is not exposed"
            raise ValueError(msg)
        either = replace(asking.public, headers={k: v for k, v in asking.public.headers.items() if k != HEADER})
        until = time.monotonic() + seconds
        pinned, mixed = await asyncio.gather(_calls(asking.public, until), _calls(either, until))
    return {"present version": pinned, "either version": mixed}


async def _calls(way: Way, until: float) -> dict[str, int]:
    found: Counter[str] = Counter()
    while time.monotonic() < until:
        try:
            async with session(way, "auto") as client:
                await client.list_tools()
                found[client.server_info.version if client.server_info else "unknown"] += 1
        except Exception:  # noqa: BLE001 - whatever a client sees go wrong is counted
            found["error"] += 1
        await asyncio.sleep(_PAUSE)
    return dict(found)


def main() -> None:
    """Print the counts as JSON."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    stack, name, seconds = sys.argv[1:]
    found = asyncio.run(counted(existing(stack, progress_for()), name, float(seconds)))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
