"""Two stacks on one machine."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

import catalog
from benchmarks.checkout import Checkout
from rehearsal import Rehearsal
from tests.engine.clusters import drifted

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def neighbour(lane: Checkout) -> Iterator[Checkout]:
    """A dev that ends with this file, of a light node: it is to be there, and what its pods do is shown elsewhere."""
    dev = Checkout(lane.root, lane.home, {"NODES": "light"})
    dev.sophia("up", "dev")
    yield dev
    dev.sophia("down", "dev")


def test_prod_runs_beside_dev_and_no_pod_is_where_it_may_not_be(lane, neighbour):
    result = lane.answer("up", "prod")
    assert len(result["servers"]) == 16 + 5 + 4
    assert sum(server["ready"] for server in result["servers"]) == 28 + 4
    data = catalog.load().data
    for server in result["servers"]:
        # What keeps data requires the data node. The others prefer the mcp node; of several pods the scheduler may
        # spread some, but never all.
        node = "sophia-data-pipeline" if server["name"] in data else "sophia-mcp-orchestrator"
        assert node in server["nodes"], server
        assert len(server["nodes"]) == 1 or server["wanted"] > 1, server
    pods = lane.objects("prod", "pods", "--all-namespaces", "--selector=sophia.ai/workload")
    placed = {pod["spec"]["nodeName"] for pod in pods if pod["status"]["phase"] == "Running"}
    assert "sophia-ai-core" not in placed, "the arm64 node gets only what declares arm64, and no image does yet"
    assert neighbour.answer("drift", "dev")["changes"] == [], "the neighbour was not touched"
    assert lane.answer("drift", "prod")["changes"] == []


@pytest.mark.parametrize(
    ("node", "shares"),
    {
        "sophia-ai-core": 1,
        "sophia-mcp-orchestrator": 4,
        "sophia-data-pipeline": 1,
        "sophia-production-instance": 2,
    }.items(),
)
def test_a_node_offers_its_gpu_as_often_as_it_is_shared(prod, node, shares):
    """No `up` waits for it: what asks for a GPU does."""
    offered = rf"jsonpath={{.status.allocatable.nvidia\.com/gpu}}={shares}"
    prod.kubectl("prod", "wait", f"--for={offered}", f"node/{node}", "--timeout=60s")


@pytest.mark.parametrize(
    ("admitted", "phase", "node"),
    [(["amd64"], "Pending", None), (["amd64", "arm64"], "Running", "sophia-ai-core")],
)
def test_an_arm64_node_never_gets_an_image_that_does_not_declare_it(prod, admitted, phase, node):
    """Even one whose pods tolerate the taint and want that node: the architecture alone keeps it off."""
    (like,) = prod.objects("prod", "-n", "sophia-mcp", "pods", "--selector=sophia.ai/workload=linear")
    (term,) = required(like)["nodeSelectorTerms"]
    (architectures,) = [one for one in term["matchExpressions"] if one["key"] == "kubernetes.io/arch"]
    assert architectures["values"] == ["amd64"]
    architectures["values"] = admitted
    spec = {name: like["spec"][name] for name in ("affinity", "containers", "securityContext", "volumes")}
    spec |= {"nodeSelector": {"kubernetes.io/hostname": "sophia-ai-core"}, "tolerations": [{"operator": "Exists"}]}
    labels = {"app.kubernetes.io/name": "wanted"}
    made = {"metadata": {"generateName": "wanted-", "labels": labels}, "spec": {**spec, "restartPolicy": "Never"}}
    path = "/api/v1/namespaces/sophia-mcp/pods"
    with Rehearsal(stack="prod", home=prod.home).cluster() as cluster:
        name = cluster.post(path, json=made).raise_for_status().json()["metadata"]["name"]
        try:
            ends = time.monotonic() + 120
            while not judged(pod := cluster.get(f"{path}/{name}").json()) and time.monotonic() < ends:
                time.sleep(0.5)
        finally:
            cluster.delete(f"{path}/{name}", params={"gracePeriodSeconds": "0"})
    assert (pod["status"]["phase"], pod["spec"].get("nodeName")) == (phase, node), pod["status"]


def required(pod: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return found


def judged(pod: Mapping[str, Any]) -> bool:
    """Whether the scheduler has said that no node takes it, or the kubelet of one that it runs."""
    reasons = {one.get("reason") for one in pod["status"].get("conditions", ())}
    return pod["status"]["phase"] != "Pending" or "Unschedulable" in reasons


def test_the_names_of_the_zone_are_answered_as_declared_and_a_change_by_hand_is_named(prod):
    found = prod.answer("dns", "check", "prod")
    assert len(found["names"]) == 17, "all but the one of a machine that is launched on demand"
    host = Rehearsal(stack="prod", home=prod.home).account.authority
    api = "api.sophia-intel.ai"

    def change(address: str) -> None:
        told = {**host.variables(), **host.secrets()}
        ring = dns.tsigkeyring.from_text({told["DNS_UPDATE_KEYNAME"]: ("hmac-sha256", told["DNS_UPDATE_KEYSECRET"])})
        update = dns.update.UpdateMessage(host.zone, keyring=ring)
        update.replace(f"{api}.", 300, "A", address)
        answer = dns.query.tcp(update, host.loopback, port=host.port, timeout=10)
        assert answer.rcode() == dns.rcode.NOERROR

    (declared,) = next(row["values"] for row in found["names"] if row["host"] == api)
    change("192.0.2.66")
    try:
        wrong = [row for row in prod.answer("dns", "check", "prod", code=7)["names"] if row["wrong"]]
        assert [(row["host"], *row["wrong"].values()) for row in wrong] == [(api, "192.0.2.66")]
        path = f'records["{api} A"].values[0]'
        told = drifted(prod, "prod")["zone-records"][path]
        assert (told["expected"], told["actual"]) == (declared, "192.0.2.66")
    finally:
        change(declared)
    assert prod.answer("dns", "check", "prod")["names"]
