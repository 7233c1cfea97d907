"""The registry's API, over the files of a stack, by HTTP."""

from collections.abc import Iterator

import httpx
import pytest

import catalog
from benchmarks.served import serving
from catalog import discovery
from rehearsal.servers.registry_v2 import application

FACTS = catalog.load()
NAMES = sorted(f"ai.sophia-intel/{name}" for name in FACTS.mcp)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("registry")
    for name, text in discovery.files(FACTS.mcp.values(), "https://mcp.example").items():
        (folder / name).write_text(text)
    with serving(application(folder)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def names(answer: httpx.Response) -> list[str]:
    return [one["server"]["name"] for one in answer.raise_for_status().json()["servers"]]


def test_all_servers_are_listed_page_by_page(registry):
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(10):
        answer = registry.get("/v0.1/servers", params={"limit": 5, **cursor})
        found += names(answer)
        metadata = answer.json()["metadata"]
        assert metadata["count"] == len(names(answer)) <= 5
        if "nextCursor" not in metadata:
            break
        cursor = {"cursor": metadata["nextCursor"]}
    assert found == NAMES


def test_a_search_is_by_a_part_of_the_name(registry):
    assert names(registry.get("/v0.1/servers", params={"search": "git"})) == ["ai.sophia-intel/github"]
    assert names(registry.get("/v0.1/servers", params={"version": "0.9.0"})) == []
    assert names(registry.get("/v0.1/servers", params={"version": "latest"})) == NAMES


@pytest.mark.parametrize("name", ["ai.sophia-intel%2Fgithub", "ai.sophia-intel/github"])
@pytest.mark.parametrize("version", ["latest", "1.0.0"])
def test_one_server_is_found_by_its_name(registry, name, version):
    answer = registry.get(f"/v0.1/servers/{name}/versions/{version}").raise_for_status().json()
    assert answer["server"]["remotes"][0]["url"] == "https://mcp.example/mcp/github"
    assert answer["_meta"]["io.modelcontextprotocol.registry/official"]["status"] == "active"
    assert names(registry.get(f"/v0.1/servers/{name}/versions")) == ["ai.sophia-intel/github"]


@pytest.mark.parametrize(
    "path",
    ["ai.sophia-intel/nobody/versions", "ai.sophia-intel/nobody/versions/latest", "ai.sophia-intel/github/versions/2"],
)
def test_what_there_is_not_is_not_found(registry, path):
    answer = registry.get(f"/v0.1/servers/{path}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Server not found"})


@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_a_limit_that_is_none_is_a_bad_request(registry, limit):
    answer = registry.get("/v0.1/servers", params={"limit": limit})
    assert answer.status_code == 400
    assert limit in answer.json()["error"]


def test_probes_and_prometheus_are_answered(registry):
    assert [registry.get(path).status_code for path in ("/health", "/ready")] == [200, 200]
    assert "registry_servers 16" in registry.get("/metrics").text
