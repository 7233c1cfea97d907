"""The routes behind the gateway."""

from typing import Any

import pytest

from components.gateway import objects


def rules(stack, server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = objects.route(stack("dev"), server, server.object_name)["rules"]
    return found


def backends(rule: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["weight"] for one in rule["backendRefs"]}


def served(rule: dict[str, Any]) -> set[tuple[str, str]]:
    return {(match["method"], match["path"]["value"]) for match in rule["matches"]}


def test_a_server_is_published_at_its_path_with_its_metadata_and_nothing_else(stack, facts):
    serving, known = rules(stack, facts.mcp["github"])
    assert served(serving) == {(method, "/mcp/github") for method in ("GET", "POST", "DELETE")}
    assert served(known) == {("GET", "/.well-known/oauth-protected-resource/mcp/github")}
    assert backends(serving) == {"mcp-github": 1}
    assert {match["path"]["type"] for rule in (serving, known) for match in rule["matches"]} == {"Exact"}


def test_clients_of_old_protocols_have_no_way_to_a_modern_server(stack, facts):
    serving, _ = rules(stack, facts.mcp["postgres"])
    assert served(serving) == {("POST", "/mcp/postgres")}


def test_what_is_not_exposed_has_no_route(stack, facts):
    with pytest.raises(ValueError, match="not exposed"):
        rules(stack, facts.central["registry-v2"].model_copy(update={"expose": None}))


@pytest.mark.parametrize(("weight", "shares"), [(0, (100, 0)), (10, (90, 10)), (50, (50, 50)), (100, (0, 100))])
def test_a_next_version_gets_its_share_and_either_is_picked_by_a_header(stack, facts, weight, shares):
    entry = facts.mcp["github"].model_dump() | {"rollout": {"tag": "1.1.0", "weight": weight}}
    present, following, both, _ = rules(stack, type(facts.mcp["github"]).model_validate(entry))
    assert backends(both) == {"mcp-github": shares[0], "mcp-github-canary": shares[1]}
    picked = {
        match["headers"][0]["value"]: [*backends(rule)] for rule in (present, following) for match in rule["matches"]
    }
    assert picked == {"1.0.0": ["mcp-github"], "1.1.0": ["mcp-github-canary"]}
    assert served(present) == served(following) == served(both)
    assert present["filters"] == following["filters"] == both["filters"], "nobody is let past the hook"
