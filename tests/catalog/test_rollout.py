"""The next version of a server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Stack, egress, load
from tests.catalog.conftest import Broken

Edited = Callable[[dict[str, Any]], Path]
GITHUB = "catalog/mcp/github.yaml"


def chosen(edited: Edited, **rollout: Any) -> Stack:
    root = edited({"mcp/github.yaml": {"rollout": {"tag": "1.1.0", **rollout}}})
    return load(root).stack("dev", machines=["sophia-development"], mcp_servers=["github", "postgres"])


def test_it_is_a_workload_of_its_own_that_only_the_gateway_leads_to(edited: Edited) -> None:
    stack = chosen(edited, settings={"ORG": "somebody"})
    (server,) = (one for one in stack.servers if one.name == "github")
    following = stack.canaries["github"]
    assert [*stack.canaries] == ["github"]
    assert following not in stack.workloads, "there are as many servers as before"
    assert following.object_name == "mcp-github-canary"
    assert (following.image.tag, server.image.tag) == ("1.1.0", "1.0.0")
    assert following.settings == {**server.settings, "ORG": "somebody"}
    assert (following.expose, following.ingress_from) == (None, (*server.ingress_from, "traefik"))


def test_it_is_led_out_by_the_entrance_of_the_server(edited: Edited) -> None:
    stack = chosen(edited)
    (proxy,) = (one for one in stack.central if one.name == egress.PROXY)
    assert [port.port for port in proxy.ports if "github-canary" in port.only_from] == [19005]
    assert [port.only_from for port in proxy.ports if port.port == 19005] == [("github", "github-canary")]
    assert egress.port(stack.canaries["github"]) == 19005


@pytest.mark.parametrize(
    ("change", "field", "remedy"),
    [
        ({"rollout": {"tag": "1.0.0"}}, "rollout.tag", "new tag"),
        ({"rollout": {"tag": "1.1.0"}, "expose": None}, "rollout", "image's tag"),
        ({"rollout": {"tag": "1.1.0", "weight": 30}}, "rollout.weight", ""),
        ({"rollout": {"tag": "latest"}}, "rollout.tag", ""),
    ],
)
def test_what_cannot_be_taken_over_by_steps_is_refused(
    broken: Broken, change: dict[str, Any], field: str, remedy: str
) -> None:
    found = {offence.path: offence for offence in broken({"mcp/github.yaml": change})}
    assert f"{GITHUB}: {field}" in found
    assert remedy in found[f"{GITHUB}: {field}"].remedy


def test_one_with_sessions_is_not_taken_over_by_steps(broken: Broken) -> None:
    def stateful(tree: dict[str, Any]) -> None:
        tree["mcp"] = {**tree["mcp"], "session": "stateful"}
        tree |= {"rollout": {"tag": "1.1.0"}, "replicas": {"min": 1, "max": 1}, "autoscaling": None}

    (offence,) = broken({"mcp/github.yaml": stateful})
    assert (offence.path, offence.value) == (f"{GITHUB}: rollout", "session: stateful")
