"""What an MCP server's entry may not say against itself."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from catalog import Catalog
from tests.catalog.conftest import Broken

GITHUB = "mcp/github.yaml"


def over(**fields: Any) -> Callable[[dict[str, Any]], object]:
    def edit(tree: dict[str, Any]) -> None:
        for name, value in fields.items():
            tree[name] = {**tree.get(name, {}), **value} if isinstance(value, dict) else value

    return edit


@pytest.mark.parametrize(
    ("file", "change", "field", "remedy"),
    [
        (GITHUB, {"mcp": {"tools": {"allow": []}}}, "mcp.tools.allow", ""),
        (
            GITHUB,
            {"mcp": {"tools": {"allow": ["search_repositories", "list_issues"], "deny": ["create_issue"]}}},
            "mcp.tools.deny",
            "era: modern",
        ),
        ("mcp/github.yaml", {"mcp": {"session": "stateful"}}, "mcp.session", "replicas: {min: 1, max: 1}"),
        ("mcp/postgres.yaml", {"mcp": {"session": "stateful"}}, "mcp.session", "stateless"),
        ("mcp/figma-context.yaml", {"mcp": {"bridge": None}}, "mcp.bridge", "supergateway"),
        (GITHUB, {"mcp": {"bridge": "supergateway"}}, "mcp.bridge", "stdio"),
        (GITHUB, {"probes": {"liveness": {"path": "/mcp"}}}, "probes.liveness.path", "/health"),
        (GITHUB, {"rate_limit": None}, "expose", "rate_limit"),
        (GITHUB, {"mcp": {"era": "legacy"}}, "mcp.conformance.profile", "legacy"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(
    file: str, change: Mapping[str, Any], field: str, remedy: str, broken: Broken
) -> None:
    found = {
        offence.path.rpartition(": ")[2].removeprefix("workload."): offence
        for offence in broken({file: over(**change)})
    }
    assert field in found
    assert remedy in found[field].remedy


def test_a_smoke_call_is_to_an_allowed_tool(broken: Broken) -> None:
    change = {"mcp": {"smoke_call": {"tool": "delete_everything", "expect": "x"}}}
    (offence,) = broken({GITHUB: over(**change)})
    assert (offence.value, "search_repositories" in offence.remedy) == ("delete_everything", True)


def test_a_tool_that_nobody_has_decided_on_is_refused(broken: Broken) -> None:
    (offence,) = broken({GITHUB: over(mcp={"tools": {"allow": ["search_repositories", "list_issues"]}})})
    assert (offence.value, offence.rule) == ("create_issue", "each tool that a server lists is allowed or denied")


def test_a_tool_that_the_server_does_not_list_is_refused(broken: Broken) -> None:
    tools = ["search_repositories", "list_issues", "create_issue", "create_isue"]
    (offence,) = broken({GITHUB: over(mcp={"tools": {"allow": tools}})})
    assert (offence.value, "./sophia lock tools" in offence.remedy) == ("create_isue", True)


def test_a_lock_that_is_no_json_is_named(broken: Broken) -> None:
    offences = broken({"lock/tools.json": "{"})
    assert "catalog/lock/tools.json" in {offence.path for offence in offences}


def test_a_central_service_may_not_have_the_name_of_a_server(broken: Broken, committed: Catalog) -> None:
    text = "title: T\ndescription: D\ntier: SECONDARY\nports: [{name: http, port: 8099}]\n"
    offences = broken({"central/github.yaml": text})
    assert "catalog/central/github.yaml" in {offence.path for offence in offences}
    assert "github" not in committed.central


def test_only_tools_that_read_may_be_called_where_that_is_asked(committed: Catalog) -> None:
    machines = [name for name, machine in committed.machines.items() if machine.owner == "dev"]
    stack = committed.stack("dev", machines=machines)
    (postgres,) = [one for one in stack.servers if one.name == "postgres"]
    (cli,) = [one for one in stack.servers if one.name == "lambda-labs-cli"]
    assert stack.callable_tools(postgres) == {"list_tables", "describe_table", "count_rows"}
    assert "terminate_instance" not in stack.callable_tools(cli)
