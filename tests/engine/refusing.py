"""Servers that refuse whatever they are asked to make and repeat all of it in their answer, and a program that asks."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import asyncssh
import httpx
from typing_extensions import override

from providers.host.provider import PROVIDER as HOST
from providers.lambda_cloud.provider import PROVIDER as LAMBDA_CLOUD
from providers.rfc2136.provider import PROVIDER as RFC2136
from providers.weaviate.provider import PROVIDER as WEAVIATE
from rehearsal.lambda_cloud import Account, Fake, serve
from rehearsal.machines.testing import key_pair
from rehearsal.vercel.provider import PROVIDER as VERCEL
from render.graph import SECRET, UNKNOWN
from tests.host.declarations import BREAK_GLASS, ROWS
from tests.host.loopback import Loopback

GOLDENS = Path(__file__).parents[1] / "golden"
CANARY = "[canary]"
"""What stands in inputs where the program gives a secret."""
PROGRAM = """
import json
from pathlib import Path

import pulumi
import pulumi_kubernetes

config = pulumi.Config()


def filled(value):
    if isinstance(value, dict):
        return {key: filled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one) for one in value]
    if isinstance(value, str) and "[canary]" in value:
        return config.require_secret("canary").apply(lambda canary: value.replace("[canary]", canary))
    return value


cluster = pulumi_kubernetes.Provider("cluster", kubeconfig=config.require("kubeconfig"))
for number, (kind, inputs) in enumerate(json.loads(Path("kinds.json").read_text()).items()):
    versions = {"command": {"version": "1.2.1"}, "vercel": {"version": "5.21.1"}}
    special = {"kubernetes": {"provider": cluster}, **versions}.get(kind.partition(":")[0], {})
    pulumi.CustomResource(kind, f"refused-{number}", filled(inputs), pulumi.ResourceOptions(**special))
"""


def kinds(ssh: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return every kind of resource that the platform or one of its providers has, with inputs that hold a secret.

    Args:
        ssh: how the host is reached that refuses.
    """
    on = {"host": "m1", "connection": ssh}
    artefacts, version = {"amd64": {"sha256": "a" * 64}, "arm64": {"sha256": "a" * 64}}, "v1.36.2+k3s1"
    rule = {"protocol": "tcp", "portRange": [22, 22], "sourceNetwork": "0.0.0.0/0", "description": CANARY}
    rows = [{**one, "port": ssh["port"]} if one["name"] == "ssh" else one for one in ROWS]
    glass = {**BREAK_GLASS, "reason": CANARY}
    return {
        **_kubernetes(),
        "lambda-cloud:index:SshKey": {"name": CANARY, "publicKey": key_pair()[1]},
        "lambda-cloud:index:Filesystem": {"name": CANARY, "region": "us-west-1"},
        "lambda-cloud:index:FirewallRuleset": {"name": "refused", "region": "us-west-1", "rules": [rule]},
        "lambda-cloud:index:GlobalFirewallRuleset": {"rules": [rule]},
        "lambda-cloud:index:InstanceReady": {"instanceId": CANARY},
        "lambda-cloud:index:Instance": {
            "candidates": [{"instanceType": "gpu_1x_a10", "region": "us-west-1"}],
            "maxPriceCentsPerHour": 129,
            "name": "refused",
            "sshKeyName": "refused",
            "userData": CANARY,
        },
        "weaviate:index:Collection": {"name": "Refused", "description": CANARY, "properties": []},
        "weaviate:index:Alias": {"name": "Refused", "collection": CANARY},
        "weaviate:index:Role": {"name": CANARY, "permissions": [{"action": "read_cluster"}]},
        "weaviate:index:User": {"name": CANARY, "roles": ["viewer"]},
        "host:index:Host": {"addresses": ssh["addresses"], "port": ssh["port"], "machine": CANARY},
        "host:index:Access": {**on, "address": "10.97.0.5/24", "interface": "access", "peers": [], "port": 51822},
        "host:index:Files": {**on, "files": [{"path": "/etc/refused"}], "secretContents": {"/etc/refused": CANARY}},
        "host:index:Firewall": {**on, "nodes": ["10.16.0.2"], "rows": rows, "breakGlass": [glass]},
        "host:index:Packages": {**on, "present": [CANARY]},
        "host:index:Sysctl": {**on, "name": "refused", "values": {"kernel.panic": CANARY}},
        "host:index:Unit": {**on, "name": "refused.service", "triggers": {"/etc/refused": CANARY}},
        "host:index:K3sServer": {
            **on,
            "version": version,
            "artefacts": artefacts,
            "config": {"node-name": "one", "cluster-init": True, "secrets-encryption": True},
            "token": CANARY,
            "agentToken": CANARY,
            "address": "127.0.0.1",
            "context": "dev",
        },
        "host:index:K3sAgent": {
            **on,
            "version": version,
            "artefacts": artefacts,
            "config": {"node-name": "two", "server": "https://127.0.0.1:6443"},
            "token": f"K10{'b' * 64}::node:{CANARY}",
        },
        "rfc2136:index:Zone": {
            "name": "refused.test",
            "records": {"refused.test TXT": {"ttl": 300, "values": [f'"{CANARY}"']}},
        },
        **_vercel(),
        "command:remote:Command": {
            "connection": {"host": "127.0.0.1", "port": ssh["port"], "user": "ubuntu", "hostKey": ssh["hostKey"]},
            "create": "false",
            "stdin": CANARY,
            "logging": "none",
        },
    }


