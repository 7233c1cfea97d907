"""A workload's resources together, and what a change of a secret reaches."""

import base64
import json

import pytest

from ops.differences import differences
from render import program, render
from render.graph import SECRET

ANNOTATION = "sophia.ai/secret-checksum"


@pytest.fixture(scope="module")
def scaled(examples, build):
    """A Deployment with secrets and an autoscaler."""
    return build(lambda: examples["Workload"][0]("sample", known=True))


@pytest.fixture(scope="module")
def steady(examples, build):
    """A StatefulSet without either."""
    return build(lambda: examples["Workload"][1]("sample", known=True))


@pytest.fixture(scope="module")
def fleet(examples, build):
    return build(lambda: examples["McpFleet"][0]("fleet", known=True))


def annotations(built) -> dict[str, str]:
    kind = "Deployment" if any(r.type.endswith(":Deployment") for r in built.children) else "StatefulSet"
    found = built.one(kind).inputs["spec"]["template"]["metadata"]["annotations"]
    assert isinstance(found, dict)
    return found


def sources(built, kind: str) -> list[dict[str, object]]:
    (container,) = built.one(kind).inputs["spec"]["template"]["spec"]["containers"]
    found = container["envFrom"]
    assert isinstance(found, list)
    return found


def test_a_workload_without_secrets_has_no_secret_and_refers_to_none(steady):
    assert not [r for r in steady.children if r.type.endswith(":Secret")]
    assert not [source for source in sources(steady, "StatefulSet") if "secretRef" in source]
    assert ANNOTATION not in annotations(steady)


def test_a_workload_with_secrets_refers_to_the_secret_it_creates(scaled):
    (reference,) = [source["secretRef"] for source in sources(scaled, "Deployment") if "secretRef" in source]
    assert reference == {"name": scaled.one("Secret").inputs["metadata"]["name"]}


def test_a_secret_file_is_mounted_and_in_no_environment_and_its_change_rolls_the_pods(examples, build):
    sealed = build(lambda: examples["Workload"][2]("sample", known=True))
    secret, deployment = sealed.one("Secret"), sealed.one("Deployment")
    assert secret.inputs["stringData"] == SECRET
    spec = deployment.inputs["spec"]["template"]["spec"]
    assert not [source for source in sources(sealed, "Deployment") if "secretRef" in source]
    assert [one["secret"]["secretName"] for one in spec["volumes"]] == [secret.inputs["metadata"]["name"]]
    (mount,) = spec["containers"][0]["volumeMounts"]
    assert (mount["mountPath"], mount["readOnly"]) == ("/run/secrets/sample", True)
    assert ANNOTATION in annotations(sealed)
    assert secret.urn in deployment.dependencies


def test_the_secret_environment_is_marked_secret_and_its_checksum_is_not(scaled):
    assert scaled.one("Secret").inputs["stringData"] == SECRET
    assert len(annotations(scaled)[ANNOTATION]) == 16, "a plan must show that the pods roll, and why"


def test_plain_and_declared_settings_are_the_plain_environment(fleet):
    data = fleet.named("mcp-linear-config").inputs["data"]
    assert data["MCP_SERVER_NAME"] == "linear"
    assert data["K3S_NAMESPACE"] == "fleet"
    assert data["PULUMI_ORG"] == "scoobyjava-org"


def test_the_pods_wait_for_what_they_cannot_run_or_be_guarded_without(scaled):
    needed = {"ServiceAccount", "ConfigMap", "Secret", "NetworkPolicy"}
    urns = {r.urn for r in scaled.children if r.type.rpartition(":")[2] in needed}
    assert len(urns) == len(needed) + 1, "and the files are a ConfigMap too"
    assert urns <= set(scaled.one("Deployment").dependencies)


def test_every_object_is_in_the_given_namespace_and_carries_the_workloads_labels(scaled):
    for child in scaled.children:
        metadata = child.inputs["metadata"]
        assert metadata["namespace"] == "somewhere"
        assert metadata["labels"]["sophia.ai/workload"] == "sample"


