"""The light form with the real programs: it starts, resumes, heals, keeps to itself and leaves nothing."""

import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from catalog import Node
from rehearsal import Rehearsal, RehearsalError, control_plane
from rehearsal.toolchain import progress_for
from rehearsal.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

Rehearse = Callable[[str], Rehearsal]
QUIET = progress_for(io.StringIO())
RESTRICTED: Mapping[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def _pids(rehearsal: Rehearsal) -> dict[str, int | None]:
    return {service.name: service.pid for service in rehearsal.status()}


def _listeners(address: str) -> set[int]:
    connections = psutil.net_connections("tcp")
    return {c.laddr.port for c in connections if c.laddr and c.laddr.ip == address and c.status == psutil.CONN_LISTEN}


def _get(rehearsal: Rehearsal, path: str) -> dict[str, Any]:
    with rehearsal.cluster() as cluster:
        answer: dict[str, Any] = cluster.get(path).raise_for_status().json()
    return answer


def _namespace(rehearsal: Rehearsal, name: str, level: str) -> None:
    labels = {"pod-security.kubernetes.io/enforce": level}
    with rehearsal.cluster() as cluster:
        cluster.post("/api/v1/namespaces", json={"metadata": {"name": name, "labels": labels}}).raise_for_status()
        # A pod is refused until the controller has made its namespace's account.
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        until(
            lambda: True if cluster.get(account).is_success else None, seconds=10, failure=lambda: f"{account}: absent"
        )


def _pod(rehearsal: Rehearsal, namespace: str, security: Mapping[str, Any], **spec: Any) -> tuple[int, dict[str, Any]]:
    container = {"name": "main", "image": "registry.invalid/none:1", "securityContext": security}
    pod = {"metadata": {"name": "one"}, "spec": {"containers": [container], **spec}}
    with rehearsal.cluster() as cluster:
        answer = cluster.post(f"/api/v1/namespaces/{namespace}/pods", json=pod)
    return answer.status_code, answer.json()


def _settled(rehearsal: Rehearsal, namespace: str, condition: str, status: str) -> dict[str, Any]:
    """The pod, once a condition of it has a status."""

    def look() -> dict[str, Any] | None:
        pod = _get(rehearsal, f"/api/v1/namespaces/{namespace}/pods/one")
        conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
        return pod if conditions.get(condition) == status else None

    return until(look, seconds=20, failure=lambda: f"the pod in {namespace} never had {condition}={status}")


def test_a_start_takes_under_ten_seconds_and_a_second_one_under_one(
    rehearse: Rehearse, machines: Sequence[Node], capsys: pytest.CaptureFixture[str]
) -> None:
    rehearsal = rehearse("dev")
    seconds = []
    for _ in range(2):
        begun = time.monotonic()
        rehearsal.start(machines, QUIET)
        seconds.append(time.monotonic() - begun)
    rehearsal.stop()
    begun = time.monotonic()
    rehearsal.start(machines, QUIET)
    resumed = time.monotonic() - begun
    with capsys.disabled():
        sys.stdout.write(f"\n  start: cold {seconds[0]:.2f} s, running {seconds[1]:.2f} s, resumed {resumed:.2f} s\n")
    assert seconds[0] < 10
    assert seconds[1] < 1


def test_a_second_start_changes_nothing(lane: Rehearsal, machines: Sequence[Node]) -> None:
    lane.start(machines, QUIET)
    before = (_pids(lane), lane.kubeconfig.read_text(encoding="utf-8"))
    told = io.StringIO()
    lane.start(machines, progress_for(told))
    assert (_pids(lane), lane.kubeconfig.read_text(encoding="utf-8")) == before
    assert told.getvalue() == ""


def test_two_starts_at_once_bring_up_one_control_plane(rehearse: Rehearse, machines: Sequence[Node]) -> None:
    rehearsal = rehearse("dev")
    told = [io.StringIO(), io.StringIO()]
    starts = [threading.Thread(target=rehearsal.start, args=(machines, progress_for(stream))) for stream in told]
    for start in starts:
        start.start()
    for start in starts:
        start.join(timeout=60)
    assert all(service.running for service in rehearsal.status())
    assert sum("Starting etcd\n" in stream.getvalue() for stream in told) == 1
    assert sum("waiting for it" in stream.getvalue() for stream in told) == 1


def test_two_stacks_run_side_by_side_and_end_apart(rehearse: Rehearse, machines: Sequence[Node]) -> None:
    dev, prod = rehearse("dev"), rehearse("prod")
    dev.start(machines[:1], QUIET)
    prod.start(machines, QUIET)
    assert len(_get(dev, "/api/v1/nodes")["items"]) == 1
    assert len(_get(prod, "/api/v1/nodes")["items"]) == len(machines)
    dev.remove()
    assert all(service.running for service in prod.status())
    running = [service.name for service in dev.status() if service.running]
    assert running == ["lambda-cloud", "machines"], "prod still uses them"
    prod.remove()
    assert not prod.home.exists(), "the last one takes the shared parts with it"


def test_a_removed_rehearsal_leaves_no_process_listener_or_directory(
    rehearse: Rehearse, machines: Sequence[Node]
) -> None:
    rehearsal = rehearse("dev")
    rehearsal.start(machines, QUIET)
    address, pids = rehearsal.address, [pid for pid in _pids(rehearsal).values() if pid]
    assert len(pids) == 7
    assert _listeners(address) == {port for ports in control_plane.PORTS.values() for port in ports}
    rehearsal.remove()
    alive = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]
    assert (alive, _listeners(address), rehearsal.home.exists()) == ([], set(), False)


