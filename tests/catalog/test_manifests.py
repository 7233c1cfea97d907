"""Kubernetes objects as demands for pods."""

from typing import Any

import pytest

from catalog.machine import Taint
from catalog.manifests import cpu, demands, mebibytes
from catalog.pod import Requirement, Toleration


def workload(kind: str, spec: dict[str, Any], name: str = "a") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": "n"}, "spec": spec}


def template(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [*containers], **spec}}}


def container(cpu: str = "100m", memory: str = "64Mi", **more: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}, **more}


def autoscaler(least: int, most: int) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": "a"}
    spec = {"minReplicas": least, "maxReplicas": most, "scaleTargetRef": target}
    return workload("HorizontalPodAutoscaler", spec)


@pytest.mark.parametrize(
    ("quantity", "millicores"), [("100m", 100), (1, 1000), ("0.1", 100), ("2", 2000), ("1500000n", 2)]
)
def test_cpu_is_read_in_every_form_of_the_api(quantity: object, millicores: int) -> None:
    assert cpu(quantity) == millicores


@pytest.mark.parametrize(("quantity", "mib"), [("64Mi", 64), ("1Gi", 1024), ("1000Ki", 1), (2**21, 2), ("1G", 954)])
def test_memory_is_read_in_every_form_of_the_api(quantity: object, mib: int) -> None:
    assert mebibytes(quantity) == mib


@pytest.mark.parametrize(
    ("objects", "counts"),
    [
        ([workload("Deployment", {"replicas": 3, **template(container())})], (3, 3)),
        ([workload("Deployment", template(container()))], (1, 1)),
        ([workload("Deployment", {"replicas": 0, **template(container())})], (0, 0)),
        ([workload("Deployment", template(container())), autoscaler(2, 10)], (2, 10)),
        ([workload("Job", {"parallelism": 4, **template(container())})], (4, 4)),
        ([workload("CronJob", {"jobTemplate": {"spec": template(container())}})], (1, 1)),
    ],
)
def test_a_floor_and_a_ceiling_are_read(objects: list[dict[str, Any]], counts: tuple[int, int]) -> None:
    (found,) = demands(objects)
    assert (found.count, found.grown) == counts


def test_what_is_suspended_wants_nothing() -> None:
    assert demands([workload("CronJob", {"suspend": True, "jobTemplate": {"spec": template(container())}})]) == []


def test_a_pod_asks_for_all_its_containers_or_for_the_largest_that_runs_before_them() -> None:
    spec = template(container("100m"), container("200m"), initContainers=[container("1", "32Mi")])
    (found,) = demands([workload("Deployment", spec)])
    assert (found.pod.millicores, found.pod.mebibytes) == (1000, 128)


def test_a_sidecar_runs_beside_the_others() -> None:
    beside = container("100m", restartPolicy="Always")
    spec = template(container("500m"), initContainers=[beside, container("450m")])
    (found,) = demands([workload("Deployment", spec)])
    assert (found.pod.millicores, found.pod.mebibytes) == (600, 128)


def test_a_limit_stands_for_a_request_that_is_absent_and_a_default_for_both() -> None:
    limits = {"limits": [{"type": "Container", "defaultRequest": {"cpu": "70m", "memory": "7Mi"}}]}
    pods = template({"name": "c", "resources": {"limits": {"memory": "9Mi"}}})
    (found,) = demands([workload("Deployment", pods), workload("LimitRange", limits, "limits")])
    assert (found.pod.millicores, found.pod.mebibytes) == (70, 9)


def test_volumes_that_outlive_a_pod_take_disk() -> None:
    claim = {"spec": {"resources": {"requests": {"storage": "10Gi"}}}}
    (found,) = demands([workload("StatefulSet", {"volumeClaimTemplates": [claim], **template(container())})])
    assert found.pod.disk_gib == 10


def test_a_claim_of_its_own_takes_disk_where_it_is_used() -> None:
    claim = workload("PersistentVolumeClaim", {"resources": {"requests": {"storage": "5Gi"}}}, "data")
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    (found,) = demands([claim, workload("Deployment", template(container(), volumes=volumes))])
    assert found.pod.disk_gib == 5


def test_selectors_and_affinity_must_hold_together() -> None:
    term = {"matchExpressions": [{"key": "b", "operator": "Exists"}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term, {}]}}
    spec = template(container(), nodeSelector={"a": "1"}, affinity={"nodeAffinity": required})
    (found,) = demands([workload("Deployment", spec)])
    own = Requirement("a", "In", ("1",))
    assert found.pod.terms == ((own, Requirement("b", "Exists")), (own,))


@pytest.mark.parametrize(
    ("operator", "values", "labels", "met"),
    [
        ("In", ("x",), {"k": "x"}, True),
        ("In", ("x",), {}, False),
        ("NotIn", ("x",), {}, True),
        ("Exists", (), {"k": ""}, True),
        ("DoesNotExist", (), {"k": ""}, False),
        ("Gt", ("3",), {"k": "4"}, True),
        ("Lt", ("3",), {"k": "x"}, False),
    ],
)
def test_a_label_is_compared_as_the_scheduler_does(
    operator: Any, values: tuple[str, ...], labels: dict[str, str], *, met: bool
) -> None:
    assert Requirement("k", operator, values).met(labels) is met


@pytest.mark.parametrize(
    ("toleration", "borne"),
    [
        (Toleration(), True),
        (Toleration("k"), True),
        (Toleration("k", "v", "NoSchedule"), True),
        (Toleration("k", "w"), False),
        (Toleration("k", None, "NoExecute"), False),
        (Toleration("l"), False),
    ],
)
def test_a_taint_is_borne_as_the_scheduler_has_it(toleration: Toleration, *, borne: bool) -> None:
    assert toleration.covers(Taint(key="k", value="v", effect="NoSchedule")) is borne
