"""The machines of a stack: what is adopted and protected, what is launched, and with what."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

import components
from catalog import Stack
from catalog.access import BreakGlass
from catalog.account import FileSystem
from components.lambda_ import plan
from render import Resource

ID = "0123456789abcdef" * 2


@pytest.fixture
def built(build, stack):
    """Gives the machines of a stack, built with what it takes over."""

    def make(name, adopt=(), broken=()):
        chosen = replace(stack(name, break_glass=broken), adopt=dict(adopt), ssh_public_key="ssh-ed25519 AAAA")
        return build(lambda: components.LambdaCluster("lambda", stack=chosen))

    return make


@pytest.fixture
def account_firewall(build, stack):
    """Gives the account's firewall as a stack declares it."""

    def make(name, *broken):
        chosen = stack(name, break_glass=broken)
        return build(lambda: components.AccountFirewall("lambda-account", stack=chosen))

    return make


def from_outside(ruleset: Resource) -> list[Any]:
    """The rules of a ruleset whose source is not everybody."""
    return [rule for rule in ruleset.inputs["rules"] if rule["sourceNetwork"] != "0.0.0.0/0"]


def adopted(stack: Callable[[str], Stack], name: str) -> dict[str, str]:
    return {machine: f"{number:032x}" for number, machine in enumerate(stack(name).machines)}


def of_kind(built: Any, kind: str) -> list[Resource]:
    return [resource for resource in built.resources.values() if resource.type == f"lambda-cloud:index:{kind}"]


def test_every_machine_of_prod_is_taken_over_protected_and_retained(built, stack):
    instances = of_kind(built("prod", adopted(stack, "prod")), "Instance")
    assert len(instances) == 4
    for instance in instances:
        assert instance.options["import_id"]
        assert instance.options["protect"]
        assert instance.options["retain_on_delete"]
        assert instance.inputs["deletionProtection"] is True
        assert instance.inputs["expectedIp"], "an adopted machine with another address is another machine"


def test_an_adopted_machine_keeps_what_it_was_launched_with(built, stack):
    for instance in of_kind(built("prod", adopted(stack, "prod")), "Instance"):
        assert {"tags", "firewallRulesetIds", "fileSystemNames"} & instance.inputs.keys() == set()


def test_prod_launches_nothing_and_so_has_no_ruleset_of_its_own(built, stack):
    assert of_kind(built("prod", adopted(stack, "prod")), "FirewallRuleset") == []


def test_what_is_account_wide_belongs_to_its_owner_alone_and_outlives_it(built, account_firewall, stack):
    (key,) = of_kind(built("prod", {**adopted(stack, "prod"), "sophia2025": ID}), "SshKey")
    (rules,) = of_kind(account_firewall("prod"), "GlobalFirewallRuleset")
    assert key.options["import_id"] == ID
    assert [one.options["protect"] and one.options["retain_on_delete"] for one in (key, rules)] == [True, True]
    for other in ("dev", "staging"):
        assert of_kind(built(other), "SshKey") + of_kind(account_firewall(other), "GlobalFirewallRuleset") == []


def test_the_account_lets_through_what_the_table_opens_to_the_world_and_nothing_that_was_there_before(account_firewall):
    (rules,) = of_kind(account_firewall("prod"), "GlobalFirewallRuleset")
    assert [(r["protocol"], r.get("portRange"), r["sourceNetwork"]) for r in rules.inputs["rules"]] == [
        ("icmp", None, "0.0.0.0/0"),
        ("udp", [51822, 51822], "0.0.0.0/0"),
        ("tcp", [80, 80], "0.0.0.0/0"),
        ("tcp", [443, 443], "0.0.0.0/0"),
        *(
            (protocol, [port, port], f"104.171.202.{agent}/32")
            for agent in (117, 134, 103)
            for protocol, port in (("tcp", 6443), ("tcp", 10250), ("udp", 51820))
        ),
    ], "adopted servers have no other ruleset, so the gateway is opened here too, and the agents come in"
    assert rules.inputs["unmanagedRules"] == "remove"


def test_what_breaks_the_glass_is_let_through_by_lambda_as_long_as_it_is_declared(account_firewall, built):
    entry = BreakGlass(cidr="203.0.113.7/32", reason="x", owner="x", expires=datetime(2026, 12, 1, tzinfo=UTC))
    rulesets = of_kind(account_firewall("prod", entry), "GlobalFirewallRuleset") + of_kind(
        built("staging", broken=(entry,)), "FirewallRuleset"
    )
    opened = {
        (r.name, rule["portRange"][0])
        for r in rulesets
        for rule in from_outside(r)
        if rule["sourceNetwork"] == entry.cidr
    }
    assert opened == {
        ("lambda-account-global", 22),
        ("lambda-account-global", 6443),
        ("lambda-firewall-us-west-1-agent", 22),
        ("lambda-firewall-us-west-1-server", 22),
        ("lambda-firewall-us-west-1-server", 6443),
    }