def test_the_pull_secret_reaches_the_pods(scaled):
    assert scaled.one("ServiceAccount").inputs["imagePullSecrets"] == [{"name": "registry"}]


def test_the_autoscaler_targets_the_deployment(scaled):
    target = scaled.one("HorizontalPodAutoscaler").inputs["spec"]["scaleTargetRef"]["name"]
    assert target == scaled.one("Deployment").inputs["metadata"]["name"]


def test_the_stateful_set_names_the_service_that_is_created(steady):
    assert steady.one("StatefulSet").inputs["spec"]["serviceName"] == steady.one("Service").inputs["metadata"]["name"]


def test_the_namespace_enforces_restricted_pods(fleet):
    found = fleet.one("Namespace").inputs["metadata"]["labels"]
    assert {found[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")} == {"restricted"}


def test_the_namespace_denies_everything_both_ways_until_a_policy_admits_it(fleet):
    (policy,) = [r for r in fleet.children if r.type.endswith(":NetworkPolicy")]
    assert policy.inputs["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_pods_that_may_talk_to_the_api_server_are_let_out_to_where_it_advertises_itself_and_no_others(fleet):
    def ports(name: str) -> list[tuple[str, int]]:
        rules = fleet.named(f"{name}-network-policy").inputs["spec"]["egress"]
        peers = [(peer, rule) for rule in rules for peer in rule["to"] if "ipBlock" in peer]
        return [(peer["ipBlock"]["cidr"], port["port"]) for peer, rule in peers for port in rule["ports"]]

    assert ("203.0.113.1/32", 6443) in ports("mcp-gateway")
    assert ports("mcp-linear") == []


def test_the_namespace_is_one_of_those_whose_pods_may_be_peers(fleet):
    assert fleet.one("Namespace").inputs["metadata"]["labels"]["app.kubernetes.io/part-of"] == "sophia"


def test_the_pull_secret_holds_the_registrys_credentials_as_docker_writes_them(fleet):
    config = json.loads(fleet.state("fleet-registry-credentials")["stringData"][".dockerconfigjson"])
    (credentials,) = config["auths"].values()
    assert base64.b64decode(credentials["auth"]).decode() == "value of DOCKERHUB_USERNAME:value of DOCKER_TOKEN"
    assert fleet.named("fleet-registry-credentials").inputs["type"] == "kubernetes.io/dockerconfigjson"


def test_a_changed_secret_changes_the_checksum_of_its_workload_alone(monkeypatch):
    before = render("dev", choices={"sophia:mcp_servers": ["linear", "github", "ui-ux-agent"]})
    usual = program.placeholder
    monkeypatch.setattr(program, "placeholder", lambda key: usual(key) + ("!" if key == "linear_api_key" else ""))
    after = render("dev", choices={"sophia:mcp_servers": ["linear", "github", "ui-ux-agent"]})
    (change,) = differences(before, after)
    assert change.name == "mcp-linear-deployment"
    assert change.paths == (f"spec.template.metadata.annotations.{ANNOTATION}",)


def test_another_fingerprint_key_changes_every_secret_checksum(monkeypatch):
    before = render("dev", choices={"sophia:mcp_servers": ["linear", "github"]})
    usual = program.placeholder
    monkeypatch.setattr(program, "placeholder", lambda key: usual(key) + ("!" if key == "fingerprint_key" else ""))
    after = render("dev", choices={"sophia:mcp_servers": ["linear", "github"]})
    assert [c.name for c in differences(before, after)] == [
        "postgresql-migrations-job",
        "postgresql-exporter-deployment",
        "valkey-exporter-deployment",
        "postgresql-statefulset",
        "valkey-statefulset",
        "weaviate-statefulset",
        "mcp-github-deployment",
        "mcp-linear-deployment",
    ]


def test_no_settings_are_declared_where_there_are_none():
    """The API server keeps no empty map, and what is declared and not there may read as drift."""
    made = render("dev", choices={"sophia:mcp_servers": ["linear"]}).resources.values()
    told = {one.name: one.inputs.get("data") for one in made if one.type.endswith(":ConfigMap")}
    assert told["valkey-config"] is None
    assert {} not in told.values()
