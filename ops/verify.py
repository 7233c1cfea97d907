"""``verify``: every MCP server of a stack, asked by real clients whether it is what the catalog says."""

import asyncio
import base64
import json
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import httpx2

from catalog import CatalogError, Offence, Stack
from catalog.gateway import CERTIFICATE, NAME, VERIFIER
from catalog.namespace import SERVERS
from catalog.rollout import HEADER
from catalog.workload import Workload
from ops.deployment import Deployment
from ops.gate.asking import Asking, Expected, surface
from ops.gate.conformance import conformity, running
from ops.gate.egress import Probes
from ops.gate.reach import Way, forwarded
from ops.gate.verdict import Check, ServerVerdict, junit
from ops.results import VerifyResult
from rehearsal import RehearsalError
from rehearsal.api_server import ApiServer
from rehearsal.home import private, write_private

_TOKEN_SECONDS = 900
_HTTPS = 443
_AT_ONCE = 4
"""Servers that are asked at the same time: more than the processors of a small machine only wait for each other."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Entrance:
    """Where clients come in."""

    port: int | None
    """A port of loopback that leads there; without one its name does."""
    trust: ssl.SSLContext
    """Whom to trust."""


def verify(deployment: Deployment, servers: Sequence[str] = (), *, watching: float = 0.0) -> VerifyResult:
    """Return what the gate found of each server; the evidence is written beside the stack's state.

    Args:
        deployment: the stack; it is up.
        servers: names of the servers to ask; all by default.
        watching: how long those that are next versions are called again and again afterwards, in seconds.

    Raises:
        CatalogError: a server of that name is not in the stack.
        RehearsalError: the cluster or the gateway cannot be reached at all.
    """
    begun = time.monotonic()
    wanted = chosen(deployment, servers)
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        verdicts = runner.run(_verdicts(deployment, wanted, watching))
    folder = deployment.folder / "verify"
    private(folder)
    result = VerifyResult(
        stack=deployment.stack,
        servers=tuple(verdicts),
        seconds=round(time.monotonic() - begun, 1),
        evidence=str(folder / "verify.json"),
        errors=tuple(
            f"{verdict.name}, {check.way}: {check.name}: {check.detail}"
            for verdict in verdicts
            for check in verdict.checks
            if not check.ok
        ),
    )
    write_private(folder / "verify.json", result.model_dump_json(indent=1) + "\n")
    write_private(folder / "junit.xml", junit(verdicts))
    return result


def chosen(deployment: Deployment, servers: Sequence[str]) -> Sequence[Workload]:
    """Return servers of a stack, and next versions of them, by name; all without one.

    Args:
        deployment: the stack.
        servers: the names.

    Raises:
        CatalogError: a server of that name is not in the stack.
    """
    stack = deployment.graph.choice
    present = [*stack.servers, *stack.canaries.values()]
    names = {one.name for one in present}
    rule, remedy = f"{deployment.stack} runs no such server", f"choose from {', '.join(sorted(names))}"
    if unknown := [Offence("--server", name, rule, remedy) for name in servers if name not in names]:
        raise CatalogError(unknown)
    return [one for one in present if one.name in servers or not servers]


def lock_tools(deployment: Deployment, path: Path) -> list[str]:
    """Write the tools that the servers list into the lock, and return the names of those that changed.

    Args:
        deployment: the stack; it is up.
        path: the lock; servers that this stack does not run stay as they are.
    """

    async def listed() -> dict[str, Any]:
        api = deployment.api()
        ways = {one.name: _service(api, one.object_name, one.ports[0].port) for one in deployment.graph.choice.servers}
        found = await asyncio.gather(*(surface(way) for way in ways.values()))
        return {name: [*tools] for name, tools in zip(ways, found, strict=True)}

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        now = runner.run(listed())
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    changed = sorted(name for name in now if before.get(name) != now[name])
    path.write_text(json.dumps({**before, **now}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return changed


@dataclass(frozen=True, slots=True)
class Gate:
    """The ways to the servers of one stack."""

    stack: Stack
    api: ApiServer
    entrance: _Entrance
    tokens: Mapping[str, str] = field(repr=False)
    """A token for each path of the gateway."""

    def asking(self, one: Workload) -> Asking:
        """Return what asks a server, or the next version of one: that has the server's name, tools and address."""
        server = _server_of(self.stack, one)
        if one.mcp is None:
            msg = f"{one.name} is no MCP server"
            raise ValueError(msg)
        locked = self.stack.surface.get(server.name)
        expected = Expected(one, one.mcp, locked, frozenset(self.stack.callable_tools(server)))
        service = _service(self.api, one.object_name, one.ports[0].port, path=one.mcp.path)
        if server.expose is None:
            return Asking(expected, service, None)
        # Without it a request would come to either of two versions.
        picked = {HEADER: one.image.tag} if server.rollout else {}
        path = server.expose.path
        public = _public(self.entrance, f"{self.stack.url}{path}", self.tokens[path], picked)
        return Asking(expected, service, public)

    async def each(self, wanted: Sequence[Workload], ask: Callable[[Asking], Awaitable[T]]) -> list[T]:
        """Return what is found of each of several servers, a few of which are asked at the same time.

        Args:
            wanted: the servers, or next versions of them.
            ask: finds it out.
        """
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one(server: Workload) -> T:
            async with turn:
                return await ask(self.asking(server))

        return await asyncio.gather(*map(one, wanted))