def test_staging_is_launched_behind_a_ruleset_of_its_own(built):
    staging = built("staging")
    names = {ruleset.name: ruleset.inputs["name"] for ruleset in of_kind(staging, "FirewallRuleset")}
    assert names == {
        "lambda-firewall-us-west-1-agent": "sophia-staging-us-west-1-agent",
        "lambda-firewall-us-west-1-server": "sophia-staging-us-west-1-server",
    }
    for instance in of_kind(staging, "Instance"):
        part = "server" if instance.name == "staging-server-instance" else "agent"
        assert "import_id" not in instance.options
        assert instance.inputs["firewallRulesetIds"] == [f"lambda-firewall-us-west-1-{part}-id"]
        assert instance.inputs["tags"]["environment"] == "staging"


def test_no_ruleset_opens_ssh_or_the_kubernetes_api(built):
    rulesets = of_kind(built("staging"), "FirewallRuleset")
    opened = {
        r.inputs["name"].rpartition("-")[2]: {port for rule in r.inputs["rules"] for port in rule.get("portRange", [])}
        for r in rulesets
    }
    assert opened == {"server": {80, 443, 51822}, "agent": {51822}}


def test_devs_machine_is_launched_while_no_id_is_configured_and_taken_over_while_one_is(built):
    (launched,) = of_kind(built("dev"), "Instance")
    assert launched.inputs["tags"]["schedule"].startswith("mon-tue"), "who meets the machine sees when it may go"
    (taken,) = of_kind(built("dev", {"sophia-development": ID}), "Instance")
    assert taken.options == {"import_id": ID, "delete_before_replace": True}, (
        "a replaceable machine is neither protected nor retained"
    )
    assert of_kind(built("dev", {"sophia-development": ID}), "FirewallRuleset") == []


def test_nothing_dearer_than_the_price_book_is_launched(built):
    prices = {i.inputs["name"]: i.inputs["maxPriceCentsPerHour"] for i in of_kind(built("staging"), "Instance")}
    assert prices == {"staging-server": 129, "staging-agent-1": 20, "staging-agent-2": 20}


def test_a_fallback_is_the_second_candidate_in_the_same_region(built):
    (agent,) = [i for i in of_kind(built("staging"), "Instance") if i.inputs["name"] == "staging-agent-1"]
    assert agent.inputs["candidates"] == [
        {"instanceType": "cpu_4x_general", "region": "us-west-1"},
        {"instanceType": "cpu_4x_generalx", "region": "us-west-1"},
    ]


def test_policies_see_type_region_price_and_exposure_of_every_machine_in_a_preview(built, stack):
    machines = [r for r in built("prod", adopted(stack, "prod")).resources.values() if r.type.endswith(":Machine")]
    facts = {machine.name: machine.inputs for machine in machines}
    assert facts["sophia-mcp-orchestrator"] == {
        "name": "sophia-mcp-orchestrator",
        "instance_type": "gpu_1x_a6000",
        "region": "us-south-1",
        "hourly_cents": 109,
        "adopted": True,
        "pinned": True,
        "firewall": "host",
        "tags": facts["sophia-mcp-orchestrator"]["tags"],
    }
    assert facts["sophia-mcp-orchestrator"]["tags"]["cost-center"] == "engineering", "declared, if never launched"


def test_only_the_machines_in_us_south_1_need_the_host_firewall(stack):
    assert plan.unprotected(stack("prod")) == [
        "sophia-mcp-orchestrator",
        "sophia-data-pipeline",
        "sophia-production-instance",
    ]
    assert plan.unprotected(stack("staging")) == []


def test_a_file_system_is_made_by_its_owner_and_launched_with_its_machines(build, stack):
    staging = stack("staging")
    system = FileSystem(owner="staging", region="us-west-1", machines=("staging-server",))
    chosen = replace(staging, account=staging.account.model_copy(update={"file_systems": {"models": system}}))
    made = build(lambda: components.LambdaCluster("lambda", stack=chosen))
    (filesystem,) = of_kind(made, "Filesystem")
    assert filesystem.inputs["deletionProtection"] is True
    mounted = {i.inputs["name"]: i.inputs["fileSystemNames"] for i in of_kind(made, "Instance")}
    assert mounted == {"staging-server": ["models"], "staging-agent-1": [], "staging-agent-2": []}
