"""What K3s is on each machine of a stack: its mesh, its flags, its policies, and the order in which all of it comes."""

import json
import re
import subprocess
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalog.k3s import ObjectStorage
from catalog.machine import GpuSharing, Taint
from components.k3s import acts, files, gpu, plan

FLAGS = json.loads((Path(__file__).parents[2] / "providers/host/k3s_flags.json").read_text(encoding="utf-8"))
STACKS = ("dev", "staging", "prod")
KINDS = {"string": str, "bool": bool, "int": int, "list": list, "duration": str}
PROGRAMS = {"snapshot": acts.SNAPSHOT, "joined": acts.JOINED, "arrival": acts.ARRIVAL, "departure": acts.DEPARTURE}


@pytest.fixture(scope="module")
def planned(stack):
    """Gives the plan of a stack's cluster."""
    return lambda name, **choice: plan.cluster(stack(name, **choice))


@pytest.fixture(scope="module")
def prod(planned) -> plan.ClusterPlan:
    found: plan.ClusterPlan = planned("prod")
    return found


@pytest.fixture(scope="module")
def staging(build, examples) -> Any:
    """The cluster of staging, built: a server and two agents."""
    example, _ = examples["K3sCluster"]
    return build(lambda: example("sample", known=True))


def server(cluster: plan.ClusterPlan) -> plan.Config:
    return plan.server_config(cluster, public="203.0.113.1", internal="10.16.0.1")


def agent(cluster: plan.ClusterPlan, node: plan.NodePlan, number: int = 2) -> plan.Config:
    url = plan.join_url("203.0.113.1", cluster.api_port)
    return plan.agent_config(cluster, node, server=url, public=f"203.0.113.{number}", internal=f"10.16.0.{number}")


def arguments(config: plan.Config, part: str) -> dict[str, str]:
    return dict(argument.split("=", 1) for argument in config[f"{part}-arg"])


def clusters(size: int, cluster: plan.ClusterPlan) -> plan.ClusterPlan:
    """A cluster of another size."""
    agents = [replace(cluster.agents[0], name=f"agent-{number}") for number in range(size - 1)]
    return replace(cluster, nodes=(cluster.server, *agents))


@pytest.mark.parametrize("name", STACKS)
def test_every_key_and_its_type_is_one_that_k3s_takes(planned, name):
    cluster = planned(name)
    configs = [("server", server(cluster)), *(("agent", agent(cluster, node)) for node in cluster.agents)]
    for part, config in configs:
        for key, value in config.items():
            assert key in FLAGS[part], f"{part}: {key}"
            assert isinstance(value, KINDS[FLAGS[part][key]["type"]]), f"{part}: {key}: {value!r}"
    assert cluster.k3s.version in {FLAGS["version"], *FLAGS["same_in"]}, "the keys are those of another release"


@given(size=st.integers(min_value=1, max_value=40))
def test_a_mesh_of_any_size_has_one_address_a_node_and_one_server_that_all_join(prod, size):
    cluster = clusters(size, prod)
    configs = [server(cluster), *(agent(cluster, node, n) for n, node in enumerate(cluster.agents, 2))]
    assert len({config["node-name"] for config in configs}) == size
    for key in ("node-ip", "node-external-ip"):
        addresses = [address for config in configs for address in config[key]]
        assert len({IPv4Address(address) for address in addresses}) == size
    assert {config.get("server") for config in configs[1:]} <= {"https://203.0.113.1:6443"}
    assert "server" not in configs[0]
    of_mesh = {"flannel-backend", "flannel-external-ip", "cluster-cidr", "service-cidr", "cluster-init"}
    assert of_mesh <= configs[0].keys()
    assert all(not of_mesh & config.keys() for config in configs[1:]), "only servers take them"


def test_the_server_is_found_by_its_name_its_access_address_and_its_public_one(prod):
    assert server(prod)["tls-san"] == ["sophia-ai-core", "10.97.0.1", "203.0.113.1"]
    assert "203.0.113.1" in plan.join_url("203.0.113.1", 6443), "agents join by one of them"


