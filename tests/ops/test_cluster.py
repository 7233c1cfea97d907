"""What runs on a cluster, read from what an API server answers."""

from collections.abc import Iterator

import httpx
import pytest
from tenacity import stop_after_attempt, wait_none

from ops import cluster as cluster_module
from ops.cluster import NotReadyError, nodes, require_floors, require_nodes, servers
from ops.results import NodeRow, ServerRow

ENDPOINTS = {"github": "http://mcp-github.sophia-mcp.svc:9005"}


def test_a_node_is_told_with_its_role_architecture_and_pods(cluster):
    (node,) = nodes(cluster("mcp-github", "mcp-huge", "mcp-lost"))
    assert node == NodeRow(name="sophia-development", role="dev", architecture="amd64", ready=True, pods=2)


def test_a_server_is_ready_where_its_pods_are(cluster):
    (server,) = servers(cluster("mcp-github"), {"github": 1}, ENDPOINTS)
    assert server == ServerRow(
        name="github", ready=1, wanted=1, nodes=("sophia-development",), endpoint=ENDPOINTS["github"]
    )


def test_a_server_without_pods_is_not_ready(cluster):
    (server,) = servers(cluster(), {"github": 1}, ENDPOINTS)
    assert (server.ready, server.nodes) == (0, ())


def test_pods_that_belong_to_no_server_are_nobodys(cluster):
    assert servers(cluster("mcp-huge"), {}, {}) == ()


def test_servers_below_their_floor_are_named_with_what_they_lack(cluster):
    once = require_floors.retry_with(stop=stop_after_attempt(1), wait=wait_none())
    with pytest.raises(NotReadyError, match=r"github \(1 of 2\).*kubectl get pods"):
        once(cluster("mcp-github"), {"github": 2})


def test_a_machine_that_is_no_node_yet_is_named(cluster):
    once = require_nodes.retry_with(stop=stop_after_attempt(1), wait=wait_none())
    once(cluster(), ["sophia-development"])
    with pytest.raises(NotReadyError, match=r"nodes not Ready after 60 s: sophia-ai-core; see `kubectl describe node`"):
        once(cluster(), ["sophia-development", "sophia-ai-core"])


def test_servers_are_waited_for_until_they_are_at_their_floor(api):
    asked = []

    def late(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer: httpx.Response = api("mcp-github" if len(asked) > 2 else "none")(request)
        return answer

    soon = require_floors.retry_with(wait=wait_none())
    with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(late)) as client:
        soon(client, {"github": 1})
    assert len(asked) == 3


def test_an_api_server_that_refuses_is_an_error():
    refusing = httpx.MockTransport(lambda _: httpx.Response(403))
    with (
        httpx.Client(base_url="https://api.invalid", transport=refusing) as client,
        pytest.raises(httpx.HTTPStatusError),
    ):
        nodes(client)


@pytest.mark.parametrize("slow", [httpx.Response(500), httpx.ReadTimeout("slow")])
def test_an_api_server_that_takes_connections_is_waited_for(monkeypatch, slow):
    answers: Iterator[httpx.Response | Exception] = iter([slow, httpx.Response(200, text="ok")])

    def answer(_: httpx.Request) -> httpx.Response:
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    monkeypatch.setattr(cluster_module, "_ABSENT_SECONDS", 0)
    with httpx.Client(base_url="https://api", transport=httpx.MockTransport(answer)) as client:
        assert cluster_module.trouble(client) == ""
