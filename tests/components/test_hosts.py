"""The hosts of a stack: what is on them, who may come in, and in which order."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.access import BreakGlass
from catalog.machine import Machine
from components.hosts import files, plan

ENTRY = BreakGlass(cidr="203.0.113.7/32", reason="locked out", owner="ada", expires=datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def hosts(stack):
    """Gives the plans of a stack's hosts by name."""
    return lambda name, **choice: {host.name: host for host in plan.hosts(stack(name, **choice))}


@pytest.fixture(scope="module")
def dev(build, examples) -> Any:
    """The one host of dev, built."""
    (example,) = examples["Host"]
    return build(lambda: example("sophia-development", known=True))


def kind(resource: Any) -> str:
    return str(resource.type).rsplit(":", 1)[-1]


def content(host: plan.HostPlan, path: str) -> str:
    (found,) = [file for file in host.files if file["path"] == path]
    return str(found["content"])


def before(built: Any, name: str) -> set[str]:
    """The kinds of all that is there before a resource begins."""
    urns, found = [built.named(name).urn], set[str]()
    while urns:
        for urn in built.resources[urns.pop()].dependencies:
            resource = built.resources[urn]
            if resource.custom and urn not in found:
                found.add(urn)
                urns.append(urn)
    return {kind(built.resources[urn]) for urn in found}


def test_the_firewall_comes_last(dev):
    assert before(dev, "sophia-development-firewall") == {"Host", "Packages", "Files", "Sysctl", "Unit", "Access"}, (
        "it closes the way by which all others came in"
    )


def test_a_host_key_that_somebody_has_looked_up_is_the_one_it_must_have(dev, build, examples):
    assert "hostKey" not in dev.named("sophia-development-host").inputs
    (example,) = examples["Host"]
    looked_up = replace(example.args[0], host_key="ssh-ed25519 AAAA")
    built = build(lambda: example.func(looked_up, "sophia-development", known=True))
    assert built.named("sophia-development-host").inputs["hostKey"] == "ssh-ed25519 AAAA"


def test_a_unit_comes_after_the_package_that_brings_it_and_the_files_that_it_reads(dev):
    for unit in [r for r in dev.children if kind(r) == "Unit"]:
        assert before(dev, unit.name) == {"Host", "Packages", "Files"}, unit.name


def test_what_is_on_a_machine_goes_with_it_without_a_login(dev):
    host = dev.named("sophia-development-host").urn
    others = [r for r in dev.children if kind(r) != "Host"]
    assert len(others) > 10
    assert {r.options["deleted_with"] for r in others} == {host}


def test_the_access_address_is_tried_before_the_public_one(dev):
    assert dev.named("sophia-development-host").inputs["addresses"] == ["10.97.0.5", "203.0.113.7"]
    connections = [r.inputs["connection"]["addresses"] for r in dev.children if kind(r) != "Host"]
    assert connections == [["10.97.0.5", "203.0.113.7"]] * len(connections)


def test_policies_see_what_is_open_and_for_whom_in_a_preview(dev):
    assert dev.root.inputs["open"]["ssh"] == ["access"]
    assert dev.root.inputs["peers"] == ["ci"]


def test_every_machine_is_a_host_of_its_own(build, examples):
    (example,) = examples["Hosts"]
    built = build(lambda: example("hosts", known=True))
    assert sorted(r.name for r in built.children if kind(r) == "Host") == [
        "staging-agent-1",
        "staging-agent-2",
        "staging-server",
    ]
    provider = next(r for r in built.children if r.type == "pulumi:providers:host")
    on_hosts = [r for r in built.resources.values() if r.type.startswith("host:index:")]
    assert {r.provider for r in on_hosts} == {provider.urn}
    assert set(provider.inputs) == {"fingerprintKey"}, "how it logs in stands in no state"


def test_only_a_server_opens_the_gateway_and_the_kubernetes_api(hosts):
    opened = {name: {row["name"] for row in host.rows} for name, host in hosts("staging").items()}
    everywhere = {"access", "kubelet", "mesh", "ping", "ssh"}
    assert opened == {
        "staging-server": everywhere | {"http", "https", "kubernetes-api"},
        "staging-agent-1": everywhere,
        "staging-agent-2": everywhere,
    }


def test_nobody_but_people_and_ci_reaches_ssh(hosts):
    rows = [row for name in ("dev", "staging", "prod") for host in hosts(name).values() for row in host.rows]
    assert {tuple(row["sources"]) for row in rows if row.get("port") == 22} == {("access",)}
    assert {tuple(row["sources"]) for row in rows if row.get("port") == 6443} == {("access", "nodes", "pods")}
    assert {row["port"] for row in rows if "world" in row["sources"] and "port" in row} == {80, 443, 51822}


