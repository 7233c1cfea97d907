"""The ways out of the cluster, by name."""

import json

import pytest

from catalog import Catalog, egress
from tests.catalog.conftest import Broken

GITHUB = "catalog/mcp/github.yaml"
API = {"reason": "reaches an API", "ports": [443]}


@pytest.mark.parametrize("cidrs", [["0.0.0.0/0"], ["::/0"]])
def test_who_would_go_out_to_any_address_is_told_to_name_hosts(broken: Broken, cidrs: list[str]) -> None:
    (offence,) = broken({"mcp/github.yaml": {"egress": [{**API, "cidrs": cidrs}]}})
    assert (offence.path, offence.value) == (f"{GITHUB}: egress[0].cidrs", cidrs[0])
    assert "hosts: [" in offence.remedy


@pytest.mark.parametrize("host", ["https://api.github.com", "api.github.com.", "*.com", "*", "a.*.com", "10.0.0.1"])
def test_what_is_no_name_is_refused(broken: Broken, host: str) -> None:
    (offence,) = broken({"mcp/github.yaml": {"egress": [{**API, "hosts": [host]}]}})
    assert (offence.path, offence.value) == (f"{GITHUB}: egress[0].hosts[0]", host)


def test_a_destination_is_one_of_the_three_kinds(broken: Broken) -> None:
    both = {**API, "hosts": ["api.github.com"], "cidrs": ["203.0.113.0/24"]}
    (offence,) = broken({"mcp/github.yaml": {"egress": [both]}})
    assert "exactly one of hosts, cidrs and workload" in offence.rule


def test_two_workloads_that_are_led_out_differ_in_their_port(broken: Broken) -> None:
    out = {**API, "hosts": ["example.com"]}
    offences = broken(
        {
            "central/mcp-gateway.yaml": {"egress": [out]},
            "central/mcp-orchestration.yaml": lambda tree: tree["egress"].append(out),
        }
    )
    assert [(one.path, one.value) for one in offences] == [
        ("catalog/central/mcp-orchestration.yaml: ports[0].port", "8080"),
        ("catalog/data/weaviate.yaml: ports[0].port", "8080"),
    ]
    assert "mcp-gateway has this one" in offences[0].rule


def test_the_proxy_has_a_port_for_each_that_is_led_out_and_lets_nobody_else_in_there(committed: Catalog) -> None:
    stack = committed.stack("dev", machines=["sophia-development"], mcp_servers=["github", "postgres", "slack"])
    (proxy,) = [one for one in stack.central if one.name == egress.PROXY]
    assert [(one.port, one.only_from) for one in proxy.ports] == [
        (8080, ()),
        (19005, ("github",)),
        (19004, ("slack",)),
        (25432, ("postgresql-backup",)),
        (26379, ("valkey-backup",)),
        (18080, ("weaviate",)),
        (28080, ("weaviate-backup",)),
    ]
    told = json.loads(egress.configuration(stack.workloads))["clients"]
    assert [(one["name"], one["port"]) for one in told] == [
        ("github", 19005),
        ("slack", 19004),
        ("postgresql-backup", 25432),
        ("valkey-backup", 26379),
        ("weaviate", 18080),
        ("weaviate-backup", 28080),
    ]
    named = {one["name"]: [host for to in one["destinations"] for host in to["hosts"]] for one in told}
    assert named["weaviate"] == ["api.openai.com"], "where its backups are kept is nothing that it may reach itself"
    assert {*named["weaviate-backup"]} == {*committed.object_storage.hosts("dev")}
    assert told[0]["destinations"] == [{"hosts": ["api.github.com"], "ports": [443]}]


def test_who_is_led_nowhere_is_told_of_no_proxy(committed: Catalog) -> None:
    assert egress.environment(committed.mcp["postgres"], "sophia-mcp") == {}
    told = egress.environment(committed.mcp["github"], "sophia-mcp")
    assert told["HTTPS_PROXY"] == "http://egress-proxy.sophia-mcp.svc.cluster.local:19005"
