"""Sessions of clients of both eras and of two languages through the gateway, over one pod and over two.

A stateless server may have as many pods as it likes, one with sessions exactly one: the catalog refuses more. What it
refuses is measured all the same, by scaling by hand.

`python -m benchmarks.sessions` brings up a dev of its own, in which one server keeps sessions.
"""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from benchmarks.checkout import ROOT, Checkout, temporary
from benchmarks.clients import public_way
from benchmarks.samples import Row, machine, show
from catalog.versions import read_versions
from ops.deployment import existing
from ops.gate.asking import Mode, session
from ops.gate.reach import Way
from ops.gate.relay import relay
from rehearsal.toolchain import progress_for
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.trees import Trees

STACK = "dev"
STATELESS, STATEFUL = "gong", "linear"
SESSIONS, REQUESTS = 12, 8
_PACKAGE = ROOT / "tools/mcp-clients"
_SCRIPT = "sessions.mjs"
_PYTHON: dict[str, Mode] = {"Python mcp 2.3.0, legacy": "legacy", "Python mcp 2.3.0, auto": "auto"}

Found = dict[str, list[str]]
"""What went wrong in each session, by client; nothing in those that went well."""


async def found(stack: str, name: str) -> Found:
    """Return how the sessions of every client went with a server.

    Args:
        stack: the stack; it is up.
        name: the server.
    """
    async with public_way(existing(stack, progress_for()), name) as public, relay() as led:
        of_python = {
            client: [await _session(public, mode) for _ in range(SESSIONS)] for client, mode in _PYTHON.items()
        }
        async with led.to(public, frozenset()) as url:
            return of_python | await asyncio.to_thread(_in_node, url)


async def _session(way: Way, mode: Mode) -> str:
    try:
        async with session(way, mode) as client:
            for _ in range(REQUESTS):
                await client.list_tools()
    except Exception as error:  # noqa: BLE001 - whatever a client sees go wrong is counted
        return type(error).__name__
    return ""


def _in_node(url: str) -> Found:
    tree = Trees(Edges.here(read_versions().go), progress_for()).node("mcp-clients", _PACKAGE, _SCRIPT)
    asked = json.dumps({"url": url, "sessions": SESSIONS, "requests": REQUESTS})
    done = subprocess.run([tree / "bin/node", tree / _SCRIPT], input=asked, capture_output=True, text=True, check=True)
    told: Found = json.loads(done.stdout)
    return told


def measure() -> list[Row]:
    """Return, for each way to run a server and each client, how many sessions went well."""
    with temporary() as checkout:
        with _entry(checkout, STATEFUL) as stated:
            stated |= {"replicas": {"min": 1, "max": 1}, "autoscaling": None}
            stated["mcp"] |= {"session": "stateful"}
        for server in (STATELESS, STATEFUL):
            with _entry(checkout, server) as stated:
                # Clients that never pause would otherwise meet the limit of requests, and their sessions end with 429.
                stated["rate_limit"] = stated.get("rate_limit", {}) | {"requests_per_second": 1000, "burst": 1000}
        checkout.sophia("up", STACK)
        return rows(checkout)


@contextmanager
def _entry(checkout: Checkout, server: str) -> Iterator[dict[str, Any]]:
    """Give a server's entry in the catalog, and write what becomes of it."""
    entry = checkout.root / f"catalog/mcp/{server}.yaml"
    stated = yaml.safe_load(entry.read_text(encoding="utf-8"))
    yield stated
    entry.write_text(yaml.safe_dump(stated), encoding="utf-8")


def rows(checkout: Checkout) -> list[Row]:
    """Return the same of a checkout whose stack is up, its one server with sessions declared."""
    told = [
        *_rows(f"{STATELESS}: stateless, 2 pods", _asked(checkout, STATELESS), supported=True),
        *_rows(f"{STATEFUL}: with sessions, 1 pod", _asked(checkout, STATEFUL), supported=True),
    ]
    deployment = f"deployment/mcp-{STATEFUL}"
    checkout.kubectl(STACK, "-n", "sophia-mcp", "scale", deployment, "--replicas=2")
    checkout.kubectl(STACK, "-n", "sophia-mcp", "rollout", "status", deployment, "--timeout=120s")
    refused = f"{STATEFUL}: with sessions, 2 pods by hand"
    return [*told, *_rows(refused, _asked(checkout, STATEFUL), supported=False)]


def _asked(checkout: Checkout, server: str) -> Found:
    command = [str(checkout.root / ".venv/bin/python"), "-m", "benchmarks.sessions", STACK, server]
    done = subprocess.run(
        command, cwd=checkout.root, env=checkout.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        message = f"{' '.join(command)}: {done.stderr.strip()}"
        raise RuntimeError(message)
    told: Found = json.loads(done.stdout)
    return told


def _rows(what: str, told: Found, *, supported: bool) -> list[Row]:
    made = []
    for client, sessions in told.items():
        well = sum(not wrong for wrong in sessions)
        goal, met = ("all", well == len(sessions)) if supported else ("refused by the catalog", None)
        made.append(Row(f"{what}; {client}", f"{well} of {len(sessions)} sessions", goal, met))
    return made


if __name__ == "__main__":
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    if len(sys.argv) > 1:
        print(json.dumps(asyncio.run(found(*sys.argv[1:]))))
    else:
        sys.stdout.write(f"{machine()}\n\n")
        show("Sessions through the gateway", measure())
