"""Rules within one workload, and between it and what it names."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog import Offence

Broken = Callable[[dict[str, Any]], list[Offence]]
GITHUB = "catalog/mcp/github.yaml"


def test_a_port_taken_twice_names_both_files(broken: Broken) -> None:
    (offence,) = broken({"mcp/linear.yaml": {"port": 9005}})
    assert (offence.path, offence.value) == ("catalog/mcp/linear.yaml: port", "9005")
    assert f"{GITHUB}: port has it" in offence.rule


def test_the_port_of_the_dropped_server_stays_retired(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"port": 9001}})
    assert (offence.path, offence.value) == (f"{GITHUB}: port", "9001")
    assert "retired" in offence.rule


def test_a_port_of_the_old_lists_is_refused_for_its_server(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"port": 9016}})
    assert offence.rule == "github had this port only in old lists, which disagree"


def test_a_variable_that_is_set_for_every_server_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"settings": {"MCP_SERVER_PORT": "9005"}}})
    assert offence.path == f"{GITHUB}: settings.MCP_SERVER_PORT"


@pytest.mark.parametrize(("resource", "amount"), [("cpu", "1500m"), ("memory", "3Gi")])
def test_a_request_above_its_limit_is_refused(broken: Broken, resource: str, amount: str) -> None:
    (offence,) = broken({"mcp/github.yaml": {"resources": {"requests": {resource: amount}}}})
    assert (offence.path, offence.value) == (f"{GITHUB}: resources.requests.{resource}", amount)


def test_a_maximum_below_the_minimum_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"replicas": {"min": 6}}})
    assert (offence.path, offence.value) == ("catalog/mcp/_defaults.yaml: tiers.SECONDARY.replicas.max", "5")


def test_growth_without_an_autoscaler_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"autoscaling": None}})
    assert offence.rule == "pods above replicas.min need an autoscaler"


def test_a_disruption_budget_that_no_drain_satisfies_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/gong.yaml": {"replicas": {"min": 1}}})
    assert offence.path == "catalog/mcp/_defaults.yaml: tiers.PRIMARY.disruption.min_available"
    assert "at least 2" in offence.remedy


def test_both_kinds_of_disruption_budget_at_once_are_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/gong.yaml": {"disruption": {"max_unavailable": 1}}})
    assert offence.rule == "exactly one of min_available and max_unavailable must be given"


def test_null_takes_the_tier_s_value_away(broken: Broken) -> None:
    edits = {"disruption": {"min_available": None, "max_unavailable": 1}, "port": 9001}
    (offence,) = broken({"mcp/gong.yaml": edits})
    assert offence.path == "catalog/mcp/gong.yaml: port", "only the port, changed to have an offence at all"


def test_a_deployment_keeps_no_volume(broken: Broken) -> None:
    volumes = [{"name": "data", "mount_path": "/data", "size": "1Gi", "persistent": True}]
    (offence,) = broken({"mcp/github.yaml": {"volumes": volumes}})
    assert offence.rule == "only a StatefulSet keeps its volumes"


def test_a_probe_names_a_port_that_exists(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"probes": {"readiness": {"port": "web"}}}})
    assert (offence.path, offence.remedy) == (f"{GITHUB}: probes.readiness.port", "choose one of: mcp")


def test_an_exec_probe_needs_no_port(broken: Broken) -> None:
    probe = {"kind": "exec", "command": ["true"], "port": "none"}
    (offence,) = broken({"mcp/github.yaml": {"probes": {"readiness": probe}, "port": 9001}})
    assert offence.path == f"{GITHUB}: port", "only the port, changed to have an offence at all"


def test_metrics_come_from_a_port_that_exists(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"telemetry": {"metrics_port": "metrics"}}})
    assert offence.path == f"{GITHUB}: telemetry.metrics_port"


@pytest.mark.parametrize(
    ("ports", "value"),
    [
        ([{"name": "mcp", "port": 9005}, {"name": "mcp", "port": 9105}], "mcp"),
        ([{"name": "mcp", "port": 9005}, {"name": "metrics", "port": 9005}], "9005"),
    ],
)
def test_ports_of_one_server_differ(broken: Broken, ports: list[dict[str, object]], value: str) -> None:
    def change(tree: dict[str, object]) -> None:
        del tree["port"]
        tree["ports"] = ports

    assert (f"{GITHUB}: ports", value) in [(o.path, o.value) for o in broken({"mcp/github.yaml": change})]


def test_a_variable_is_a_setting_or_a_secret_not_both(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"settings": {"GITHUB_TOKEN": "x"}}})
    assert (offence.path, offence.value) == (f"{GITHUB}: secrets", "GITHUB_TOKEN")


def test_mount_paths_of_one_server_differ(broken: Broken) -> None:
    volumes = [{"name": name, "mount_path": "/data", "size": "1Gi"} for name in ("a", "b")]
    (offence,) = broken({"mcp/github.yaml": {"volumes": volumes}})
    assert (offence.path, offence.value) == (f"{GITHUB}: volumes", "/data")


def test_an_unknown_secret_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"secrets": [{"env": "TOKEN", "secret": "NO_SUCH_KEY"}]}})
    assert (offence.path, offence.value) == (f"{GITHUB}: secrets[0].secret", "NO_SUCH_KEY")


def test_an_alias_of_a_secret_names_the_canonical_one(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"secrets": [{"env": "TOKEN", "secret": "GITHUB_PAT"}]}})
    assert offence.remedy == "write GH_API_TOKEN"


def test_a_name_stands_for_one_secret(broken: Broken) -> None:
    (offence,) = broken({"secrets.yaml": {"secrets": {"FIGMA_PAT": {"aliases": ["GITHUB_PAT"]}}}})
    assert (offence.path, offence.value) == ("catalog/secrets.yaml: secrets.FIGMA_PAT.aliases", "GITHUB_PAT")


def test_an_unknown_client_is_refused(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"ingress_from": ["prometheus", "nobody"]}})
    assert (offence.path, offence.value) == (f"{GITHUB}: ingress_from[1]", "nobody")


def test_an_unknown_server_to_connect_to_is_refused(broken: Broken) -> None:
    egress = [{"workload": "mongodb", "ports": [27017], "reason": "vectors of documents"}]
    (offence,) = broken({"mcp/github.yaml": {"egress": egress}})
    assert (offence.path, offence.value) == (f"{GITHUB}: egress[0].workload", "mongodb")


def test_an_amd64_image_is_kept_off_the_arm64_machine(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"placement": {"tolerated_taints": ["sophia.ai/dedicated"]}}})
    assert offence.path == "catalog/mcp/_defaults.yaml: workload.image.platforms"
    assert "sophia-ai-core is arm64" in offence.rule
    assert "placement.architectures: [amd64]" in offence.remedy


def test_an_arm64_machine_without_its_taint_needs_multi_arch_images(broken: Broken) -> None:
    offences = broken({"machines.yaml": lambda tree: tree["sophia-ai-core"].pop("taints")})
    assert [offence.path for offence in offences] == [
        f"catalog/{folder}/_defaults.yaml: workload.image.platforms" for folder in ("central", "mcp", "web")
    ]


@pytest.mark.parametrize("use", [{"secret": "GH_API_TOKEN"}, {"env": "A", "file": "a", "secret": "GH_API_TOKEN"}])
def test_a_secret_is_read_from_the_environment_or_from_a_file(broken: Broken, use: dict[str, str]) -> None:
    (offence,) = broken({"mcp/github.yaml": {"secrets": [use]}})
    assert "exactly one of env and file" in offence.rule


def test_a_secret_file_holds_one_secret(broken: Broken) -> None:
    uses = [{"file": "token", "secret": "GH_API_TOKEN"}, {"file": "token", "secret": "LINEAR_API_KEY"}]
    (offence,) = broken({"mcp/github.yaml": {"secrets": uses}})
    assert (offence.path, offence.value) == (f"{GITHUB}: secrets", "token")


@pytest.mark.parametrize("egress", [[], [{"workload": "postgresql", "ports": [5433], "reason": "another port"}]])
def test_who_is_let_in_and_not_let_out_is_named(broken: Broken, egress: list[dict[str, Any]]) -> None:
    (offence,) = broken({"mcp/prisma.yaml": {"egress": egress}})
    assert (offence.path, offence.value) == ("catalog/data/postgresql.yaml: ingress_from[2]", "prisma")
    assert "{workload: postgresql, ports: [5432], reason: ...}" in offence.remedy
