"""The objects around a workload's pods: who may connect, how many run, what a change of content shows."""

import string
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.workload import objects
from components.workload.labels import labels, selector

INTERNET = {"reason": "reaches an API", "cidrs": ["0.0.0.0/0"], "ports": [443]}
PRIVATE = [
    pytest.param("10.42.0.7", id="pods of K3s"),
    pytest.param("10.43.0.1", id="services of K3s"),
    pytest.param("10.255.255.255", id="RFC 1918, largest"),
    pytest.param("172.16.0.1", id="RFC 1918, second"),
    pytest.param("172.31.255.255", id="RFC 1918, end of the second"),
    pytest.param("192.168.1.1", id="RFC 1918, third"),
    pytest.param("100.64.0.1", id="carrier-grade NAT"),
    pytest.param("169.254.169.254", id="cloud metadata"),
]
PUBLIC = ["1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "172.15.255.255", "172.32.0.1", "192.167.0.1"]


def egress_rules(spec) -> list[dict[str, Any]]:
    """What is admitted beyond cluster DNS."""
    rules: list[dict[str, Any]] = objects.network_policy(spec)["egress"]
    return rules[1:]


def admits(rules: list[dict[str, Any]], address: str) -> bool:
    """Whether the rules let a connection to an address out, by Kubernetes' reading of ``ipBlock``."""
    blocks = [peer["ipBlock"] for rule in rules for peer in rule["to"] if "ipBlock" in peer]
    return any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(hole) for hole in block.get("except", []))
        for block in blocks
    )


@pytest.mark.parametrize("address", PRIVATE)
def test_the_internet_leaves_out_what_is_private(address, workload):
    assert not admits(egress_rules(workload(egress=[INTERNET])), address)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_everything_else(address, workload):
    assert admits(egress_rules(workload(egress=[INTERNET])), address)


def test_what_is_left_out_lies_within_what_is_admitted(workload):
    blocks = [peer["ipBlock"] for rule in egress_rules(workload(egress=[INTERNET])) for peer in rule["to"]]
    holes = [(ip_network(hole), ip_network(b["cidr"])) for b in blocks for hole in b["except"]]
    assert holes
    assert all(hole.subnet_of(whole) for hole, whole in holes), "the API server refuses the policy otherwise"  # type: ignore[arg-type]  # both are IPv4


def test_a_declared_range_is_admitted_as_it_is(workload):
    declared = {"reason": "reaches one API", "cidrs": ["203.0.113.0/24", "10.9.0.0/16"], "ports": [443, 8443]}
    (rule,) = egress_rules(workload(egress=[declared]))
    assert rule["to"] == [{"ipBlock": {"cidr": "203.0.113.0/24"}}, {"ipBlock": {"cidr": "10.9.0.0/16"}}]
    assert rule["ports"] == [{"port": 443, "protocol": "TCP"}, {"port": 8443, "protocol": "TCP"}]


def test_egress_to_a_workload_selects_its_pods_in_our_namespaces_alone(workload):
    declared = {"reason": "reads the database", "workload": "postgres", "ports": [5432]}
    (rule,) = egress_rules(workload(egress=[declared]))
    (peer,) = rule["to"]
    assert peer["podSelector"] == {"matchLabels": {"sophia.ai/workload": "postgres"}}
    assert peer["namespaceSelector"] == {"matchLabels": {"app.kubernetes.io/part-of": "sophia"}}
    assert rule["ports"] == [{"port": 5432, "protocol": "TCP"}]


