"""Stacks chosen from the catalog."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog, CatalogError, Offence, Stack, load
from catalog.versions import read_versions
from catalog.workload import Replicas

Edited = Callable[[dict[str, Any]], Path]
PROD = ("sophia-ai-core", "sophia-mcp-orchestrator", "sophia-data-pipeline", "sophia-production-instance")
STAGING = ("staging-server", "staging-agent-1", "staging-agent-2")
DEV = ("sophia-development",)
DIGEST = "sha256:" + "0" * 64
OURS = ("backup", "egress-proxy", "health-monitor", "mcp-gateway", "mcp-github", "mcp-orchestration", "registry-v2")
"""What a stack with one server runs of ours."""


def _refused(catalog: Catalog, name: str, **choice: Any) -> list[Offence]:
    with pytest.raises(CatalogError) as error:
        catalog.stack(name, **choice)
    return list(error.value.offences)


@pytest.fixture(scope="module")
def prod(committed: Catalog) -> Stack:
    return committed.stack("prod", machines=PROD, image_lock="rehearsal")


def test_prod_costs_6_06_an_hour_and_4423_80_a_month(prod: Stack) -> None:
    assert (prod.hourly_cents, prod.monthly_cents) == (606, 442_380)


def test_prod_costs_4_08_an_hour_by_the_book_of_2025(committed: Catalog) -> None:
    stack = committed.stack("prod", machines=PROD, image_lock="rehearsal", price_book="2025")
    assert (stack.hourly_cents, stack.monthly_cents) == (408, 297_840)


def test_staging_costs_1_69_an_hour_and_dev_1_29(committed: Catalog) -> None:
    staging, dev = committed.stack("staging", machines=STAGING), committed.stack("dev", machines=DEV)
    assert (staging.hourly_cents, dev.hourly_cents) == (169, 129)


def test_a_target_that_is_exceeded_is_reported_with_by_how_much(prod: Stack) -> None:
    assert prod.warnings == (
        "prod costs 4,443.80 USD a month, 843.80 over the target of 3,600.00",
        "prod costs 4,443.80 USD a month, 1,643.80 over the target of 2,800.00",
    )


def test_spending_over_the_warning_mark_is_a_warning(edited: Edited) -> None:
    catalog = load(edited({"limits.yaml": {"stacks": {"dev": {"budget": {"warn_cents": 94_170}}}}}))
    first = catalog.stack("dev", machines=DEV).warnings[0]
    assert first == "dev costs 941.70 USD a month, 0.00 over the warning mark of 941.70"


def test_spending_over_the_limit_is_refused(edited: Edited) -> None:
    dearer = {"prices/2025.yaml": {"hourly_cents": {"gpu_1x_gh200": 1000}}}
    offences = _refused(load(edited(dearer)), "prod", machines=PROD, image_lock="rehearsal", price_book="2025")
    assert [(o.path, o.value) for o in offences] == [("Pulumi.prod.yaml: sophia:machines", "9,210.70 USD")]


def test_a_price_that_the_chosen_book_lacks_is_refused(edited: Edited) -> None:
    catalog = load(edited({"prices/2025.yaml": lambda tree: tree["hourly_cents"].pop("gpu_1x_a10")}))
    (offence,) = _refused(catalog, "dev", machines=DEV, price_book="2025")
    assert offence.path == "catalog/prices/2025.yaml: hourly_cents.gpu_1x_a10"


def test_servers_that_do_not_fit_the_chosen_machines_are_refused(committed: Catalog) -> None:
    offences = _refused(committed, "prod", machines=PROD[:1], image_lock="rehearsal")
    assert [(o.path, o.value) for o in offences] == [
        (
            "Pulumi.prod.yaml: sophia:machines",
            "a pod of postgresql fits no node (sophia-ai-core: role core is not data or dev)",
        )
    ]


def test_tainted_machines_alone_are_no_stack(committed: Catalog) -> None:
    (offence,) = _refused(committed, "prod", machines=PROD[:1], mcp_servers=[], image_lock="rehearsal")
    assert offence.value.startswith("a pod of postgresql fits no node (sophia-ai-core: role core")


def test_an_unlocked_image_blocks_a_stack_that_requires_digests(committed: Catalog) -> None:
    offences = _refused(committed, "prod", machines=PROD, mcp_servers=["github"])
    assert [offence.path.rpartition(":")[0] for offence in offences] == [
        f"catalog/lock/images.yaml: images.{repository}"
        for repository in (
            "nvcr.io/nvidia/k8s-device-plugin",
            "oliver006/redis_exporter",
            "pgvector/pgvector",
            "quay.io/prometheuscommunity/postgres-exporter",
            *(f"scoobyjava15/sophia-{name}" for name in OURS),
            "valkey/valkey",
        )
    ]
    assert "./sophia lock" in offences[0].remedy


def test_an_image_that_the_lock_does_not_list_is_unlocked(edited: Edited) -> None:
    catalog = load(edited({"lock/images.yaml": lambda tree: tree["images"].clear()}))
    offences = _refused(catalog, "prod", machines=PROD, mcp_servers=["github"])
    assert [offence.value for offence in offences] == ["no digest"] * (5 + len(OURS))


def test_the_rehearsal_s_lock_needs_no_digest(prod: Stack) -> None:
    assert prod.image(prod.servers[0].image) == "scoobyjava15/sophia-mcp-ai-memory:1.0.0"


def test_a_locked_image_carries_its_digest(edited: Edited) -> None:
    plugin = f"nvcr.io/nvidia/k8s-device-plugin:v{read_versions().nvidia_device_plugin}"
    versions = read_versions()
    data = (
        f"pgvector/pgvector:{versions.pgvector}-pg17-trixie",
        f"quay.io/prometheuscommunity/postgres-exporter:v{versions.postgres_exporter}",
        f"oliver006/redis_exporter:v{versions.redis_exporter}",
        f"valkey/valkey:{versions.valkey}-trixie",
    )
    ours = (f"scoobyjava15/sophia-{name}:1.0.0" for name in OURS)
    locked = {"images": dict.fromkeys((plugin, *data, *ours), DIGEST)}
    stack = load(edited({"lock/images.yaml": locked})).stack("prod", machines=PROD, mcp_servers=["github"])
    assert stack.image(stack.servers[0].image) == f"scoobyjava15/sophia-mcp-github:1.0.0@{DIGEST}"


def test_a_stack_that_requires_no_digests_takes_unlocked_images(committed: Catalog) -> None:
    stack = committed.stack("dev", machines=DEV, mcp_servers=["github"])
    assert stack.image(stack.servers[0].image) == "scoobyjava15/sophia-mcp-github:1.0.0"


def test_workloads_come_by_name_whatever_the_order_of_the_choice(committed: Catalog) -> None:
    stack = committed.stack("dev", machines=DEV, mcp_servers=["slack", "asana", "github"])
    assert [workload.name for workload in stack.servers] == ["asana", "github", "slack"]


def test_no_choice_of_servers_is_all_of_them(prod: Stack, committed: Catalog) -> None:
    assert [workload.name for workload in prod.servers] == sorted(committed.mcp)


def test_a_stack_s_own_replicas_replace_the_catalog_s(committed: Catalog) -> None:
    bounds = Replicas(min=3, max=4)
    stack = committed.stack("dev", machines=DEV, mcp_servers=["github", "slack"], replicas={"github": bounds})
    assert [workload.replicas for workload in stack.servers] == [bounds, committed.mcp["slack"].replicas]


def test_a_stack_s_own_replicas_keep_the_disruption_budget_satisfiable(committed: Catalog) -> None:
    (offence,) = _refused(committed, "dev", machines=DEV, replicas={"gong": Replicas(min=1, max=1)})
    assert offence.path == "Pulumi.dev.yaml: sophia:replicas.gong (against disruption.min_available)"


@pytest.mark.parametrize(
    ("choice", "key", "value"),
    [
        ({"machines": [*DEV, "sophia-gone"]}, "machines", "sophia-gone"),
        ({"machines": [*DEV, "staging-server"]}, "machines", "staging-server"),
        ({"machines": [*DEV, *DEV]}, "machines", "sophia-development"),
        ({"machines": []}, "machines", "no server"),
        ({"machines": DEV, "mcp_servers": ["gitlab"]}, "mcp_servers", "gitlab"),
        (
            {"machines": DEV, "mcp_servers": ["github"], "replicas": {"slack": Replicas(min=2, max=2)}},
            "replicas",
            "slack",
        ),
        ({"machines": DEV, "price_book": "2024"}, "price_book", "2024"),
        ({"machines": DEV, "image_lock": "locked"}, "image_lock", "locked"),
    ],
)
def test_a_name_that_the_catalog_lacks_is_refused(
    committed: Catalog, choice: dict[str, Any], key: str, value: str
) -> None:
    offences = _refused(committed, "dev", **choice)
    assert (f"Pulumi.dev.yaml: sophia:{key}", value) in [(offence.path, offence.value) for offence in offences]


def test_an_unknown_machine_is_no_lack_of_room(committed: Catalog) -> None:
    offences = _refused(committed, "prod", machines=[PROD[0], "sophia-gone"], image_lock="rehearsal")
    assert [offence.value for offence in offences] == ["sophia-gone"]


def test_an_unknown_stack_lists_the_stacks(committed: Catalog) -> None:
    offences = _refused(committed, "qa", machines=DEV)
    assert ("stack qa", "choose one of: prod, staging, dev") in [(o.path, o.remedy) for o in offences]


def test_nodes_carry_our_labels_and_advertise_gpu_shares(prod: Stack) -> None:
    node = prod.nodes[1]
    assert node.labels == {"sophia.ai/role": "mcp", "sophia.ai/gpu": "a6000", "sophia.ai/environment": "prod"}
    assert [node.capacity.gpus for node in prod.nodes] == [1, 4, 1, 2]


def test_a_cpu_node_has_no_gpu_label(committed: Catalog) -> None:
    agent = committed.stack("staging", machines=STAGING).nodes[1]
    assert agent.labels == {"sophia.ai/role": "data", "sophia.ai/environment": "staging"}


def test_a_node_keeps_its_reserve(prod: Stack) -> None:
    node = prod.nodes[1]
    assert (node.capacity.millicores, node.allocatable.millicores) == (14_000, 13_500)
    assert (node.capacity.mebibytes, node.allocatable.mebibytes) == (100 * 1024, 99 * 1024)
    assert (node.allocatable.pods, node.capacity.disk_gib) == (110, 200)
