"""``load``: clients that call every server as fast as it answers, and how long that takes."""

import asyncio
import statistics
from collections.abc import Sequence

from catalog.limits import Load
from ops.deployment import Deployment, Target
from ops.gate.asking import Asking
from ops.load_rows import LoadRow
from ops.results import LoadResult
from ops.verify import chosen, gate_of


def load(deployment: Deployment, servers: Sequence[str], *, clients: int, seconds: float) -> LoadResult:
    """Return how servers bear clients that never wait.

    Args:
        deployment: the stack; it is up.
        servers: names of the servers; all by default.
        clients: how many call each server.
        seconds: how long.

    Raises:
        CatalogError: a server of that name is not in the stack.
        RehearsalError: the cluster or the gateway cannot be reached at all.
    """
    wanted = chosen(deployment, servers)
    limits = deployment.facts().limits.load

    async def pressed() -> list[LoadRow]:
        async def press(asking: Asking) -> LoadRow:
            return row(asking.expected.workload.name, *await asking.press(clients, seconds))

        async with gate_of(deployment, wanted) as gate:
            return await gate.each(wanted, press)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        rows = runner.run(pressed())
    slow = tuple(why for one in rows if (why := _slow(one, limits)))
    # Here all machines are one, and it is none of those that the objective is for.
    rehearsed = deployment.target is Target.REHEARSAL
    return LoadResult(
        stack=deployment.stack,
        clients=clients,
        seconds=seconds,
        servers=tuple(rows),
        warnings=slow if rehearsed else (),
        errors=(*(_wrong(one) for one in rows if one.failed), *(() if rehearsed else slow)),
    )


def row(name: str, taken: Sequence[float], errors: Sequence[str]) -> LoadRow:
    """Return what was measured of a server.

    Args:
        name: the server.
        taken: how long each answer took, in milliseconds.
        errors: what went wrong.
    """
    spread = statistics.quantiles(taken, n=100, method="inclusive") if len(taken) > 1 else [next(iter(taken), 0.0)] * 99
    return LoadRow(
        server=name,
        calls=len(taken),
        failed=len(errors),
        why=errors[0] if errors else "",
        p50_ms=round(spread[49], 1),
        p95_ms=round(spread[94], 1),
        p99_ms=round(spread[98], 1),
    )


def _wrong(one: LoadRow) -> str:
    return f"{one.server}: {one.failed} sessions broke beside {one.calls} answers; the first: {one.why}"


def _slow(one: LoadRow, limits: Load) -> str:
    over = [
        f"p{percent} is {taken:.0f} ms, and at most {most} ms"
        for percent, taken, most in ((95, one.p95_ms, limits.p95_ms), (99, one.p99_ms, limits.p99_ms))
        if taken > most
    ]
    return f"{one.server}: {', '.join(over)} (catalog/limits.yaml)" if over else ""
