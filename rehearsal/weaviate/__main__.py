"""Leads clients on loopback to a stack's vector store until it is told to end: ``python -m rehearsal.weaviate``."""

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx

import catalog
from catalog.namespace import DATA
from rehearsal.configuration import secret
from rehearsal.home import private
from rehearsal.leading import connection, inside, leading, until_told
from rehearsal.machines.command import PATH
from rehearsal.machines.names import Names
from rehearsal.stack import Rehearsal
from rehearsal.weaviate.place import ADMIN_KEY, GRPC_PORT, NAME, PORTS, REST_PORT, VectorStore

_PODS = f"/api/v1/namespaces/{DATA}/pods"


def _settings(folder: Path, key: str) -> dict[str, str]:
    """Return the settings of a server like the vendor's: the catalog's own, and modules of its cloud."""
    return {
        **catalog.load().data[NAME].settings,
        "PATH": PATH,
        "AUTHENTICATION_APIKEY_ALLOWED_KEYS": key,
        "BACKUP_FILESYSTEM_PATH": str(folder / "backups"),
        "CLUSTER_HOSTNAME": "cloud-0",
        "ENABLE_MODULES": "backup-filesystem",
        "GRPC_PORT": str(GRPC_PORT),
        "PERSISTENCE_DATA_PATH": str(folder / "data"),
    }


async def _serve(rehearsal: Rehearsal, program: str) -> None:
    """Run a server where no machine is, and lead there."""
    store, namespace = VectorStore(rehearsal.folder), Names(rehearsal.home).client(f"{NAME}-{rehearsal.stack}")
    folder = private(store.data)
    words = ("--host", store.public_address, "--port", str(REST_PORT), "--scheme", "http")
    settings = _settings(folder, secret(rehearsal.folder, ADMIN_KEY) or "")
    async with (
        inside(namespace, (program, *words), environment=settings, folder=folder) as server,
        leading(store.host, PORTS, partial(connection, namespace, store.public_address)),
    ):
        await server.wait()


async def _reach(rehearsal: Rehearsal) -> None:
    """Lead to the pod that is ready, from its own node, as the kubelet reaches it.

    What leads through the API server's streams goes on leading nowhere once a firewall has forgotten them.
    """
    names = Names(rehearsal.home)
    with rehearsal.cluster() as cluster:

        def ready() -> list[Any]:
            found = cluster.get(_PODS, params={"labelSelector": f"sophia.ai/workload={NAME}"}).raise_for_status().json()
            return [pod["status"] for pod in found["items"] if ("Ready", "True") in _conditions(pod)]

        def connect(port: int) -> socket.socket:
            try:
                pods = ready()
            except httpx.TransportError:
                pods = ready()  # another cluster has taken the place of the one that was known
            # Not by its name: a machine that was launched again is called by its address until it is a host.
            machines = {one.spec.private: one.spec.id for one in rehearsal.account.room.list() if one.running}
            return connection(names.machine(machines[pods[0]["hostIP"]]), pods[0]["podIP"], port)

        async with leading(VectorStore(rehearsal.folder).host, PORTS, connect):
            await asyncio.Event().wait()


def _conditions(pod: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(one["type"], one["status"]) for one in pod["status"].get("conditions", ())}


async def _run(arguments: argparse.Namespace) -> None:
    rehearsal = Rehearsal(stack=arguments.stack, home=arguments.home)
    await until_told(_serve(rehearsal, arguments.server) if arguments.server else _reach(rehearsal))


def main() -> int:
    """Lead clients, and return what the process ends with."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.weaviate", description=__doc__)
    parser.add_argument("home", type=Path, help="directory of all rehearsals")
    parser.add_argument("stack", help="name of the stack")
    parser.add_argument("--server", help="the program of a server to run, instead of leading to a pod")
    os.umask(0o077)
    asyncio.run(_run(parser.parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
