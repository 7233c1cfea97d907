"""The real etcd and API server as processes on loopback: no kubelet, no controller, no root."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

_START_SECONDS = 120
_ADMISSION = "ServiceAccount,TaintNodesByCondition,DefaultTolerationSeconds"
"""Plugins that are off: no controller makes service accounts, and no kubelet reports that a node is ready."""


def port() -> int:
    """Return a port of loopback that is free."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def process(words: Sequence[str], log: Path) -> Iterator[None]:
    """Run a program while the block does.

    Args:
        words: the program and its arguments.
        log: what it writes to.
    """
    with log.open("wb") as out, subprocess.Popen(words, stdout=out, stderr=out, cwd=log.parent) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[httpx.Client]:
    """Give a client of an API server that may do everything; the file ``kubeconfig`` tells other programs the same.

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
    store, peer, api = (port() for _ in range(3))
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
        "--allow-privileged",
        f"--disable-admission-plugins={_ADMISSION}",
    ]
    with ExitStack() as alive:
        alive.enter_context(process(etcd, folder / "etcd.log"))
        alive.enter_context(process(apiserver, folder / "apiserver.log"))
        headers = {"Authorization": f"Bearer {token}"}
        client = alive.enter_context(
            httpx.Client(base_url=server, headers=headers, verify=False, timeout=60)  # noqa: S501 - its certificate was made a moment ago, on loopback
        )
        _wait(client, folder / "apiserver.log")
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
