"""Rules for instance types, prices, machines and limits."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog import Offence

Broken = Callable[[dict[str, Any]], list[Offence]]
MACHINES = "catalog/machines.yaml"


def _summary(offences: list[Offence]) -> list[tuple[str, str]]:
    return [(offence.path, offence.value) for offence in offences]


def test_a_type_that_older_documents_invented_says_what_is_meant(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"sophia-data-pipeline": {"instance_type": "gpu_1x_a100_40gb"}}})
    invented = [offence for offence in offences if offence.rule == "Lambda Cloud has no instance type of this name"]
    assert _summary(invented) == [(f"{MACHINES}: sophia-data-pipeline.instance_type", "gpu_1x_a100_40gb")]
    assert "gpu_1x_a100 (PCIe) or gpu_1x_a100_sxm4" in invented[0].remedy


def test_an_unknown_type_in_the_limits_is_refused(broken: Broken) -> None:
    offences = broken({"limits.yaml": {"stacks": {"dev": {"instance_types": ["gpu_1x_a10", "gpu_1x_a11"]}}}})
    assert _summary(offences) == [("catalog/limits.yaml: stacks.dev.instance_types", "gpu_1x_a11")]


def test_a_price_of_an_unknown_type_is_refused(broken: Broken) -> None:
    offences = broken({"prices/2025.yaml": {"hourly_cents": {"gpu_1x_a11": 5}}})
    assert _summary(offences) == [("catalog/prices/2025.yaml: hourly_cents", "gpu_1x_a11")]


def test_a_machine_of_a_type_without_recorded_size_is_refused(broken: Broken) -> None:
    allowed = {"stacks": {"dev": {"instance_types": ["gpu_1x_b200_sxm6"], "budget": {"block_cents": 10**6}}}}
    machine = {"sophia-development": {"instance_type": "gpu_1x_b200_sxm6"}}
    offences = broken({"machines.yaml": machine, "limits.yaml": allowed})
    assert _summary(offences) == [(f"{MACHINES}: sophia-development.instance_type", "gpu_1x_b200_sxm6")]


def test_a_type_that_the_owner_may_not_use_lists_those_it_may(broken: Broken) -> None:
    offences = broken({"limits.yaml": {"stacks": {"staging": {"instance_types": ["gpu_1x_a10"]}}}})
    assert _summary(offences) == [
        (f"{MACHINES}: staging-agent-1.fallbacks", "cpu_4x_generalx"),
        (f"{MACHINES}: staging-agent-1.instance_type", "cpu_4x_general"),
        (f"{MACHINES}: staging-agent-2.fallbacks", "cpu_4x_generalx"),
        (f"{MACHINES}: staging-agent-2.instance_type", "cpu_4x_general"),
    ]
    assert "choose one of: gpu_1x_a10;" in offences[0].remedy


def test_a_region_that_the_owner_may_not_use_is_refused(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"staging-server": {"region": "us-south-1"}}})
    assert _summary(offences) == [(f"{MACHINES}: staging-server.region", "us-south-1")]


def test_an_unknown_owner_lists_the_stacks(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"staging-agent-2": {"owner": "qa"}}})
    assert (f"{MACHINES}: staging-agent-2.owner", "qa") in _summary(offences)


def test_a_cpu_machine_shares_no_gpu(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"staging-agent-1": {"gpu_sharing": {"mode": "exclusive"}}}})
    assert _summary(offences) == [(f"{MACHINES}: staging-agent-1.gpu_sharing", "exclusive")]


def test_a_gpu_machine_says_how_its_gpu_is_shared(broken: Broken) -> None:
    offences = broken({"machines.yaml": lambda tree: tree["sophia-data-pipeline"].pop("gpu_sharing")})
    assert _summary(offences) == [(f"{MACHINES}: sophia-data-pipeline.gpu_sharing", "absent")]


def test_an_exclusive_gpu_has_one_share(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"sophia-data-pipeline": {"gpu_sharing": {"shares": 2}}}})
    assert _summary(offences) == [(f"{MACHINES}: sophia-data-pipeline.gpu_sharing", "2")]


def test_the_account_holds_no_more_machines_than_its_quota(broken: Broken) -> None:
    small = {"prod": {"max_machines": 4}, "staging": {"max_machines": 2}, "dev": {"max_machines": 1}}
    offences = broken({"limits.yaml": {"max_machines": 7, "stacks": small}})
    assert [(o.value, o.rule) for o in offences] == [
        ("3", "staging holds at most 2 machines"),
        ("8", "the account holds at most 7 machines"),
    ]


def test_the_stacks_together_stay_within_the_account(broken: Broken) -> None:
    offences = broken({"limits.yaml": {"stacks": {"dev": {"max_machines": 2}}}})
    assert _summary(offences) == [("catalog/limits.yaml: stacks", "11")]


def test_a_stack_with_machines_has_a_server(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"sophia-development": {"k3s": "agent"}}})
    assert [(o.value, o.rule) for o in offences] == [
        ("no server", "dev has one machine that is the server of its cluster")
    ]


def test_an_address_belongs_to_one_machine(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"sophia-development": {"expected_ip": "104.171.202.103"}}})
    assert _summary(offences) == [(f"{MACHINES}: sophia-development.expected_ip", "104.171.202.103")]


@pytest.mark.parametrize("address", ["300.1.1.1", "10.0.0", "sophia.example"])
def test_an_address_is_an_address(broken: Broken, address: str) -> None:
    offences = broken({"machines.yaml": {"sophia-development": {"expected_ip": address}}})
    assert _summary(offences) == [(f"{MACHINES}: sophia-development.expected_ip", address)]


def test_an_unknown_price_is_never_nothing(broken: Broken) -> None:
    offences = broken({"prices/2026.yaml": lambda tree: tree["hourly_cents"].pop("gpu_1x_a100")})
    assert _summary(offences) == [("catalog/prices/2026.yaml: hourly_cents.gpu_1x_a100", "absent")]


def test_the_default_price_book_exists(broken: Broken) -> None:
    offences = broken({"limits.yaml": {"default_price_book": "2027"}})
    assert _summary(offences) == [("catalog/limits.yaml: default_price_book", "2027")]
    assert offences[0].remedy == "choose one of: 2025, 2026"


def test_a_budget_warns_before_it_blocks(broken: Broken) -> None:
    offences = broken({"limits.yaml": {"stacks": {"dev": {"budget": {"warn_cents": 200000}}}}})
    assert _summary(offences) == [("catalog/limits.yaml: stacks.dev.budget.warn_cents", "200000")]


def test_a_change_is_warned_of_before_it_is_blocked(broken: Broken) -> None:
    rise = {"warn_cents": 30000, "warn_percent": 21}
    offences = broken({"limits.yaml": {"stacks": {"dev": {"rise": rise}}}})
    assert _summary(offences) == [(f"catalog/limits.yaml: stacks.dev.rise.{name}", str(rise[name])) for name in rise]
    assert [one.remedy for one in offences] == [f"lower it, or raise block_{name}" for name in ("cents", "percent")]


def test_machines_that_cost_more_than_their_budget_are_refused(broken: Broken) -> None:
    offences = broken({"limits.yaml": {"stacks": {"prod": {"budget": {"block_cents": 442380, "warn_cents": 0}}}}})
    assert _summary(offences) == [(f"{MACHINES}: owner prod", "4,443.80 USD")]


def test_servers_that_do_not_fit_the_machines_of_a_stack_are_refused(broken: Broken) -> None:
    offences = broken(
        {
            "mcp/postgres.yaml": {
                "resources": {"requests": {"memory": "60Gi"}, "limits": {"memory": "60Gi"}},
                "replicas": {"min": 4},
            }
        }
    )
    assert [offence.path for offence in offences] == [f"{MACHINES}: owner {stack}" for stack in ("dev", "staging")]
    assert "a pod of postgres fits no node (sophia-development: " in offences[0].value


def test_a_machine_falls_back_to_a_type_that_is_as_large_and_runs_the_same_images(broken: Broken) -> None:
    machines = {
        "staging-server": {"fallbacks": ["cpu_4x_general"]},
        "sophia-ai-core": {"fallbacks": ["gpu_1x_gh200"]},
    }
    offences = broken({"machines.yaml": machines})
    assert _summary(offences) == [
        (f"{MACHINES}: sophia-ai-core.fallbacks", "gpu_1x_gh200"),
        (f"{MACHINES}: staging-server.fallbacks", "cpu_4x_general"),
    ]
    assert offences[0].rule == "a pinned machine is never launched"


def test_a_fallback_that_lambda_does_not_have_is_refused(broken: Broken) -> None:
    offences = broken({"machines.yaml": {"sophia-development": {"fallbacks": ["gpu_1x_h200_96gb"]}}})
    assert (f"{MACHINES}: sophia-development.fallbacks", "gpu_1x_h200_96gb") in _summary(offences)


def test_a_host_key_is_a_public_one_and_what_is_pasted_instead_is_not_repeated(broken: Broken) -> None:
    pasted = f"-----BEGIN OPENSSH {'private'.upper()} KEY----- canary"
    (offence,) = broken({"machines.yaml": {"sophia-ai-core": {"host_key": pasted}}})
    assert offence.path == f"{MACHINES}: sophia-ai-core.host_key"
    assert "canary" not in str(offence)
