"""The pod template of a workload: restricted, placed, probed, sized."""

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import pytest

from catalog.machine import Architecture, Role
from components.workload import pod

Pod = dict[str, Any]

SAFE_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"}
SETS_OF_ARCHITECTURES = [s for size in (0, 1, 2) for s in combinations(Architecture, size)]
PLACEMENTS = [
    # What meets no platform of the image, the catalog refuses.
    pytest.param(built, placed, id=f"{'-'.join(built)} on {'-'.join(placed) or 'any'}")
    for built, placed in product(SETS_OF_ARCHITECTURES, SETS_OF_ARCHITECTURES)
    if set(built) & set(placed or built)
]


def template(spec, *, secret: str | None = None) -> Pod:
    return pod.template(
        spec,
        image="example/sample:1.0.0",
        service_account="sample",
        config_map="sample-config",
        secret=secret,
        checksums={"sophia.ai/config-checksum": "0"},
    )


def container(spec, *, secret: str | None = None) -> Pod:
    (only,) = template(spec, secret=secret)["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def everywhere(rule: Callable[[Pod], bool]) -> Callable[[Pod], bool]:
    """The rule for every kind of container that a pod may have."""
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return lambda spec: all(rule(one) for kind in kinds for one in spec.get(kind, []))


def security(context: Pod, *path: str) -> Any:
    """What a security context says, or None."""
    value: Any = context.get("securityContext", {})
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def handlers(one: Pod) -> list[Pod]:
    probes = [one.get(f"{kind}Probe", {}) for kind in ("liveness", "readiness", "startup")]
    return [handler for check in [*probes, *one.get("lifecycle", {}).values()] for handler in check.values()]


# Kubernetes 1.36, Pod Security Standards, "Restricted" with "Baseline" in it, one entry per control.
RESTRICTED: dict[str, Callable[[Pod], bool]] = {
    "host namespaces": lambda spec: not {"hostNetwork", "hostPID", "hostIPC"} & set(spec),
    "host process": everywhere(lambda c: security(c, "windowsOptions") is None),
    "host ports": everywhere(lambda c: all("hostPort" not in port for port in c.get("ports", []))),
    "probes stay in the pod": everywhere(lambda c: all("host" not in h for h in handlers(c) if isinstance(h, dict))),
    "privileged": everywhere(lambda c: not security(c, "privileged")),
    "capabilities are dropped": everywhere(lambda c: security(c, "capabilities", "drop") == ["ALL"]),
    "capabilities are not added": everywhere(lambda c: not security(c, "capabilities", "add")),
    "privilege escalation": everywhere(lambda c: security(c, "allowPrivilegeEscalation") is False),
    "proc mount": everywhere(lambda c: security(c, "procMount") in {None, "Default"}),
    "AppArmor": everywhere(lambda c: security(c, "appArmorProfile") is None),
    "SELinux": lambda spec: security(spec, "seLinuxOptions") is None,
    "sysctls": lambda spec: not security(spec, "sysctls"),
    "seccomp": lambda spec: security(spec, "seccompProfile", "type") == "RuntimeDefault",
    "not root": lambda spec: security(spec, "runAsNonRoot") is True,
    "user": lambda spec: (security(spec, "runAsUser") or 0) > 0,
    "no container undoes it": everywhere(
        lambda c: not {"runAsNonRoot", "runAsUser", "seccompProfile"} & set(security(c))
    ),
    "volumes": lambda spec: all(set(v) - {"name"} <= SAFE_VOLUMES for v in spec["volumes"]),
}


@pytest.mark.parametrize("control", RESTRICTED)
def test_every_pod_meets_pod_security_restricted(control, facts, workload, stateful):
    specs = [
        *facts.mcp.values(),
        workload(),
        stateful(),
        workload(identity={"user": 70, "service_account_token": True}),
    ]
    offenders = [spec.name for spec in specs if not RESTRICTED[control](template(spec)["spec"])]
    assert offenders == [], "the namespace would refuse these pods"


def test_the_root_file_system_is_read_only(workload):
    assert security(container(workload()), "readOnlyRootFilesystem") is True


def test_a_pod_runs_as_the_declared_user_and_group(workload):
    context = template(workload(identity={"user": 70, "group": 71}))["spec"]["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (70, 71, 71)


@pytest.mark.parametrize("allowed", [False, True])
def test_a_pod_has_an_api_token_only_where_declared(allowed, workload):
    spec = template(workload(identity={"service_account_token": allowed}))["spec"]
    assert spec["automountServiceAccountToken"] is allowed


def required(spec) -> dict[str, list[str]]:
    """The required node labels: every expression of the one term, by key."""
    rule = pod.node_affinity(spec)["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = rule["nodeSelectorTerms"]
    assert {expression["operator"] for expression in term["matchExpressions"]} == {"In"}
    return {expression["key"]: expression["values"] for expression in term["matchExpressions"]}


@pytest.mark.parametrize(("built", "placed"), PLACEMENTS)
def test_only_nodes_that_the_image_is_built_for_are_admitted(built, placed, workload):
    spec = workload(
        image={"repository": "example/sample", "tag": "1.0.0", "platforms": built}, placement={"architectures": placed}
    )
    assert set(required(spec)["kubernetes.io/arch"]) == set(built) & set(placed or built)


def test_every_required_role_is_required(workload):
    roles = [Role.MCP, Role.DATA]
    assert required(workload(placement={"required_roles": roles}))["sophia.ai/role"] == ["mcp", "data"]


def test_without_required_roles_every_role_is_admitted(workload):
    assert set(required(workload())) == {"kubernetes.io/arch"}


def test_preferred_roles_are_preferred_and_not_required(workload):
    spec = workload(placement={"preferred_roles": ["mcp"]})
    (preference,) = pod.node_affinity(spec)["preferredDuringSchedulingIgnoredDuringExecution"]
    (expression,) = preference["preference"]["matchExpressions"]
    assert (expression["key"], expression["values"]) == ("sophia.ai/role", ["mcp"])
    assert "sophia.ai/role" not in required(spec)


def test_without_preferred_roles_nothing_is_preferred(workload):
    assert set(pod.node_affinity(workload())) == {"requiredDuringSchedulingIgnoredDuringExecution"}


def test_only_declared_taints_are_tolerated(workload):
    tolerant = template(workload(placement={"tolerated_taints": ["sophia.ai/dedicated"]}))["spec"]
    assert tolerant["tolerations"] == [{"key": "sophia.ai/dedicated", "operator": "Exists"}]
    assert template(workload())["spec"]["tolerations"] == []


PROBES = [
    pytest.param({"kind": "http", "path": "/live"}, {"httpGet": {"path": "/live", "port": "mcp"}}, id="http"),
    pytest.param({"kind": "tcp", "port": "mcp"}, {"tcpSocket": {"port": "mcp"}}, id="tcp"),
    pytest.param({"kind": "exec", "command": ["check", "-q"]}, {"exec": {"command": ["check", "-q"]}}, id="exec"),
]


@pytest.mark.parametrize("which", ["liveness", "readiness", "startup"])
@pytest.mark.parametrize(("declared", "handler"), PROBES)
def test_a_probe_of_every_kind_is_made_as_declared(declared, handler, which, workload):
    timing = {"initial_delay_seconds": 7, "period_seconds": 11, "timeout_seconds": 3, "failure_threshold": 5}
    spec = workload(probes={"liveness": {"path": "/"}, "readiness": {"path": "/"}, which: {**declared, **timing}})
    assert container(spec)[f"{which}Probe"] == {
        **handler,
        "initialDelaySeconds": 7,
        "periodSeconds": 11,
        "timeoutSeconds": 3,
        "failureThreshold": 5,
    }


def test_a_pod_has_no_startup_probe_that_nobody_declared(workload):
    assert "startupProbe" not in container(workload())


def test_gpu_requests_are_whole_numbers_as_text_and_equal_the_limits(workload):
    declared = {**workload().resources.model_dump(), "gpus": 2}
    resources = container(workload(resources=declared))["resources"]
    assert resources["requests"]["nvidia.com/gpu"] == resources["limits"]["nvidia.com/gpu"] == "2"


def test_a_pod_without_gpus_names_none(workload):
    resources = container(workload())["resources"]
    assert {*resources["requests"], *resources["limits"]} == {"cpu", "memory"}


def test_a_pod_asks_for_what_is_declared(workload):
    assert container(workload())["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "2Gi"},
    }


def test_a_pod_waits_before_it_stops_and_keeps_its_whole_grace(workload):
    spec = workload(termination_grace_seconds=42)
    waits = container(spec)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert waits > 0, "requests still come while the Service forgets the pod"
    assert template(spec)["spec"]["terminationGracePeriodSeconds"] == 42 + waits


def test_a_workload_without_secrets_reads_none(workload):
    assert container(workload())["envFrom"] == [{"configMapRef": {"name": "sample-config"}}]


def test_a_workload_with_secrets_reads_them(workload):
    name = "sample-secrets"
    assert {"secretRef": {"name": name}} in container(workload(), secret=name)["envFrom"]


def test_a_persistent_volume_is_mounted_and_is_no_empty_directory(stateful):
    mounts = {mount["name"]: mount["mountPath"] for mount in container(stateful())["volumeMounts"]}
    directories = {volume["name"]: volume["emptyDir"] for volume in template(stateful())["spec"]["volumes"]}
    assert mounts == {"data": "/data", "tmp": "/tmp"}  # noqa: S108 - a path in a container
    assert directories == {"tmp": {"sizeLimit": "64Mi"}}


def test_the_checksums_stand_in_the_pods_annotations(workload):
    assert template(workload())["metadata"]["annotations"] == {"sophia.ai/config-checksum": "0"}


def test_every_port_is_named_for_probes_and_services(workload):
    spec = workload(ports=[{"name": "mcp", "port": 9100}, {"name": "metrics", "port": 9200}])
    ports = {port["name"]: port["containerPort"] for port in container(spec)["ports"]}
    assert ports == {"mcp": 9100, "metrics": 9200}
