"""The routes behind the gateway."""

import re
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


def said(rule: dict[str, Any]) -> list[dict[str, str]]:
    """Headers that every match of a rule asks for."""
    first, *others = [match.get("headers", []) for match in rule["matches"]]
    assert all(other == first for other in others)
    return list(first)


def led_through(rule: dict[str, Any]) -> list[str]:
    return [one["extensionRef"]["name"] for one in rule["filters"] if "extensionRef" in one]


def test_a_server_is_published_at_its_path_with_its_metadata_and_nothing_else(stack, facts):
    small, serving, asked, known = rules(stack, facts.mcp["github"])
    assert served(asked) == {("OPTIONS", "/mcp/github")}
    assert served(small) == {("POST", "/mcp/github")}
    assert served(serving) == {(method, "/mcp/github") for method in ("GET", "POST", "DELETE")}
    assert served(known) == {("GET", "/.well-known/oauth-protected-resource/mcp/github")}
    assert backends(small) == backends(serving) == {"mcp-github": 1}
    assert {match["path"]["type"] for rule in (small, serving, asked, known) for match in rule["matches"]} == {"Exact"}


def test_clients_of_old_protocols_have_no_way_to_a_modern_server(stack, facts):
    small, serving, _asked, _known = rules(stack, facts.mcp["postgres"])
    assert served(small) == served(serving) == {("POST", "/mcp/postgres")}


@pytest.mark.parametrize("kib", [1, 9, 10, 97, 98, 1024, 16384])
def test_only_a_body_that_says_to_be_within_the_limit_goes_unmeasured(stack, facts, kib):
    github = facts.mcp["github"]
    limit = github.rate_limit.model_copy(update={"body_kib": kib})
    small, serving, _asked, _known = rules(stack, github.model_copy(update={"rate_limit": limit}))
    (header,) = said(small)
    assert (header["name"], header["type"]) == ("Content-Length", "RegularExpression")
    unmeasured = [size for size in (0, 999, 1024 * kib, 1024 * kib + 1) if re.search(header["value"], str(size))]
    assert unmeasured == [0, 999], "and never one beyond it"
    assert (led_through(small)[1], led_through(serving)[1]) == ("auth", "auth-and-size")
    assert led_through(small)[2:] == led_through(serving)[2:]
    assert said(serving) == [], "whatever says nothing, or more"


def test_what_is_not_exposed_has_no_route(stack, facts):
    with pytest.raises(ValueError, match="not exposed"):
        rules(stack, facts.central["registry-v2"].model_copy(update={"expose": None}))


@pytest.mark.parametrize(("weight", "shares"), [(0, (100, 0)), (10, (90, 10)), (50, (50, 50)), (100, (0, 100))])
def test_a_next_version_gets_its_share_and_either_is_picked_by_a_header(stack, facts, weight, shares):
    entry = facts.mcp["github"].model_dump() | {"rollout": {"tag": "1.1.0", "weight": weight}}
    *found, _asked, _known = rules(stack, type(facts.mcp["github"]).model_validate(entry))
    for present, following, both in (found[::2], found[1::2]):
        assert backends(both) == {"mcp-github": shares[0], "mcp-github-canary": shares[1]}
        picked = {said(rule)[0]["value"]: [*backends(rule)] for rule in (present, following)}
        assert picked == {"1.0.0": ["mcp-github"], "1.1.0": ["mcp-github-canary"]}
        assert said(present)[1:] == said(following)[1:] == said(both)
        assert served(present) == served(following) == served(both)
        assert present["filters"] == following["filters"] == both["filters"], "nobody is let past the hook"