@pytest.mark.parametrize(("mesh", "mtu"), [("wireguard-native", 1420), ("vxlan", 1450), ("host-gw", 1500)])
def test_a_pod_sends_what_fits_the_network_with_what_the_mesh_adds(prod, mesh, mtu):
    cluster = replace(prod, mesh=mesh)
    assert (cluster.mtu, server(cluster)["flannel-backend"]) == (mtu, mesh)


def test_a_machine_without_a_private_address_has_its_public_one_on_its_card():
    assert plan.internal_address("203.0.113.1", None) == "203.0.113.1"
    assert plan.internal_address("203.0.113.1", "10.16.0.1") == "10.16.0.1"


def test_no_token_stands_in_a_configuration(prod):
    keys = {key for config in (server(prod), *(agent(prod, node) for node in prod.agents)) for key in config}
    assert not [key for key in keys if "token" in key or "secret-key" in key]


def test_the_cluster_is_hardened_from_its_first_start(prod):
    config, api = server(prod), arguments(server(prod), "kube-apiserver")
    assert config["secrets-encryption"] is True
    assert config["write-kubeconfig-mode"] == "0600"
    assert all(one["protect-kernel-defaults"] is True for one in (config, agent(prod, prod.agents[0])))
    assert api["enable-admission-plugins"] == "NodeRestriction,EventRateLimit"
    assert api["service-account-extend-token-expiration"] == "false"
    assert [api[f"audit-log-{key}"] for key in ("maxage", "maxbackup", "maxsize")] == ["30", "10", "100"]
    assert {api["audit-policy-file"], api["admission-control-config-file"]} == {f["path"] for f in prod.files}
    assert {file["mode"] for file in prod.files} == {"0600"}
    assert arguments(config, "kube-controller-manager") == {"terminated-pod-gc-threshold": "100"}


def test_every_kubelet_is_told_what_it_keeps_and_whom_it_trusts(planned):
    for name in STACKS:
        cluster = planned(name)
        for config in (server(cluster), *(agent(cluster, node) for node in cluster.agents)):
            kubelet = arguments(config, "kubelet")
            assert (kubelet["max-pods"], kubelet["system-reserved"]) == ("110", "cpu=500m,memory=1Gi")
            assert (kubelet["fail-cgroupv1"], kubelet["streaming-connection-idle-timeout"]) == ("false", "5m")
            assert all(suite.startswith("TLS_ECDHE_") for suite in kubelet["tls-cipher-suites"].split(","))


def test_the_network_of_pods_is_what_the_firewall_and_the_access_network_know(stack, prod):
    config = server(prod)
    assert (config["cluster-cidr"], config["service-cidr"]) == (["10.42.0.0/16"], ["10.43.0.0/16"])
    assert prod.api_port == stack("prod").firewall.ports["kubernetes-api"].port


def test_snapshots_go_to_object_storage_by_a_secret_alone(prod):
    alone = prod.k3s.snapshots.model_copy(update={"object_storage": None})
    plain = server(replace(prod, k3s=prod.k3s.model_copy(update={"snapshots": alone})))
    assert not [key for key in plain if key.startswith("etcd-s3")]
    name = "snapshots"
    storage = ObjectStorage.model_validate({"secret": name, "retention": 60})
    snapshots = prod.k3s.snapshots.model_copy(update={"object_storage": storage})
    config = server(replace(prod, k3s=prod.k3s.model_copy(update={"snapshots": snapshots})))
    added = {key: value for key, value in config.items() if key.startswith("etcd-s3")}
    assert added == {"etcd-s3": True, "etcd-s3-config-secret": name, "etcd-s3-retention": 60}


def test_nodes_join_with_the_labels_and_taints_that_are_kept_later(prod):
    config = server(prod)
    assert config["node-taint"] == ["sophia.ai/dedicated=core:NoSchedule"]
    assert set(config["node-label"]) == {f"{key}={value}" for key, value in prod.server.labels.items()}
    assert all("node-taint" not in agent(prod, node) for node in prod.agents), "only the GH200 is tainted"
    assert not [key for node in prod.nodes for key in node.labels if key.startswith("kubernetes.io/")]