def test_nothing_listens_but_on_the_rehearsals_address(cluster: Rehearsal) -> None:
    pids = set(_pids(cluster).values())
    listening = {
        c.laddr.ip
        for c in psutil.net_connections("inet")
        if c.pid in pids and c.laddr and c.status == psutil.CONN_LISTEN
    }
    assert listening == {cluster.address, cluster.account.status().endpoint.partition(":")[0]}


@pytest.mark.parametrize("service", ["etcd", "kube-apiserver", "kwok"])
def test_a_start_heals_what_was_killed(lane: Rehearsal, machines: Sequence[Node], service: str) -> None:
    lane.start(machines, QUIET)
    _namespace(lane, f"kept-{service}", "restricted")
    before = _pids(lane)
    os.kill(before[service] or 0, signal.SIGKILL)
    lane.start(machines, QUIET)
    after = _pids(lane)
    assert after[service] not in {None, before[service]}
    assert {name: pid for name, pid in after.items() if name != service} == {
        name: pid for name, pid in before.items() if name != service
    }
    assert _get(lane, f"/api/v1/namespaces/kept-{service}")["status"]["phase"] == "Active"


def test_a_reboot_is_resumed_with_the_data_that_is_there(lane: Rehearsal, machines: Sequence[Node]) -> None:
    lane.start(machines, QUIET)
    _namespace(lane, "kept", "restricted")
    for pid in _pids(lane).values():
        os.kill(pid or 0, signal.SIGKILL)
    lane.start(machines, QUIET)
    assert _get(lane, "/api/v1/namespaces/kept")["status"]["phase"] == "Active"


STARTER = """
import io, sys
from pathlib import Path
import catalog
from catalog.versions import read_versions
from rehearsal import Rehearsal
from rehearsal.toolchain import ensure, progress_for
quiet = progress_for(io.StringIO())
nodes = catalog.load().stack("prod", machines=("sophia-ai-core",), image_lock="rehearsal").nodes
print("begins", flush=True)
Rehearsal(stack="dev", home=Path(sys.argv[1]), toolchain=ensure(read_versions(), progress=quiet)).start(nodes, quiet)
"""


@pytest.mark.parametrize("seconds", [0.5, 1.5])
def test_a_start_that_was_killed_half_way_is_finished_by_the_next(
    rehearse: Rehearse, machines: Sequence[Node], seconds: float
) -> None:
    rehearsal = rehearse("dev")
    with psutil.Popen([sys.executable, "-c", STARTER, str(rehearsal.home)], stdout=subprocess.PIPE) as starter:
        starter.stdout.readline()
        time.sleep(seconds)  # where it is then does not matter
        starter.kill()
    rehearsal.start(machines, QUIET)
    assert all(service.running for service in rehearsal.status())
    assert len(_listeners(rehearsal.address)) == 7, "a process that nobody remembers would hold a port"


def test_a_port_in_use_is_told_before_anything_starts(rehearse: Rehearse, machines: Sequence[Node]) -> None:
    rehearsal = rehearse("dev")
    with (
        socket.create_server((rehearsal.address, 10259)),
        pytest.raises(RehearsalError, match=rf"10259 \(kube-scheduler\) is in use by process {os.getpid()}"),
    ):
        rehearsal.start(machines, QUIET)
    assert not any(service.running for service in rehearsal.status())


