"""Weaviate's real server as a process of a test: its own ports and folder, keys made at run time, roles on."""

import secrets
import socket
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx

READY_SECONDS = 60
END_SECONDS = 30
_KILLED_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
"""However a run ends: as soon as the thread that started the server does."""
MODULES = "backup-filesystem,text2vec-bigram"


def free_ports(count: int) -> range:
    """Return ports in a row that nobody listens on: the server takes some for granted, one above another."""
    while True:
        with closing(socket.socket()) as first:
            first.bind(("127.0.0.1", 0))
            start = int(first.getsockname()[1]) + 1
        try:
            for port in range(start, start + count):
                with closing(socket.socket()) as one:
                    one.bind(("127.0.0.1", port))
        except OSError:
            continue
        return range(start, start + count)


class Server:
    """A server on loopback.

    Args:
        program: the program.
        folder: where its data and its log are.
        more: of its environment.
    """

    def __init__(self, program: Path, folder: Path, **more: str) -> None:
        self.folder = folder
        self._more = more
        self.key = secrets.token_hex(24)
        self._program = program
        self._ports = free_ports(6)
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[httpx.Client] = []
        self.http = self.client(self.key)

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def grpc_port(self) -> int:
        """Where it speaks gRPC, on loopback."""
        return self._ports[1]

    @property
    def environment(self) -> dict[str, str]:
        """What a provider needs to reach it."""
        return {
            "WEAVIATE_URL": self.url,
            "WEAVIATE_GRPC_URL": f"http://127.0.0.1:{self.grpc_port}",
            "WEAVIATE_API_KEY": self.key,
        }

    def client(self, key: str) -> httpx.Client:
        """Return a client with somebody's key; it is closed with the server."""
        headers = {"Authorization": f"Bearer {key}"}
        made = httpx.Client(base_url=f"{self.url}/v1", headers=headers, timeout=60, trust_env=False)
        self._clients.append(made)
        return made

    def start(self) -> None:
        """Bring it up, with what it held."""
        rest, grpc, raft, rpc, gossip, data = map(str, self._ports)
        environment = {
            "API_BASED_MODULES_DISABLED": "false",
            "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
            "AUTHENTICATION_APIKEY_ALLOWED_KEYS": self.key,
            "AUTHENTICATION_APIKEY_ENABLED": "true",  # pragma: allowlist secret
            "AUTHENTICATION_APIKEY_USERS": "root",  # pragma: allowlist secret
            "AUTHENTICATION_DB_USERS_ENABLED": "true",
            "AUTHORIZATION_RBAC_ENABLED": "true",
            "AUTHORIZATION_RBAC_ROOT_USERS": "root",
            "AUTOSCHEMA_ENABLED": "false",
            "BACKUP_FILESYSTEM_PATH": str(self.folder / "backups"),
            "BIGRAM": "alphabet",
            "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
            "CLUSTER_BIND_ADDR": "127.0.0.1",
            "CLUSTER_DATA_BIND_PORT": data,
            "CLUSTER_GOSSIP_BIND_PORT": gossip,
            "CLUSTER_HOSTNAME": "node1",
            "CLUSTER_IN_LOCALHOST": "true",
            "DISABLE_TELEMETRY": "true",
            "ENABLE_MODULES": MODULES,
            "GO_PROFILING_DISABLE": "true",
            "GRPC_PORT": grpc,
            "OBJECTS_TTL_DELETE_SCHEDULE": "@hourly",
            "PERSISTENCE_DATA_PATH": str(self.folder / "data"),
            "RAFT_BOOTSTRAP_EXPECT": "1",
            "RAFT_INTERNAL_RPC_PORT": rpc,
            "RAFT_PORT": raft,
            **self._more,
        }
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_KILLED_WITH_US, self._program, "--host", "127.0.0.1", "--port", rest, "--scheme", "http"],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        ends = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < ends, "Weaviate is not ready"
            time.sleep(0.2)

    def stop(self, *, kill: bool = False) -> None:
        """End it; what it holds stays."""
        if self._process is not None:
            process, self._process = self._process, None
            (process.kill if kill else process.terminate)()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def close(self) -> None:
        """End it and the clients."""
        try:
            self.stop()
        finally:
            for one in self._clients:
                one.close()

    def wipe(self) -> None:
        """Leave nothing in it."""
        for one in self.http.get("/schema").json()["classes"]:
            self.http.delete(f"/schema/{one['class']}").raise_for_status()
        for one in self.http.get("/aliases").json()["aliases"]:
            self.http.delete(f"/aliases/{one['alias']}").raise_for_status()
        for one in self.http.get("/users/db").json():
            if one["dbUserType"] == "db_user":
                self.http.delete(f"/users/db/{one['userId']}").raise_for_status()
        for one in self.http.get("/authz/roles").json():
            if one["name"] not in {"root", "admin", "viewer", "read-only"}:
                self.http.delete(f"/authz/roles/{one['name']}").raise_for_status()

    def schema(self, name: str) -> dict[str, Any]:
        """Return a collection as the server has it, in an order of its own."""
        found: dict[str, Any] = self.http.get(f"/schema/{name}").raise_for_status().json()
        found["properties"] = sorted(found["properties"] or [], key=lambda one: one["name"])
        for one in found["properties"]:
            if "nestedProperties" in one:
                one["nestedProperties"] = sorted(one["nestedProperties"], key=lambda inner: inner["name"])
        return found

    def _is_ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return self.http.get("/.well-known/ready").status_code == httpx.codes.OK
        return False
