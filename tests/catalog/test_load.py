"""The committed catalog, and loading as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog import Catalog, Offence, load
from catalog.machine import Architecture
from catalog.workload import Tier
from rehearsal.toolchain.data_images import data_references

Broken = Callable[[dict[str, Any]], list[Offence]]
Edited = Callable[[dict[str, Any]], Path]

PORTS = {
    "ai-memory": 9000,
    "gong": 9002,
    "hubspot": 9003,
    "slack": 9004,
    "github": 9005,
    "linear": 9006,
    "asana": 9007,
    "notion": 9008,
    "postgres": 9009,
    "portkey-admin": 9013,
    "codacy": 3008,
    "prisma": 9030,
    "figma-context": 9010,
    "lambda-labs-cli": 9011,
    "ui-ux-agent": 9012,
    "openrouter-search": 9014,
}


def test_the_sixteen_servers_have_the_ports_of_the_registry(committed: Catalog) -> None:
    assert {name: server.ports[0].port for name, server in committed.mcp.items()} == PORTS


def test_the_four_servers_that_all_depends_on_are_primary(committed: Catalog) -> None:
    primary = {name for name, server in committed.mcp.items() if server.tier is Tier.PRIMARY}
    assert primary == {"ai-memory", "gong", "hubspot", "slack"}


def test_the_minimum_is_twenty_pods_with_ten_and_a_half_cores_and_21_gib(committed: Catalog) -> None:
    servers = committed.mcp.values()
    pods = sum(server.replicas.min for server in servers)
    millicores = sum(server.replicas.min * server.resources.requests.millicores for server in servers)
    mebibytes = sum(server.replicas.min * server.resources.requests.mebibytes for server in servers)
    assert (pods, millicores, mebibytes) == (20, 10_500, 21 * 1024)


def test_limits_at_the_minimum_are_21_cores_and_42_gib(committed: Catalog) -> None:
    servers = committed.mcp.values()
    millicores = sum(server.replicas.min * server.resources.limits.millicores for server in servers)
    mebibytes = sum(server.replicas.min * server.resources.limits.mebibytes for server in servers)
    assert (millicores, mebibytes) == (21_000, 42 * 1024)


def test_only_ai_memory_takes_a_gpu_share_and_leaves_one_of_the_four_for_its_rollouts(committed: Catalog) -> None:
    takers = {name: server.replicas.max for name, server in committed.mcp.items() if server.resources.gpus}
    assert takers == {"ai-memory": 3}


def test_only_the_gh200_is_tainted_and_arm64(committed: Catalog) -> None:
    tainted = [name for name, machine in committed.machines.items() if machine.taints]
    arm64 = [name for name, kind in committed.instance_types.items() if kind.architecture is Architecture.ARM64]
    assert (tainted, arm64) == (["sophia-ai-core"], ["gpu_1x_gh200"])


def test_every_image_of_the_catalog_has_its_place_in_the_lock(committed: Catalog) -> None:
    plugin = committed.k3s.gpu.image
    assert plugin
    workloads = (
        *committed.mcp.values(),
        *committed.central.values(),
        *committed.data.values(),
        *committed.web.values(),
    )
    own = {one.image.reference for one in workloads}
    version = committed.versions.cert_manager
    brought = {f"quay.io/jetstack/cert-manager-{part}:v{version}" for part in ("cainjector", "controller", "webhook")}
    of_data = {*data_references(committed.versions).values(), "scoobyjava15/sophia-backup:1.0.0"}
    assert set(committed.image_locks["images"].images) == own | brought | of_data | {plugin.reference}


def test_a_server_that_calls_out_says_why_and_one_that_does_not_may_not(committed: Catalog) -> None:
    silent = {name for name, server in committed.mcp.items() if not server.egress}
    assert silent == {"ui-ux-agent"}


def test_copying_one_file_makes_a_seventeenth_server(folder: Path) -> None:
    text = (folder / "mcp/github.yaml").read_text(encoding="utf-8")
    (folder / "mcp/gitlab.yaml").write_text(text.replace("port: 9005", "port: 9105"), encoding="utf-8")
    server = load(folder).mcp["gitlab"]
    assert (server.name, server.image.reference) == ("gitlab", "scoobyjava15/sophia-mcp-gitlab:1.0.0")


def test_a_list_in_a_file_replaces_the_default_list(edited: Edited) -> None:
    server = load(edited({"mcp/github.yaml": {"ingress_from": ["traefik"]}})).mcp["github"]
    assert server.ingress_from == ("traefik",)


def test_a_mapping_in_a_file_is_merged_with_the_default_mapping(edited: Edited) -> None:
    server = load(edited({"mcp/github.yaml": {"resources": {"requests": {"cpu": "250m"}}}})).mcp["github"]
    assert (server.resources.requests.cpu, server.resources.requests.memory) == ("250m", "1Gi")


def test_null_in_a_file_takes_the_default_away(edited: Edited) -> None:
    edits = {"telemetry": None, "disruption": {"min_available": None, "max_unavailable": 1}}
    server = load(edited({"mcp/gong.yaml": edits})).mcp["gong"]
    assert (server.telemetry, server.disruption.min_available) == (None, None)


def test_offences_of_many_files_come_at_once(broken: Broken) -> None:
    offences = broken(
        {
            "mcp/github.yaml": "title: [\n",
            "mcp/linear.yaml": {"port": 9007},
            "mcp/gong.yaml": {"replicas": {"min": 1}},
            "mcp/slack.yaml": {"owner": "ops"},
            "machines.yaml": {"staging-server": {"region": "us-south-1"}},
            "prices/2025.yaml": {"as_of": "July"},
            "limits.yaml": {"stacks": {"dev": {"max_machines": 2}}},
        }
    )
    assert [offence.path for offence in offences] == [
        "catalog/limits.yaml: stacks",
        "catalog/machines.yaml: staging-server.region",
        "catalog/mcp/_defaults.yaml: tiers.PRIMARY.disruption.min_available",
        "catalog/mcp/github.yaml:2",
        "catalog/mcp/linear.yaml: port",
        "catalog/mcp/slack.yaml: owner",
        "catalog/prices/2025.yaml: as_of",
    ]


def test_one_unreadable_file_says_nothing_against_the_files_that_name_it(broken: Broken) -> None:
    offences = broken({"instance_types.yaml": "a: [\n"})
    assert [offence.path for offence in offences] == ["catalog/instance_types.yaml:2"]


def test_unreadable_defaults_say_nothing_against_the_servers(broken: Broken) -> None:
    offences = broken({"mcp/_defaults.yaml": "a: [\n"})
    assert [offence.path for offence in offences] == ["catalog/mcp/_defaults.yaml:2"]


def test_unreadable_secrets_say_nothing_against_the_servers(broken: Broken) -> None:
    offences = broken({"secrets.yaml": "a: [\n"})
    assert [offence.path for offence in offences] == ["catalog/secrets.yaml:2"]


def test_a_wrong_version_is_an_offence_among_the_others(broken: Broken) -> None:
    offences = broken({"versions.yaml": {"pulumi": "newest"}, "mcp/linear.yaml": {"port": 9007}})
    assert [offence.path for offence in offences] == [
        "catalog/mcp/linear.yaml: port",
        "catalog/versions.yaml: pulumi",
    ]


def test_an_offence_says_path_value_rule_and_remedy(broken: Broken) -> None:
    (offence,) = broken({"mcp/github.yaml": {"autoscaling": None}})
    assert str(offence) == (
        "catalog/mcp/_defaults.yaml: tiers.SECONDARY.replicas.max: 5: pods above replicas.min need an autoscaler; "
        "add autoscaling, or set max to min"
    )
