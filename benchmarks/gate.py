"""How long the gate takes for a whole stack, and what the gateway adds to a request.

The same request is sent to a server's Service and through the gateway, one after the other on connections that stay
open, from a process on the cluster's machine: what differs between the two is the gateway. The gate's own percentiles
are of servers that are asked all at once.
"""

import base64
import json
import statistics
import subprocess
import sys
from typing import Any

from mcp_types.version import LATEST_MODERN_VERSION

from benchmarks.checkout import Checkout, temporary
from benchmarks.samples import Row, machine, show
from catalog.gateway import CERTIFICATE, NAME, VERIFIER

STACK = "dev"
MACHINE = "sophia-development"
SERVER = "github"
NAMESPACE = "sophia-mcp"
RUNS = 3
SECONDS = 60.0
ADDED_MS = 5.0
_REQUESTS = 600
_PAUSE = 0.03
"""Seconds between two of them: the gateway lets 50 a second through."""

_CLIENT = """
import http.client, json, socket, ssl, sys, time

asked = json.load(sys.stdin)
address, host = asked["gateway"], asked["host"]
direct = http.client.HTTPConnection(asked["service"], asked["port"])
public = http.client.HTTPSConnection(host, context=ssl.create_default_context(cadata=asked["authority"]))
public._create_connection = lambda place, *rest: socket.create_connection((address, place[1]), *rest)
ways = {
    "direct": (direct, asked["path"], {**asked["headers"], "Host": asked["name"]}),
    "public": (public, asked["public"], {**asked["headers"], "Authorization": "Bearer " + asked["token"]}),
}
for connection in (direct, public):
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
taken = {name: [] for name in ways}
for number in range(asked["requests"]):
    for name, (connection, path, headers) in ways.items():
        time.sleep(asked["pause"])
        begun = time.perf_counter()
        connection.request("POST", path, asked["body"], headers)
        answer = connection.getresponse()
        said = answer.read()
        taken[name].append(1000 * (time.perf_counter() - begun))
        if answer.status != 200:
            sys.exit(f"{name}: {answer.status} {said[:300]}")
json.dump(taken, sys.stdout)
"""


def measure() -> list[Row]:
    """Return seconds of the gate, and milliseconds that the gateway adds."""
    with temporary() as checkout:
        checkout.sophia("up", STACK)
        return rows(checkout)


def rows(checkout: Checkout) -> list[Row]:
    """Return the same of a checkout whose stack is up."""
    results = [checkout.answer("verify", STACK) for _ in range(RUNS)]
    seconds = statistics.median(result["seconds"] for result in results)
    asked = [check for one in results[0]["servers"] for check in one["checks"]]
    taken = _requests(checkout)
    spread = {name: statistics.quantiles(values, n=20) for name, values in taken.items()}
    added = [spread["public"][place] - spread["direct"][place] for place in (9, 18)]
    return [
        Row(
            f"./sophia verify of {len(results[0]['servers'])} servers, {len(asked)} checks (median of {RUNS})",
            f"{seconds:.0f} s",
            f"under {SECONDS:.0f} s",
            seconds < SECONDS,
        ),
        *(
            Row(f"tools/list of {SERVER}, {name}: p50, p95", f"{values[9]:.1f} ms, {values[18]:.1f} ms")
            for name, values in spread.items()
        ),
        Row("added by the gateway to the p50", f"{added[0]:.1f} ms"),
        Row("added by the gateway to the p95", f"{added[1]:.1f} ms", f"under {ADDED_MS:.0f} ms", added[1] < ADDED_MS),
    ]


def _requests(checkout: Checkout) -> dict[str, list[float]]:
    def found(*words: str) -> Any:
        return json.loads(checkout.kubectl(STACK, "get", *words, "-o", "json"))

    service = found("-n", NAMESPACE, "service", f"mcp-{SERVER}")["spec"]
    route = found("-n", NAMESPACE, "httproute", f"mcp-{SERVER}")["spec"]
    gateway = found("gateway", "-A", f"--field-selector=metadata.name={NAME}")["items"][0]
    secret = ("secret", CERTIFICATE, "-o", "jsonpath={.data.ca\\.crt}")
    host, path = route["hostnames"][0], route["rules"][0]["matches"][0]["path"]["value"]
    port = service["ports"][0]["port"]
    token = ("create", "token", VERIFIER, f"--audience=https://{host}{path}")
    meta = {
        f"io.modelcontextprotocol/{name}": value
        for name, value in {
            "protocolVersion": LATEST_MODERN_VERSION,
            "clientInfo": {"name": "bench", "version": "1"},
            "clientCapabilities": {},
        }.items()
    }
    asked = {
        "gateway": gateway["status"]["addresses"][0]["value"],
        "host": host,
        "public": path,
        "service": service["clusterIP"],
        "port": port,
        "path": "/mcp",
        "name": f"mcp-{SERVER}.{NAMESPACE}.svc:{port}",
        "authority": _decoded(checkout.kubectl(STACK, "-n", gateway["metadata"]["namespace"], "get", *secret)),
        "token": checkout.kubectl(STACK, "-n", NAMESPACE, *token).strip(),
        "headers": {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "MCP-Protocol-Version": LATEST_MODERN_VERSION,
            "Mcp-Method": "tools/list",
        },
        "body": json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}),
        "requests": _REQUESTS,
        "pause": _PAUSE,
    }
    words = [str(checkout.root / "sophia"), "machines", "shell", MACHINE, "--", "python3", "-c", _CLIENT]
    done = subprocess.run(
        words, env=checkout.environment(), input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    if done.returncode:
        message = f"the client on {MACHINE} failed: {done.stderr.strip() or done.stdout.strip()}"
        raise RuntimeError(message)
    taken: dict[str, list[float]] = json.loads(done.stdout)
    return taken


def _decoded(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n")
    show("The gate and the gateway", measure())