def test_nodes_are_ready_with_the_sizes_and_taints_of_the_catalog(cluster: Rehearsal, machines: Sequence[Node]) -> None:
    nodes = {node["metadata"]["name"]: node for node in _get(cluster, "/api/v1/nodes")["items"]}
    seen = {
        name: (
            next(c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"),
            node["status"]["nodeInfo"]["architecture"],
            node["status"]["allocatable"].get("nvidia.com/gpu"),
            int(node["status"]["capacity"]["cpu"]) * 1000,
            [(taint["key"], taint["effect"]) for taint in node["spec"].get("taints", [])],
        )
        for name, node in nodes.items()
    }
    assert seen == {
        machine.name: (
            "True",
            machine.architecture.value,
            str(machine.allocatable.gpus),
            machine.capacity.millicores,
            [(taint.key, taint.effect) for taint in machine.taints],
        )
        for machine in machines
    }


def test_a_machine_that_left_the_stack_is_no_node_any_more(lane: Rehearsal, machines: Sequence[Node]) -> None:
    lane.start(machines[:2], QUIET)
    lane.start(machines[1:2], QUIET)
    names = [node["metadata"]["name"] for node in _get(lane, "/api/v1/nodes")["items"]]
    assert names == [machines[1].name]


def test_a_machine_that_changed_its_size_and_labels_is_the_same_node_of_another_size(
    lane: Rehearsal, machines: Sequence[Node]
) -> None:
    machine = machines[1]
    lane.start([machine], QUIET)
    before = _get(lane, f"/api/v1/nodes/{machine.name}")
    small = machine.capacity.model_copy(update={"millicores": 2000})
    lane.start([machine.model_copy(update={"allocatable": small, "labels": {}})], QUIET)
    after = _get(lane, f"/api/v1/nodes/{machine.name}")
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["status"]["allocatable"]["cpu"] == "2"
    assert "sophia.ai/role" not in after["metadata"]["labels"]


def test_a_restricted_pod_is_scheduled_and_becomes_ready(cluster: Rehearsal) -> None:
    _namespace(cluster, "restricted-pod", "restricted")
    status, _ = _pod(cluster, "restricted-pod", RESTRICTED, nodeSelector={"sophia.ai/role": "mcp"})
    pod = _settled(cluster, "restricted-pod", "Ready", "True")
    assert (status, pod["spec"]["nodeName"]) == (201, "sophia-mcp-orchestrator")


def test_pod_security_refuses_a_privileged_pod_where_pods_are_restricted(cluster: Rehearsal) -> None:
    _namespace(cluster, "refused-pod", "restricted")
    status, answer = _pod(cluster, "refused-pod", {"privileged": True})
    assert status == 403
    assert 'violates PodSecurity "restricted' in answer["message"]


def test_a_privileged_pod_is_taken_where_pods_are_privileged(cluster: Rehearsal) -> None:
    _namespace(cluster, "privileged-pod", "privileged")
    status, _ = _pod(cluster, "privileged-pod", {"privileged": True})
    assert status == 201, "the refusal must come from Pod Security and not from a flag of the server"


def test_a_pod_that_tolerates_nothing_never_lands_on_a_tainted_node(cluster: Rehearsal) -> None:
    _namespace(cluster, "tainted", "restricted")
    _pod(cluster, "tainted", RESTRICTED, nodeSelector={"sophia.ai/role": "core"})
    pod = _settled(cluster, "tainted", "PodScheduled", "False")
    (condition,) = pod["status"]["conditions"]
    assert condition["reason"] == "Unschedulable"
    assert "untolerated taint" in condition["message"]


def test_a_pod_that_asks_for_more_gpus_than_there_are_stays_pending(
    cluster: Rehearsal, machines: Sequence[Node]
) -> None:
    most = max(machine.allocatable.gpus for machine in machines)
    _namespace(cluster, "greedy", "restricted")
    container = {
        "name": "main",
        "image": "registry.invalid/none:1",
        "securityContext": RESTRICTED,
        "resources": {"limits": {"nvidia.com/gpu": str(most + 1)}},
    }
    _pod(cluster, "greedy", RESTRICTED, containers=[container])
    pod = _settled(cluster, "greedy", "PodScheduled", "False")
    assert "Insufficient nvidia.com/gpu" in pod["status"]["conditions"][0]["message"]


def test_the_deployer_acts_under_its_own_name(cluster: Rehearsal) -> None:
    with cluster.cluster() as api:
        review = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json={}).raise_for_status().json()
    assert review["status"]["userInfo"]["username"] == "sophia-deployer"


def test_nobody_gets_in_without_a_certificate(cluster: Rehearsal) -> None:
    trust = ssl.create_default_context(cafile=cluster.folder.pki / "cluster-ca.crt")
    answer = httpx.get(f"https://{cluster.address}:6443/api/v1/nodes", verify=trust, trust_env=False)
    assert answer.status_code == 401


def test_kubectl_works_by_hand_with_the_environment(cluster: Rehearsal) -> None:
    done = subprocess.run(
        ["kubectl", "get", "nodes", "--output", "json"],
        env=cluster.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(done.stdout)["items"]) == 4


def test_every_private_file_is_its_owners_alone(cluster: Rehearsal) -> None:
    open_to_others = [path for path in cluster.folder.pki.iterdir() if path.stat().st_mode & 0o077]
    assert open_to_others == []
    assert Path(cluster.kubeconfig).stat().st_mode & 0o777 == 0o600
