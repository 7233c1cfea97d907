"""What clients are told of the servers."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

import catalog
from catalog import discovery

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "server-2025-12-11.schema.json").read_text(encoding="utf-8"))
"""Of github.com/modelcontextprotocol/registry 1.8.9, internal/validators/schemas, as it stands there."""
FACTS = catalog.load()
PAGE = (HERE.parents[1] / "docs/clients.md").read_text(encoding="utf-8")
SNIPPETS = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


@pytest.fixture(scope="module")
def valid() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(SCHEMA)


@pytest.mark.parametrize("stack", FACTS.gateway.hosts)
def test_every_server_of_a_stack_has_an_entry_in_the_registrys_form(valid, stack):
    url = f"https://{FACTS.gateway.hosts[stack]}"
    files = discovery.files(FACTS.mcp.values(), url)
    assert len(files) == 16
    for name, text in files.items():
        entry = json.loads(text)
        valid.validate(entry)
        assert entry["name"] == f"ai.sophia-intel/{name.removesuffix('.json')}"
        assert entry["remotes"][0]["url"] == f"{url}/mcp/{name.removesuffix('.json')}"


@pytest.mark.parametrize(
    "change", [{"name": "github"}, {"description": "x" * 101}, {"version": None}, {"remotes": [{"type": "http"}]}]
)
def test_the_schema_refuses_what_breaks_its_rules(valid, change):
    entry = discovery.server_json(FACTS.mcp["github"], "https://mcp.example/mcp/github")
    assert not valid.is_valid({**entry, **change})


def test_what_is_not_exposed_is_found_by_nobody():
    hidden = FACTS.mcp["github"].model_copy(update={"expose": None})
    assert discovery.files([hidden], "https://mcp.example") == {}


def test_each_snippet_names_every_server_by_its_address_and_holds_no_token():
    assert len(SNIPPETS) == 3
    for snippet in SNIPPETS:
        servers = snippet.get("mcpServers") or snippet["servers"]
        assert set(servers) == set(FACTS.mcp)
        for name, entry in servers.items():
            assert entry["url"] == f"https://{FACTS.gateway.hosts['prod']}/mcp/{name}"
            assert re.fullmatch(r"Bearer \$\{[\w:-]+\}", entry["headers"]["Authorization"])


def test_each_token_that_is_asked_for_is_used():
    (code,) = (snippet for snippet in SNIPPETS if "inputs" in snippet)
    used = {entry["headers"]["Authorization"].split("{input:")[1].rstrip("}") for entry in code["servers"].values()}
    assert used == {one["id"] for one in code["inputs"]}
    assert all(one["password"] for one in code["inputs"])