def test_a_workload_that_declares_no_peer_reaches_cluster_dns_and_nothing_else(workload):
    policy = objects.network_policy(workload())
    (dns,) = policy["egress"]
    (peer,) = dns["to"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == []
    assert peer["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
    assert peer["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert {(port["port"], port["protocol"]) for port in dns["ports"]} == {(53, "UDP"), (53, "TCP")}


def test_declared_peers_may_connect_to_the_declared_ports(workload):
    (rule,) = objects.network_policy(workload(ingress_from=["mcp-gateway", "prometheus"]))["ingress"]
    named = [peer["podSelector"]["matchLabels"]["sophia.ai/workload"] for peer in rule["from"]]
    assert named == ["mcp-gateway", "prometheus"]
    assert all("namespaceSelector" in peer for peer in rule["from"])
    assert rule["ports"] == [{"port": 9100, "protocol": "TCP"}]


def test_the_policy_guards_exactly_the_workloads_pods(workload):
    spec = workload()
    assert objects.network_policy(spec)["podSelector"] == {"matchLabels": selector(spec)}
    assert selector(spec).items() <= labels(spec).items()


def test_no_replicas_are_declared_where_an_autoscaler_owns_them(workload):
    spec = workload(autoscaling={"cpu_percent": 70}, replicas={"min": 2, "max": 6})
    assert "replicas" not in objects.controller(spec, {}, service="sample")


def test_replicas_are_declared_where_no_autoscaler_does(workload):
    assert objects.controller(workload(), {}, service="sample")["replicas"] == 2


def test_a_rollout_adds_before_it_removes(workload):
    strategy = objects.controller(workload(), {}, service="sample")["strategy"]["rollingUpdate"]
    assert (strategy["maxUnavailable"], strategy["maxSurge"]) == (0, 1)


def test_a_stateful_set_claims_exactly_its_persistent_volumes(stateful):
    spec = objects.controller(stateful(), {}, service="sample")
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"


def test_a_stateful_set_names_its_service_and_has_no_strategy_of_a_deployment(stateful):
    spec = objects.controller(stateful(), {}, service="sample")
    assert spec["serviceName"] == "sample"
    assert "strategy" not in spec


def test_a_deployment_claims_no_volume(workload):
    assert not {"volumeClaimTemplates", "serviceName"} & set(objects.controller(workload(), {}, service="sample"))


BUDGETS = [
    ({"min_available": 2}, {"minAvailable": 2}),
    ({"max_unavailable": 1}, {"maxUnavailable": 1}),
]


@pytest.mark.parametrize(("declared", "bound"), BUDGETS)
def test_a_disruption_budget_has_exactly_the_declared_bound(declared, bound, workload):
    spec = objects.disruption_budget(workload(disruption=declared))
    assert {key: spec[key] for key in ("minAvailable", "maxUnavailable") if key in spec} == bound


def test_a_sick_pod_never_blocks_a_drain(workload):
    assert objects.disruption_budget(workload())["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


METRICS = [
    ({"cpu_percent": 70}, {"cpu": 70}),
    ({"cpu_percent": 70, "memory_percent": 80}, {"cpu": 70, "memory": 80}),
]


@pytest.mark.parametrize(("declared", "targets"), METRICS)
def test_an_autoscaler_measures_exactly_what_is_declared(declared, targets, workload):
    spec = objects.autoscaler(workload(autoscaling=declared), target="sample")
    assert {m["resource"]["name"]: m["resource"]["target"]["averageUtilization"] for m in spec["metrics"]} == targets
    assert {(m["type"], m["resource"]["target"]["type"]) for m in spec["metrics"]} == {("Resource", "Utilization")}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_an_autoscaler_scales_its_controller_between_the_declared_bounds(kind, workload):
    scaling = {"cpu_percent": 70, "scale_down_stabilization_seconds": 90}
    spec = objects.autoscaler(
        workload(kind=kind, autoscaling=scaling, replicas={"min": 2, "max": 6}), target="sample-controller"
    )
    assert spec["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": kind, "name": "sample-controller"}
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6)
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 90


def test_a_workload_that_does_not_scale_has_no_autoscaler_to_ask_for(workload):
    with pytest.raises(ValueError, match="sample declares no autoscaling"):
        objects.autoscaler(workload(), target="sample")


def test_a_service_reaches_the_pods_by_the_ports_names(workload):
    spec = objects.service(workload(ports=[{"name": "mcp", "port": 9100}, {"name": "metrics", "port": 9200}]))
    assert [(p["port"], p["targetPort"]) for p in spec["ports"]] == [(9100, "mcp"), (9200, "metrics")]
    assert spec["type"] == "ClusterIP"


def test_labels_are_legal_and_name_owner_and_tier(facts):
    for spec in facts.mcp.values():
        found = labels(spec)
        assert all(value and len(value) <= 63 and " " not in value for value in found.values())
        assert (found["sophia.ai/owner"], found["sophia.ai/tier"]) == (spec.owner, spec.tier.lower())


CONTENT = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)
KEYS = st.text(string.ascii_letters, min_size=1, max_size=8)


@given(CONTENT, CONTENT)
def test_a_checksum_changes_when_and_only_when_the_content_does(one, other):
    assert (objects.checksum(one) == objects.checksum(other)) == (one == other)


@given(CONTENT)
def test_a_checksum_does_not_depend_on_the_order(content):
    assert objects.checksum(content) == objects.checksum(dict(reversed(content.items())))


@given(CONTENT, CONTENT, KEYS)
def test_a_fingerprint_changes_when_and_only_when_the_content_does(one, other, key):
    assert (objects.fingerprint(one, key) == objects.fingerprint(other, key)) == (one == other)


@given(CONTENT, KEYS, KEYS)
def test_a_fingerprint_cannot_be_made_without_the_key(content, key, other):
    assert (objects.fingerprint(content, key) == objects.fingerprint(content, other)) == (key == other)


@given(CONTENT, KEYS)
def test_a_fingerprint_is_no_checksum_that_anyone_can_guess(content, key):
    assert objects.fingerprint(content, key) != objects.checksum(content)


def test_a_name_is_reached_by_the_proxy_at_the_workload_s_own_port_and_never_directly(workload):
    declared = {"reason": "reaches an API", "hosts": ["api.example.com"], "ports": [443]}
    (rule,) = egress_rules(workload(egress=[declared, {**declared, "hosts": ["other.example.com"]}]))
    (peer,) = rule["to"]
    assert peer["podSelector"] == {"matchLabels": {"sophia.ai/workload": "egress-proxy"}}
    assert rule["ports"] == [{"port": 19100, "protocol": "TCP"}]


def test_a_port_of_one_workload_lets_in_that_one_alone(workload):
    ports = [{"name": "http", "port": 9100}, {"name": "client-19005", "port": 19005, "only_from": ["github"]}]
    common, own = objects.network_policy(workload(ports=ports, ingress_from=["prometheus"]))["ingress"]
    assert common["ports"] == [{"port": 9100, "protocol": "TCP"}]
    (peer,) = own["from"]
    assert peer["podSelector"] == {"matchLabels": {"sophia.ai/workload": "github"}}
    assert own["ports"] == [{"port": 19005, "protocol": "TCP"}]
