"""The real scheduler beside the real API server, on loopback: no kubelet, no controller, no root."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests import api_server


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[httpx.Client]:
    """Give a client of an API server that has a scheduler, the default one with its default plugins.

    Args:
        programs: folder of the programs.
        folder: what they write to.
    """
    scheduler = [
        f"{programs}/kube-scheduler",
        f"--kubeconfig={folder}/kubeconfig",
        f"--authentication-kubeconfig={folder}/kubeconfig",
        f"--authorization-kubeconfig={folder}/kubeconfig",
        "--bind-address=127.0.0.1",
        f"--secure-port={api_server.port()}",
        "--leader-elect=false",
        "--kube-api-qps=2000",
        "--kube-api-burst=2000",
    ]
    with api_server.running(programs, folder) as client, api_server.process(scheduler, folder / "scheduler.log"):
        yield client


class Scheduled:
    """What became of pods.

    Args:
        bound: the node of each pod that has one.
        pending: why each other has none.
    """

    def __init__(self, bound: Mapping[str, str], pending: Mapping[str, str]) -> None:
        self.bound = bound
        self.pending = pending


def schedule(
    client: httpx.Client, nodes: Sequence[Mapping[str, Any]], pods: Sequence[Mapping[str, Any]], seconds: float = 60
) -> Scheduled:
    """Return what the scheduler makes of pods on nodes, in their order; both are gone afterwards.

    A pod counts as pending when it was refused by as many nodes as there are: what the scheduler had not seen of them
    yet, it looks at again.

    Args:
        client: speaks to the API server.
        nodes: Node objects, with their status.
        pods: Pod objects.
        seconds: how long it may take.
    """
    try:
        for node in nodes:
            client.post("/api/v1/nodes", json=node).raise_for_status()
            path = f"/api/v1/nodes/{node['metadata']['name']}/status"
            client.patch(
                path, json={"status": node["status"]}, headers={"Content-Type": "application/merge-patch+json"}
            ).raise_for_status()
        for pod in pods:
            client.post("/api/v1/namespaces/default/pods", json=pod).raise_for_status()
        return _decided(client, len(nodes), len(pods), seconds)
    finally:
        client.request("DELETE", "/api/v1/namespaces/default/pods", params={"gracePeriodSeconds": 0}).raise_for_status()
        client.request("DELETE", "/api/v1/nodes").raise_for_status()


def _decided(client: httpx.Client, nodes: int, pods: int, seconds: float) -> Scheduled:
    end = time.monotonic() + seconds
    steady = ""
    while time.monotonic() < end:
        bound, pending, open_ = {}, {}, 0
        for pod in client.get("/api/v1/namespaces/default/pods").json()["items"]:
            name, spec = pod["metadata"]["name"], pod["spec"]
            told = [c for c in pod["status"].get("conditions") or () if c["type"] == "PodScheduled"]
            if spec.get("nodeName"):
                bound[name] = spec["nodeName"]
            elif told and told[0].get("reason") == "Unschedulable" and f"/{nodes} nodes" in told[0]["message"]:
                pending[name] = told[0]["message"]
            else:
                open_ += 1
        shown = f"{sorted(bound)} {sorted(pending)}"
        if not open_ and len(bound) + len(pending) == pods and shown == steady:
            return Scheduled(bound, pending)
        steady = shown
        time.sleep(0.15)
    message = f"the scheduler has not decided on {open_} of {pods} pods within {seconds:.0f} s"
    raise TimeoutError(message)
