"""What the MCP namespace may use is what its machines have."""

import pytest

from catalog.quantity import mebibytes, millicores
from components.workload import quota


def tainted(node, effect: str):
    """The same node with a taint that no pod of the namespace tolerates."""
    taint = {"key": "sophia.ai/dedicated", "value": "core", "effect": effect}
    return type(node).model_validate({**node.model_dump(), "name": "another", "taints": [taint]})


@pytest.fixture(scope="module")
def nodes(stack):
    return stack("prod").nodes


def test_the_quota_is_the_sum_of_what_untainted_nodes_have(nodes):
    hard = quota.resource_quota(nodes)["hard"]
    usable = [node.allocatable for node in nodes if node.name != "sophia-ai-core"]
    assert len(usable) == 3
    assert millicores(hard["requests.cpu"]) == sum(a.millicores for a in usable)
    assert mebibytes(hard["requests.memory"]) == sum(a.mebibytes for a in usable)
    assert hard["requests.nvidia.com/gpu"] == str(sum(a.gpus for a in usable))
    assert hard["pods"] == str(sum(a.pods for a in usable))


def test_every_amount_of_the_quota_is_text(nodes):
    assert {type(amount) for amount in quota.resource_quota(nodes)["hard"].values()} == {str}


def test_only_requests_of_gpus_are_limited(nodes):
    gpus = [item for item in quota.resource_quota(nodes)["hard"] if "gpu" in item]
    assert gpus == ["requests.nvidia.com/gpu"], "the API server refuses any other item of an extended resource"


def test_nobody_gets_around_the_gateway(nodes):
    hard = quota.resource_quota(nodes)["hard"]
    assert (hard["services.loadbalancers"], hard["services.nodeports"]) == ("0", "0")


@pytest.mark.parametrize("effect", ["NoSchedule", "NoExecute"])
def test_a_node_that_no_pod_tolerates_adds_nothing(effect, nodes):
    more = [*nodes, tainted(nodes[1], effect)]
    assert quota.resource_quota(more) == quota.resource_quota(nodes)
    assert quota.limit_range(more) == quota.limit_range(nodes)


def test_a_node_that_is_only_avoided_counts(nodes):
    more = quota.resource_quota([*nodes, tainted(nodes[1], "PreferNoSchedule")])["hard"]
    assert millicores(more["requests.cpu"]) > millicores(quota.resource_quota(nodes)["hard"]["requests.cpu"])


def test_no_container_may_be_larger_than_the_largest_node(nodes):
    (limits,) = quota.limit_range(nodes)["limits"]
    usable = [node.allocatable for node in nodes if node.name != "sophia-ai-core"]
    assert millicores(limits["max"]["cpu"]) == max(a.millicores for a in usable)
    assert mebibytes(limits["max"]["memory"]) == max(a.mebibytes for a in usable)


def test_the_defaults_of_a_container_fit_each_other_and_every_stack(stack):
    for name in ("dev", "staging", "prod"):
        (limits,) = quota.limit_range(stack(name).nodes)["limits"]
        for read, amount in ((millicores, "cpu"), (mebibytes, "memory")):
            assert read(limits["defaultRequest"][amount]) <= read(limits["default"][amount])
            assert read(limits["default"][amount]) <= read(limits["max"][amount])


def test_no_container_gets_a_gpu_by_default(nodes):
    (limits,) = quota.limit_range(nodes)["limits"]
    assert "nvidia.com/gpu" not in {*limits["default"], *limits["defaultRequest"]}