def test_a_gpu_is_shared_as_its_machine_says_and_found_by_the_runtime(prod, planned):
    shared = {node.name: node.labels["nvidia.com/device-plugin.config"] for node in prod.nodes}
    assert shared == {
        "sophia-ai-core": "exclusive",
        "sophia-mcp-orchestrator": "shared-4",
        "sophia-data-pipeline": "exclusive",
        "sophia-production-instance": "shared-2",
    }
    assert set(shared.values()) == set(prod.sharing)
    replicas = {
        name: yaml.safe_load(text)
        .get("sharing", {})
        .get("timeSlicing", {})
        .get("resources", [{}])[0]
        .get("replicas", 1)
        for name, text in prod.sharing.items()
    }
    assert replicas == {"exclusive": 1, "shared-2": 2, "shared-4": 4}
    assert all(config["default-runtime"] == "nvidia" for config in (server(prod), agent(prod, prod.agents[0])))
    cpu = planned("staging").agents[0]
    assert "default-runtime" not in agent(planned("staging"), cpu)
    assert "nvidia.com/device-plugin.config" not in cpu.labels


def test_the_device_plugin_runs_where_the_gpu_is_with_the_configuration_of_its_nodes(staging, prod):
    made = staging.one("DaemonSet").inputs
    assert made["metadata"]["name"] == "nvidia-device-plugin-shared-4"
    spec = made["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert container["image"].startswith("nvcr.io/nvidia/k8s-device-plugin:v")
    assert pod["nodeSelector"] == {"nvidia.com/device-plugin.config": "shared-4"}
    assert pod["tolerations"] == [{"operator": "Exists"}], "the GPU of a tainted node is one too"
    assert {one["name"]: one["value"] for one in container["env"]}["CONFIG_FILE"].endswith("/shared-4")
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()

    def rolled(configuration: str) -> Any:
        told = gpu.device_plugin(prod.k3s.gpu, image="i", sharing="shared-4", configuration=configuration)
        return told["template"]["metadata"]["annotations"]

    assert rolled("a") != rolled("b"), "another configuration rolls the pods that read it"


def test_an_operator_brings_the_device_plugin_itself(stack, planned):
    chosen = stack("prod")
    gpus = chosen.k3s.gpu.model_copy(update={"mode": "operator", "image": None})
    operated = plan.cluster(replace(chosen, k3s=chosen.k3s.model_copy(update={"gpu": gpus})))
    assert operated.device_plugin is None
    assert operated.sharing == planned("prod").sharing, "it reads the same ConfigMap"


@given(shares=st.integers(min_value=1, max_value=48))
def test_ways_of_sharing_have_names_that_labels_and_files_may_have(shares):
    name = gpu.sharing_name(GpuSharing(mode="time-slicing", shares=shares))
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name)


def test_pods_are_restricted_where_a_namespace_says_nothing_else(prod):
    (admission,) = [yaml.safe_load(file["content"]) for file in prod.files if file["path"] == files.ADMISSION]
    security, limits = (plugin["configuration"] for plugin in admission["plugins"])
    assert {security["defaults"][mode] for mode in ("enforce", "audit", "warn")} == {"restricted"}
    assert security["exemptions"] == {"namespaces": ["kube-system"]}
    assert {limit["type"] for limit in limits["limits"]} == {"Server", "Namespace"}


def test_the_audit_policy_says_what_the_catalog_says(prod):
    policy = files.audit_policy(prod.k3s.audit)
    assert len(policy["rules"]) == len(prod.k3s.audit.rules)
    assert policy["rules"][0] == {"level": "None", "nonResourceURLs": [*prod.k3s.audit.rules[0].paths]}
    rbac = next(rule for rule in policy["rules"] if rule["level"] == "RequestResponse")
    assert rbac["resources"] == [{"group": "rbac.authorization.k8s.io"}], "all resources of the group"