def test_ci_is_a_peer_of_every_host_and_what_breaks_the_glass_has_an_end(hosts):
    for host in hosts("prod", break_glass=(ENTRY,)).values():
        assert [(peer["name"], peer["address"]) for peer in host.peers] == [("ci", "10.97.0.250")]
        assert "expires" not in host.peers[0]
        assert [(entry["cidr"], entry["expires"]) for entry in host.break_glass] == [
            ("203.0.113.7/32", "2026-12-01T00:00:00Z")
        ]


def machine(region: str) -> Machine:
    facts = {"instance_type": "cpu_4x_general", "owner": "x", "lifecycle": "on-demand", "role": "mcp", "k3s": "agent"}
    return Machine.model_validate({**facts, "region": region, "access_address": "10.97.0.9"})


def test_nodes_come_from_public_addresses_and_inside_a_region_from_private_ones():
    machines = {"a": machine("us-south-1"), "b": machine("us-south-1"), "c": machine("us-east-3")}
    public = {"a": "203.0.113.10", "b": "203.0.113.9", "c": "203.0.113.8"}
    private = {"a": "10.1.0.5", "b": None, "c": "10.1.0.5"}
    assert plan.nodes(machines, public, private) == {
        "a": ["10.1.0.5", "203.0.113.8", "203.0.113.9", "203.0.113.10"],
        "b": ["10.1.0.5", "203.0.113.8", "203.0.113.9", "203.0.113.10"],
        "c": ["10.1.0.5", "203.0.113.8", "203.0.113.9", "203.0.113.10"],
    }
    assert plan.nodes(machines, public, {**private, "c": "10.1.0.7"})["a"][0] == "10.1.0.5"
    assert "10.1.0.7" not in plan.nodes(machines, public, {**private, "c": "10.1.0.7"})["a"]


def test_another_content_of_a_file_makes_the_units_that_read_it_read_it_again(hosts):
    host = hosts("dev")["sophia-development"]
    read = {path for unit in host.units for path in unit.reads}
    written = {str(file["path"]) for file in host.files}
    # The timer starts a program that reads it anew each time.
    assert written - read == {files.UPGRADES}
    (ssh,) = [unit for unit in host.units if unit.name == "ssh.service"]
    changed = [{**file, "content": "x"} if file["path"] == files.SSH else file for file in host.files]
    assert host.triggers(ssh) != replace(host, files=tuple(changed)).triggers(ssh)


def test_updates_are_security_alone_and_never_a_reboot(hosts):
    text = content(hosts("prod")["sophia-ai-core"], files.UPGRADES)
    origins = re.findall(r'"origin=.*?"', text)
    assert len(origins) == 2
    assert all("ecurity" in origin for origin in origins)
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in text
    assert text.index("#clear Unattended-Upgrade::Origins-Pattern;") < text.index(origins[0]), "only ours are left"


def test_kernel_and_drivers_are_held_where_there_is_a_gpu_and_nowhere_else(hosts):
    staging = {name: content(host, files.UPGRADES) for name, host in hosts("staging").items()}
    assert {name: '"^nvidia-";' in text and '"^linux-";' in text for name, text in staging.items()} == {
        "staging-server": True,
        "staging-agent-1": False,
        "staging-agent-2": False,
    }


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_updates_come_in_the_window_of_the_stack_and_are_not_made_up_for_at_a_boot(hosts, facts, name):
    window = facts.hosts.upgrades.windows[name]
    for host in hosts(name).values():
        lines = content(host, files.UPGRADE_WINDOW).splitlines()
        assert lines.index("OnCalendar=") < lines.index(f"OnCalendar={window.on_calendar}"), "the own time goes first"
        assert "Persistent=false" in lines
        assert f"RandomizedDelaySec={window.spread_minutes}m" in lines


def test_the_settings_of_ssh_come_before_all_others_and_each_stands_once(hosts):
    host = hosts("dev")["sophia-development"]
    assert files.SSH.rpartition("/")[2].startswith("00-"), "sshd takes the first it finds"
    keywords = [line.split()[0] for line in content(host, files.SSH).splitlines()]
    assert len(set(keywords)) == len(keywords)
    (file,) = [file for file in host.files if file["path"] == files.SSH]
    assert file["mode"] == "0600"


def test_the_journal_is_kept_on_the_disk_within_bounds(hosts):
    lines = content(hosts("dev")["sophia-development"], files.JOURNAL).splitlines()
    assert {"Storage=persistent", "SystemMaxUse=2G", "SystemKeepFree=4G", "MaxRetentionSec=90day"} <= {*lines}


def test_directories_are_those_of_the_machines_role(hosts):
    prod = {name: content(host, files.DIRECTORIES) for name, host in hosts("prod").items()}
    data = "d /var/lib/sophia/data 0700 root root -"
    assert data in prod["sophia-data-pipeline"]
    assert data not in prod["sophia-ai-core"]


def test_every_file_ends_with_a_line_and_holds_no_secret(hosts):
    for host in hosts("prod").values():
        for file in host.files:
            text = str(file["content"])
            assert text.endswith("\n"), file["path"]
            assert "PRIVATE" not in text.upper()
