"""Two stacks on one machine, and what is left when they end."""

import psutil
import pytest

pytestmark = pytest.mark.engine


def test_prod_runs_beside_dev_and_no_pod_is_where_it_may_not_be(dev):
    result = dev.answer("up", "prod")
    assert len(result["servers"]) == 16 + 5
    assert sum(server["ready"] for server in result["servers"]) == 28
    pods = {node["name"]: node["pods"] for node in result["nodes"]}
    assert sum(pods.values()) == 28
    assert pods["sophia-ai-core"] == 0, "the arm64 node gets only what declares arm64, and no image does yet"
    assert dev.answer("drift", "dev")["changes"] == [], "the neighbour was not touched"
    assert dev.answer("drift", "prod")["changes"] == []


@pytest.mark.parametrize(
    ("node", "shares"),
    {
        "sophia-ai-core": 1,
        "sophia-mcp-orchestrator": 4,
        "sophia-data-pipeline": 1,
        "sophia-production-instance": 2,
    }.items(),
)
def test_a_node_offers_its_gpu_as_often_as_it_is_shared(dev, node, shares):
    """No `up` waits for it: what asks for a GPU does."""
    offered = rf"jsonpath={{.status.allocatable.nvidia\.com/gpu}}={shares}"
    dev.kubectl("prod", "wait", f"--for={offered}", f"node/{node}", "--timeout=60s")


def test_an_arm64_node_never_gets_an_image_that_does_not_declare_it(dev):
    """Even one whose pods tolerate the taint: the architecture alone keeps it off."""
    dev.kubectl("prod", "taint", "node", "sophia-ai-core", "sophia.ai/dedicated-")
    dev.kubectl("prod", "cordon", "sophia-mcp-orchestrator")
    dev.kubectl("prod", "-n", "sophia-mcp", "rollout", "restart", "deployment")
    dev.kubectl("prod", "-n", "sophia-mcp", "rollout", "status", "deployment", "--timeout=60s")
    pods = dev.objects("prod", "-n", "sophia-mcp", "pods", "--field-selector=spec.nodeName=sophia-ai-core")
    assert [pod["metadata"]["name"] for pod in pods] == []


def test_staging_comes_up_on_its_three_machines(dev):
    result = dev.answer("up", "staging")
    assert {node["name"] for node in result["nodes"]} == {"staging-server", "staging-agent-1", "staging-agent-2"}
    assert all(server["ready"] == server["wanted"] for server in result["servers"])


def test_down_all_leaves_no_process_and_no_file(dev):
    dev.sophia("down", "--all")
    home = str(dev.home)
    left = []
    for process in psutil.process_iter():
        try:
            if home in " ".join([*process.cmdline(), *process.environ().values()]):
                left.append(process.cmdline())
        except psutil.Error:
            continue
    assert left == []
    assert [path for path in dev.home.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
