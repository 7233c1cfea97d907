"""The real etcd, API server and scheduler as processes on loopback: no kubelet, no controller, no root."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_START_SECONDS = 60
_ADMISSION = "ServiceAccount,TaintNodesByCondition,DefaultTolerationSeconds"
"""Plugins that are off: no controller makes service accounts, and no kubelet reports that a node is ready."""


def _port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def _process(words: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out, subprocess.Popen(words, stdout=out, stderr=out, cwd=log.parent) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[httpx.Client]:
    """Give a client of an API server that has a scheduler, the default one with its default plugins.

    Args:
        programs: folder of the programs.
        folder: what they write to.
    """
    token = secrets.token_hex()
    (folder / "tokens.csv").write_text(f"{token},tester,tester,system:masters\n", encoding="utf-8")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(pem)
    store, peer, api, metrics = (_port() for _ in range(4))
    server = f"https://127.0.0.1:{api}"
    user = {"name": "tester", "user": {"token": token}}
    cluster = {"name": "here", "cluster": {"server": server, "insecure-skip-tls-verify": True}}
    context = {"name": "here", "context": {"cluster": "here", "user": "tester"}}
    kubeconfig = {"clusters": [cluster], "users": [user], "contexts": [context], "current-context": "here"}
    (folder / "kubeconfig").write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **kubeconfig}))
    etcd = [
        f"{programs}/etcd",
        f"--data-dir={folder}/etcd",
        f"--listen-client-urls=http://127.0.0.1:{store}",
        f"--advertise-client-urls=http://127.0.0.1:{store}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
        f"--initial-cluster=default=http://127.0.0.1:{peer}",
        "--unsafe-no-fsync",
    ]
    apiserver = [
        f"{programs}/kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={api}",
        f"--cert-dir={folder}/certificates",
        f"--token-auth-file={folder}/tokens.csv",
        f"--service-account-key-file={folder}/key.pem",
        f"--service-account-signing-key-file={folder}/key.pem",
        "--service-account-issuer=https://here.invalid",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--authorization-mode=RBAC",
        f"--disable-admission-plugins={_ADMISSION}",
    ]
    scheduler = [
        f"{programs}/kube-scheduler",
        f"--kubeconfig={folder}/kubeconfig",
        f"--authentication-kubeconfig={folder}/kubeconfig",
        f"--authorization-kubeconfig={folder}/kubeconfig",
        "--bind-address=127.0.0.1",
        f"--secure-port={metrics}",
        "--leader-elect=false",
        "--kube-api-qps=2000",
        "--kube-api-burst=2000",
    ]
    with ExitStack() as alive:
        alive.enter_context(_process(etcd, folder / "etcd.log"))
        alive.enter_context(_process(apiserver, folder / "apiserver.log"))
        headers = {"Authorization": f"Bearer {token}"}
        client = alive.enter_context(httpx.Client(base_url=server, headers=headers, verify=False, timeout=30))  # noqa: S501 - its certificate was made a moment ago, on loopback
        _wait(client, folder / "apiserver.log")
        alive.enter_context(_process(scheduler, folder / "scheduler.log"))
        yield client


def _wait(client: httpx.Client, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        try:
            if client.get("/readyz").is_success and client.get("/api/v1/namespaces/default").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    message = f"the API server is not ready: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    raise TimeoutError(message)


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