@asynccontextmanager
async def gate_of(deployment: Deployment, wanted: Sequence[Workload]) -> AsyncIterator[Gate]:
    """Open the ways to servers, with a token for each.

    Args:
        deployment: the stack; it is up.
        wanted: the servers, or next versions of them.

    Raises:
        RehearsalError: the cluster or the gateway cannot be reached at all.
    """
    # What goes wrong in a session is found and told; the library would print its traceback beside it.
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    stack, cluster = deployment.graph.choice, deployment.cluster
    api = deployment.api()
    address, trust = _gateway(cluster, stack.gateway.namespace)
    paths = {server.expose.path for one in wanted if (server := _server_of(stack, one)).expose}
    tokens = {path: _token(cluster, f"{stack.url}{path}") for path in paths}
    # Without a proxy before it, clients come to the gateway by its name, as everybody's do.
    led = forwarded(api.gate, address, _HTTPS) if api.gate else nullcontext()
    async with led as port:
        yield Gate(stack, api, _Entrance(port, trust), tokens)


def _server_of(stack: Stack, one: Workload) -> Workload:
    """Return a server, or the one that this is the next version of."""
    versions = {following.name: server for server, following in stack.canaries.items()}
    return next(server for server in stack.servers if server.name == versions.get(one.name, one.name))


async def _verdicts(deployment: Deployment, wanted: Sequence[Workload], watching: float) -> list[ServerVerdict]:
    tried = Probes(deployment.cluster, SERVERS, deployment.graph.choice, wanted)
    async with gate_of(deployment, wanted) as gate, running(deployment.suite) as suite:

        async def ask(asking: Asking) -> ServerVerdict:
            suited = conformity(suite, asking.expected, asking.service, asking.public)
            verdict, found = await asyncio.gather(asking.verdict(), suited)
            return verdict.model_copy(update={"checks": (*verdict.checks, *found)})

        async def watched(asking: Asking) -> Check:
            told = await asking.watch(watching)
            return Check(name="is watched", way="public", ok=told is None, detail=told or f"for {watching:.0f} s")

        with tried.running() as probes:
            verdicts = await gate.each(wanted, ask)
            reached = await asyncio.to_thread(probes.checks)
        next_ones = [one for one in wanted if watching and one in deployment.graph.choice.canaries.values()]
        held = dict(zip((one.name for one in next_ones), await gate.each(next_ones, watched), strict=True))
    return [
        one.model_copy(
            update={"checks": (*one.checks, *reached[one.name], *([held[one.name]] if one.name in held else ()))}
        )
        for one in verdicts
    ]


def watch(deployment: Deployment, one: Workload, seconds: float) -> str | None:
    """Call a server through the gateway again and again; return what went wrong, or None when the time is up.

    Args:
        deployment: the stack; it is up.
        one: the server, or the next version of one.
        seconds: how long.
    """

    async def watched() -> str | None:
        async with gate_of(deployment, [one]) as gate:
            return await gate.asking(one).watch(seconds)

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(watched())


def _service(api: ApiServer, name: str, port: int, *, path: str = "/mcp") -> Way:
    """Return the way through a Service: the API server leads requests to one of its pods (Kubernetes 1.36)."""
    prefix = f"/api/v1/namespaces/{SERVERS}/services/http:{name}:{port}/proxy"
    url = f"http://{name}.{SERVERS}.svc:{port}{path}"
    return Way("service", url, f"{api.url}{prefix}{path}", api.kubeconfig.trust(), proxy=api.gate)


def _public(entrance: _Entrance, url: str, token: str, picked: Mapping[str, str]) -> Way:
    target = str(httpx2.URL(url).copy_with(host="127.0.0.1", port=entrance.port)) if entrance.port else url
    return Way("public", url, target, entrance.trust, {"Authorization": f"Bearer {token}", **picked})


def _gateway(cluster: httpx.Client, namespace: str) -> tuple[str, ssl.SSLContext]:
    """Return the gateway's address, and how its certificate is checked.

    Raises:
        RehearsalError: it has no address, or no certificate yet.
    """
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gateways/{NAME}"
    status = cluster.get(path).raise_for_status().json().get("status", {})
    addresses = [one["value"] for one in status.get("addresses", ())]
    if not addresses:
        msg = f"the gateway has no address yet; `kubectl -n {namespace} describe gateway {NAME}` says why"
        raise RehearsalError(msg)
    authority = authority_of(cluster, namespace, CERTIFICATE)
    return addresses[0], ssl.create_default_context(cadata=authority or None)


def authority_of(cluster: httpx.Client, namespace: str, secret: str) -> str:
    """Return the certificate, in PEM, of the authority that signed one of the gateway's; empty for a public one.

    Args:
        cluster: speaks to the API server.
        namespace: namespace of the gateway.
        secret: the Secret with the gateway's certificate.

    Raises:
        RehearsalError: it has no certificate yet.
    """
    answer = cluster.get(f"/api/v1/namespaces/{namespace}/secrets/{secret}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        msg = f"{secret} is no certificate yet; `kubectl -n {namespace} describe certificate` says why"
        raise RehearsalError(msg)
    data: Mapping[str, str] = answer.raise_for_status().json()["data"]
    return base64.b64decode(data.get("ca.crt", "")).decode()


def _token(cluster: httpx.Client, audience: str) -> str:
    """Return a token that the API server makes for one resource (TokenRequest, Kubernetes 1.36)."""
    body = {"spec": {"audiences": [audience], "expirationSeconds": _TOKEN_SECONDS}}
    path = f"/api/v1/namespaces/{SERVERS}/serviceaccounts/{VERIFIER}/token"
    return str(cluster.post(path, json=body).raise_for_status().json()["status"]["token"])