def test_a_program_without_a_digest_is_named_and_never_left_out_in_silence(stack, prod):
    lacking = plan.cluster(stack("prod"))
    assert all("sha256" not in artefact for artefact in lacking.artefacts.values())
    digest = {"v1.36.2+k3s1": {"amd64": "a" * 64}}
    known = plan.cluster(stack("prod", k3s_artefacts=digest))
    assert [*known.artefacts] == ["amd64"]
    assert {*prod.artefacts} == {"amd64", "arm64"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_done_on_the_server_is_a_program_that_a_shell_reads(name):
    done = subprocess.run(["/bin/sh", "-n"], input=PROGRAMS[name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_node_is_emptied_before_it_is_deleted_and_its_password_goes_last():
    steps = [acts.DEPARTURE.index(step) for step in ("kubectl cordon", "kubectl drain", "delete node", "delete secret")]
    assert steps == sorted(steps)


def before(built: Any, name: str) -> set[str]:
    """The names of all that is there before a resource begins."""
    urns, found = [built.named(name).urn], set[str]()
    while urns:
        for urn in built.resources[urns.pop()].dependencies:
            if urn in built.resources and built.resources[urn].name not in found:
                found.add(built.resources[urn].name)
                urns.append(urn)
    return found


def test_a_snapshot_is_taken_before_the_server_changes_its_release(staging):
    assert "sample-snapshot" in before(staging, "sample-staging-server")
    assert staging.named("sample-snapshot").inputs["triggers"] == ["v1.36.2+k3s1"]


def test_agents_wait_for_the_server_and_never_for_each_other(staging):
    waits = before(staging, "sample-staging-agent-1")
    assert {"sample-staging-server", "sample-staging-agent-1-arrival"} <= waits
    assert "sample-staging-agent-2" not in waits


def test_a_node_departs_before_its_agent_goes(staging):
    assert "sample-staging-agent-1" in before(staging, "sample-staging-agent-1-departure")
    departure = staging.named("sample-staging-agent-1-departure").inputs
    assert "create" not in departure
    assert departure["delete"].endswith(" staging-agent-1")
    assert departure["triggers"] == ["staging-agent-1"], "another machine of the same name is no departure"


def test_what_runs_on_the_cluster_waits_for_nodes_that_join_and_not_for_agents(staging):
    waits = before(staging, "sample-joined")
    assert "sample-staging-server" in waits
    assert not [name for name in waits if "agent" in name], (
        "one that is down would keep all the rest from being repaired"
    )
    assert staging.named("sample-joined").inputs["triggers"] == ["staging-server", "staging-agent-1", "staging-agent-2"]


def test_every_act_pins_the_host_and_logs_nothing(staging):
    commands = [r for r in staging.children if r.type == "command:remote:Command"]
    assert len(commands) == 6
    for command in commands:
        way = staging.state(command.name)["connection"]
        assert (way["host"], way["user"], way["hostKey"]) == ("10.97.0.6", "ubuntu", "ssh-ed25519 AAAA")
        assert (command.inputs["logging"], command.inputs["addPreviousOutputInEnv"]) == ("none", False)
        assert command.inputs["stdin"] in PROGRAMS.values()
        assert command.options["custom_timeouts"]["create"]


def test_machines_that_stay_are_left_without_k3s_and_others_take_it_along(build, examples, staging):
    _, example = examples["K3sCluster"]
    prod = build(lambda: example("sample", known=True))
    kept = [r for r in prod.children if r.type.startswith("host:index:K3s")]
    gone = [r for r in staging.children if r.type.startswith("host:index:K3s")]
    assert [r.options.get("deleted_with") for r in kept] == [None] * 4
    assert all(r.options["deleted_with"].endswith(f"::{r.name.removeprefix('sample-')}-host") for r in gone)


def test_labels_are_kept_and_taints_where_there_are_some(build, examples):
    _, example = examples["K3sCluster"]
    prod = build(lambda: example("sample", known=True))
    core = prod.named("sample-sophia-ai-core-labels").inputs
    assert core["spec"] == {"taints": [{"key": "sophia.ai/dedicated", "value": "core", "effect": "NoSchedule"}]}
    assert core["metadata"]["labels"]["sophia.ai/role"] == "core"
    assert "spec" not in prod.named("sample-sophia-data-pipeline-labels").inputs


def test_a_taint_is_written_as_k3s_takes_it():
    assert plan.taint(Taint(key="a", effect="NoExecute")) == "a=:NoExecute"