def expected() -> set[str]:
    """Return the kinds that the goldens and the providers' own schemas have."""
    own = {kind for one in (HOST, LAMBDA_CLOUD, RFC2136, VERCEL, WEAVIATE) for kind in one.kinds}
    used = {kind for kind in _used() if not kind.startswith(("pulumi:", "sophia:"))}
    return own | used


def _vercel() -> Mapping[str, Mapping[str, Any]]:
    of = {"projectId": "prj_refused"}
    condition = {"type": "path", "op": "pre", "value": CANARY}
    rule = {"name": "refused", "action": {"action": "deny"}, "conditionGroups": [{"conditions": [condition]}]}
    return {
        "vercel:index/project:Project": {"name": "refused", "buildCommand": CANARY},
        "vercel:index/projectDomain:ProjectDomain": {**of, "domain": "refused.test", "gitBranch": CANARY},
        "vercel:index/projectEnvironmentVariable:ProjectEnvironmentVariable": {
            **of,
            "key": "REFUSED",
            "value": CANARY,
            "sensitive": True,
            "targets": ["production"],
        },
        "vercel:index/projectRoute:ProjectRoute": {**of, "description": CANARY, "route": {"src": "^/$"}},
        "vercel:index/firewallConfig:FirewallConfig": {**of, "rules": {"rules": [rule]}},
        "vercel:index/projectCrons:ProjectCrons": {"projectId": CANARY, "enabled": False},
        "vercel:index/deployment:Deployment": {**of, "ref": CANARY},
        "vercel:index/dnsRecord:DnsRecord": {"domain": "refused.test", "type": "TXT", "value": CANARY},
    }


def _used() -> Mapping[str, Any]:
    graphs = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(GOLDENS.glob("*.json"))]
    return {one["type"]: one.get("inputs", {}) for graph in graphs for one in graph["resources"]}


def _kubernetes() -> Mapping[str, Any]:
    """Return one of each kind that the program has, by another name and with a label that every API server refuses."""
    refused = {"labels": {"bad label!": "x"}, "annotations": {"refused": CANARY}}
    crd = {"group": "example.com", "names": {"kind": "R", "plural": "r"}, "scope": "Cluster", "versions": []}
    special: Mapping[str, Mapping[str, Any]] = {
        "Secret": {"stringData": {"key": CANARY}},
        "CustomResourceDefinition": {"spec": crd},
    }
    return {
        kind: {
            **_plain(inputs),
            **special.get(kind.rpartition(":")[2], {}),
            "metadata": {**_plain(inputs["metadata"]), "name": "refused", **refused},
        }
        for kind, inputs in _used().items()
        if kind.startswith("kubernetes:")
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return "refused" if value in {SECRET, UNKNOWN} else value


class _Refusing(BaseHTTPRequestHandler):
    """Has nothing but what a Lambda account is born with, and repeats what it is sent, headers and all."""

    account: Fake
    asked: ClassVar[set[str]]

    @override
    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """Say what is there."""
        if self.path.endswith("/meta"):
            self._answer(200, {"version": "1.39.0", "hostname": "refusing", "modules": {}})
        elif self.path.startswith("/v1/"):
            self._answer(404, {"error": [{"message": f"{self.path} {self.headers}"}]})
        else:
            headers = {"Authorization": f"Bearer {self.account.key}"}
            found = httpx.get(f"{self.account.url}{self.path}", headers=headers)
            self._answer(found.status_code, found.json())

    def do_POST(self) -> None:
        """Refuse, and repeat."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.asked.add(f"{self.command} {self.path.partition('?')[0]}")
        told = f"{self.path} {self.headers} {body}"
        if self.path.startswith("/v1/"):
            self._answer(422, {"error": [{"message": told}]})
        else:
            self._answer(400, {"error": {"code": "global/invalid-parameters", "message": told, "suggestion": told}})

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - the library's names

    def _answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def http() -> Iterator[tuple[str, set[str]]]:
    """Serve an API that refuses; give its address and what it was asked to make."""

    class Handler(_Refusing):
        asked: ClassVar[set[str]] = set()

    with (
        serve(Account.born(), speed=1000.0) as Handler.account,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
    ):
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", Handler.asked
        finally:
            server.shutdown()
            thread.join()


class RefusingHost(Loopback):
    """A host on which every command fails with what it was given.

    Args:
        public_key: what it admits.
    """

    @property
    def connection(self) -> Mapping[str, Any]:
        """How it is reached."""
        return {"addresses": ["127.0.0.1"], "hostKey": self.host_key, "port": self.port}

    @override
    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        given = b""
        # A command may be kept open for more: what came by then is repeated.
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while data := await process.stdin.read(65536):
                    given += data
        process.stderr.write(f"{process.command} {process.env} ".encode() + given)
        process.exit(1)
