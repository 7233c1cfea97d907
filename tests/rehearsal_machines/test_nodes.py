"""Nodes: real kubelets and pods on machines, what a machine's description makes of them, and their end."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

import catalog
from catalog.machine import GpuSharing
from catalog.versions import read_versions
from providers.host.ruleset import Pods, Row, render
from rehearsal.machines import Room
from rehearsal.machines.machine import Size
from rehearsal.machines.testing import spec, temporary_room
from rehearsal.toolchain.machine_programs import STAND_IN
from rehearsal.toolchain.wheel_images import BUSYBOX
from tests.rehearsal_machines.k3s import Cluster, daemon_set, device_plugins, is_true, taking, toolchain

pytestmark = pytest.mark.engine

LARGE = Size(architecture="amd64", vcpus=14, memory_mib=102400, disk_gib=512, gpus=1, gpu="a6000")
CPU = Size(architecture="amd64", vcpus=4, memory_mib=16384, disk_gib=512)
ARM = Size(architecture="arm64", vcpus=64, memory_mib=442368, disk_gib=4096, gpus=1, gpu="gh200")
PORT = 8080


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server and two agents of two regions, the last of another architecture; a pod `web` runs on both others."""
    tools = toolchain()
    with temporary_room(tools.machine_programs) as room:
        machines = (
            spec(1, size=CPU, name="server"),
            spec(2, size=LARGE, name="worker", region="us-south-1"),
            spec(3, size=ARM, name="arm"),
        )
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(room.boot, machines))
        made = Cluster(room, tools, machines)
        begun = time.monotonic()
        for machine in machines:
            made.start(machine)
        made.wait("three Ready nodes", lambda: made.ready_nodes() == ["arm", "server", "worker"])
        sys.stderr.write(f"\n  a server and two agents are Ready: {time.monotonic() - begun:.1f} s\n")
        made.apply(daemon_set("web", STAND_IN, PORT))
        made.wait("two Ready pods", lambda: made.ready("web", 2))
        yield made


def test_each_node_has_the_size_the_addresses_and_the_version_of_its_machine(cluster):
    nodes = {node["metadata"]["name"]: node["status"] for node in cluster.get("nodes")["items"]}
    sizes = {name: (one["capacity"]["cpu"], one["capacity"]["memory"]) for name, one in nodes.items()}
    assert sizes == {"server": ("4", "16Gi"), "worker": ("14", "100Gi"), "arm": ("64", "432Gi")}
    assert {name: one["nodeInfo"]["architecture"] for name, one in nodes.items()} == {
        "server": "amd64",
        "worker": "amd64",
        "arm": "arm64",
    }
    for number, name in enumerate(("server", "worker", "arm"), 1):
        addresses = {one["type"]: one["address"] for one in nodes[name]["addresses"]}
        assert (addresses["InternalIP"], addresses["ExternalIP"]) == (f"10.16.0.{number}", f"203.0.113.{number}")
        assert nodes[name]["nodeInfo"]["kubeletVersion"] == read_versions().k3s


def test_a_pod_of_the_catalogs_image_runs_as_its_own_user_on_a_file_system_that_it_cannot_write(cluster):
    worker = cluster.machines[1]
    pod = cluster.pod_on(worker, "web")
    answered = cluster.shell(worker, f"curl -sS --max-time 5 http://{pod['status']['podIP']}:{PORT}/")
    assert answered == "web\n"
    status = cluster.shell(worker, "cat /proc/$(pgrep --newest --full '^/pod')/status")
    assert "Uid:\t10001\t10001" in status
    assert "CapBnd:\t0000000000000000" in status
    assert "Seccomp:\t2" in status


def reaches(cluster: Cluster, number: int, address: str) -> bool:
    """Whether a pod of a machine reaches an address: its network namespace is entered, because it holds no program."""
    inside = "nsenter --net=/run/netns/$(ls /run/netns | head -1)"
    command = f"{inside} curl -sS --max-time 3 --output /dev/null http://{address}/"
    return cluster.room.enter(cluster.machines[number].id, ["sh", "-c", command]).returncode == 0


def service(name: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": PORT}]},
    }


def protect(cluster: Cluster) -> None:
    """Give every machine the catalog's firewall."""
    firewall = catalog.load().firewall
    nodes = [machine.public for machine in cluster.machines]
    for machine in cluster.machines:
        rows = [
            Row(name=name, protocol=port.protocol, port=port.port, sources=port.sources)
            for name, port in firewall.rows("server" if machine is cluster.machines[0] else "agent").items()
        ]
        table = render(rows, nodes, "access", [], Pods(interface="cni0", network="10.42.0.0/16")).text
        cluster.shell(machine, "nft --file -", text=table)


def test_behind_the_catalogs_firewall_pods_of_two_machines_reach_each_other_services_and_the_api(cluster):
    cluster.apply(service("web"))
    web = cluster.get("service", "web")["spec"]["clusterIP"]
    pods = [cluster.pod_on(machine, "web")["status"]["podIP"] for machine in cluster.machines[:2]]
    protect(cluster)
    try:
        for number in (0, 1):
            cluster.wait("the other pod", lambda n=number: reaches(cluster, n, f"{pods[1 - n]}:{PORT}"), seconds=15)
            cluster.wait("the Service", lambda n=number: reaches(cluster, n, web), seconds=15)
            assert all(reaches(cluster, number, web) for _ in range(6)), "a Service loses requests"
        inside = "nsenter --net=/run/netns/$(ls /run/netns | head -1)"
        for machine in cluster.machines[:2]:
            answer = cluster.shell(machine, f"{inside} curl -sk --max-time 5 https://10.43.0.1/readyz")
            assert '"code": 401' in answer, "the API server does not answer a pod"
        assert cluster.kubectl("logs", "--selector=app=web").stdout.count("serving") == 2
    finally:
        for machine in cluster.machines:
            cluster.shell(machine, "nft delete table inet sophia")


def standing(name: str, node: str) -> dict[str, Any]:
    """A pod of little size on a node."""
    spec = daemon_set(name, STAND_IN, PORT, nodes=[node])["spec"]["template"]["spec"]
    spec["containers"][0]["resources"] = {}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def policy(name: str, **spec: object) -> dict[str, Any]:
    whole = {"podSelector": {"matchLabels": {"app": name}}, **spec}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return {**kind, "metadata": {"name": f"of-{name}", "namespace": "default"}, "spec": whole}


def test_a_network_policy_lets_through_what_it_names_and_stops_the_rest_while_it_is_there(cluster):
    server, worker, arm = cluster.machines
    cluster.apply(service("web"), standing("friend", "worker"), standing("stranger", "worker"))
    for name in ("friend", "stranger"):
        cluster.wait(f"the pod {name}", lambda name=name: cluster.ready(name, 1))
    friend, stranger, near = (cluster.pod_on(worker, name)["status"]["podIP"] for name in ("friend", "stranger", "web"))
    far = cluster.pod_on(server, "web")["status"]["podIP"]
    web = cluster.get("service", "web")["spec"]["clusterIP"]
    named = {
        "a pod of the same node": (worker, near, PORT, friend),
        "a pod of another node": (worker, far, PORT, friend),
        "a Service": (worker, web, 80, friend),
        "the node itself": (worker, near, PORT, ""),
    }
    stopped = {
        "another pod, on the same node": (worker, near, PORT, stranger),
        "another pod, to another node": (worker, far, PORT, stranger),
        "another pod, to a Service": (worker, web, 80, stranger),
        "another node": (server, near, PORT, ""),
        "out of the cluster": (worker, arm.public, 22, friend),
        "to its own node": (worker, worker.private, 22, friend),
        "to another node": (worker, server.public, 22, friend),
    }

    guarded = cluster.pod_on(worker, "web")["metadata"]["name"]
    api = f"/api/v1/namespaces/default/pods/http:{guarded}:{PORT}/proxy/"

    def open_ways() -> set[str]:
        ways = {**named, **stopped}
        assert cluster.kubectl("get", "--raw", api).stdout == "web\n", "the API server does not reach a pod"
        return {name for name, (at, to, port, pod) in ways.items() if cluster.connects(at, to, port, pod=pod)}

    assert open_ways() == {*named, *stopped}, "nothing says that anything is to be stopped"
    port = [{"port": PORT, "protocol": "TCP"}]
    cluster.apply(
        policy("web", policyTypes=["Ingress"], ingress=[{"from": [selected("friend")], "ports": port}]),
        policy("friend", policyTypes=["Egress"], egress=[{"to": [selected("web")], "ports": port}]),
    )
    try:
        cluster.wait("the policies", lambda: open_ways() == {*named}, seconds=30)
        time.sleep(5)  # longer than a pod is Ready whose probes fail
        assert cluster.ready("web", 2), "probes of the kubelet are stopped"
        assert open_ways() == {*named}
    finally:
        cluster.kubectl("delete", "networkpolicy", "of-web", "of-friend")
    cluster.wait("the end of the policies", lambda: open_ways() == {*named, *stopped}, seconds=30)
    cluster.kubectl("delete", "pod", "friend", "stranger", "--grace-period=1")


def selected(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": name}}}


def test_packets_between_pods_come_to_the_meshs_port_of_the_public_address_and_no_other_way(cluster):
    worker = cluster.machines[1]
    pod = cluster.pod_on(worker, "web")["status"]["podIP"]
    assert reaches(cluster, 0, f"{pod}:{PORT}")
    # Before connections are tracked: both sides send from the mesh's port, so that what the one sends opens the other.
    deaf = (
        "add table inet deaf; add chain inet deaf raw { type filter hook prerouting priority raw; };"
        " add rule inet deaf raw udp dport 51820 drop"
    )
    cluster.shell(worker, "nft --file -", text=deaf)
    try:
        assert not reaches(cluster, 0, f"{pod}:{PORT}")
    finally:
        cluster.shell(worker, "nft delete table inet deaf")
    assert reaches(cluster, 0, f"{pod}:{PORT}")
    endpoints = cluster.shell(cluster.machines[0], "bridge fdb show dev flannel-wg")
    assert "dst 203.0.113.2 " in endpoints


def test_a_name_of_a_service_is_resolved_from_a_pods_network(cluster):
    cluster.apply(service("web"))
    program = (
        "import socket,struct; q=struct.pack('>6H',7,256,1,0,0,0)"
        "+b''.join(bytes([len(p)])+p for p in b'web.default.svc.cluster.local'.split(b'.'))+struct.pack('>BHH',0,1,1);"
        "s=socket.socket(type=socket.SOCK_DGRAM); s.settimeout(3); s.sendto(q,('10.43.0.10',53));"
        "print(socket.inet_ntoa(s.recv(512)[-4:]))"
    )
    command = f'nsenter --net=/run/netns/$(ls /run/netns | head -1) python3 -c "{program}"'
    web = cluster.get("service", "web")["spec"]["clusterIP"]

    def resolved() -> bool:
        done = cluster.room.enter(cluster.machines[1].id, ["sh", "-c", command])
        return bool(done.stdout.strip() == web)

    cluster.wait("the name", resolved)


def keeping(name: str) -> dict[str, Any]:
    """One pod that writes a number into a volume of its own where there is none yet, and tells which one is there."""
    whole = daemon_set(name, BUSYBOX, PORT)
    script = "[ -s /kept/n ] || cat /proc/sys/kernel/random/uuid > /kept/n; cat /kept/n; tail -f /dev/null"
    pod = whole["spec"]["template"]["spec"]
    pod["securityContext"] |= {"runAsGroup": 10001, "fsGroup": 20002}
    pod["terminationGracePeriodSeconds"] = 1
    pod["containers"][0] = {
        "name": name,
        "image": BUSYBOX,
        "command": ["sh", "-c", script],
        "securityContext": pod["containers"][0]["securityContext"],
        "volumeMounts": [{"name": "kept", "mountPath": "/kept"}],
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claims = [{"metadata": {"name": "kept"}, "spec": claim}]
    return {**whole, "kind": "StatefulSet", "spec": {**whole["spec"], "volumeClaimTemplates": claims}}


@contextmanager
def applied(cluster: Cluster, whole: dict[str, Any]) -> Iterator[None]:
    """One such pod, which is gone after the block with its volume, however that ends; every node takes pods then."""
    name = whole["metadata"]["name"]
    try:
        cluster.apply(whole)
        yield
    finally:
        cluster.kubectl("uncordon", *cluster.ready_nodes())
        names = (name, f"kept-{name}-0")
        cluster.kubectl("delete", "statefulset,persistentvolumeclaim", *names, "--ignore-not-found")


def test_what_a_pod_keeps_in_a_volume_is_there_for_the_next_one_on_that_node_alone_and_ends_with_its_claim(cluster):
    def there() -> str:
        """The identity of the Ready pod, or nothing."""
        pods = cluster.get("pods", "--selector=app=keeper")["items"]
        return next((str(pod["metadata"]["uid"]) for pod in pods if is_true(pod, "Ready")), "")

    def unschedulable() -> bool:
        pods = cluster.get("pods", "--selector=app=keeper")["items"]
        conditions = (one for pod in pods for one in pod["status"].get("conditions", ()))
        return any(one["type"] == "PodScheduled" and one.get("reason") == "Unschedulable" for one in conditions)

    (provisioner,) = cluster.get("pods", "--namespace=kube-system", "--selector=app=local-path-provisioner")["items"]
    assert provisioner["spec"]["nodeName"] != "arm", "a pod of a light node makes no folder"
    with applied(cluster, keeping("keeper")):
        begun = time.monotonic()
        cluster.wait("the pod with a volume", lambda: bool(there()))
        sys.stderr.write(f"\n  a pod has its first volume: {time.monotonic() - begun:.1f} s\n")
        first, number = there(), cluster.kubectl("logs", "keeper-0").stdout
        assert number.strip()

        (volume,) = cluster.get("persistentvolumes")["items"]
        node, path = cluster.get("pod", "keeper-0")["spec"]["nodeName"], volume["spec"]["local"]["path"]
        (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
        assert term["matchExpressions"] == [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]
        machine = next(one for one in cluster.machines if one.name == node)
        assert path.startswith("/var/lib/rancher/k3s/storage/pvc-")
        look = f"stat --format '%a %u %g' {path}/.. {path} {path}/n"
        assert cluster.shell(machine, look).splitlines() == ["700 0 0", "2777 0 20002", "644 10001 20002"]

        cluster.kubectl("cordon", node)
        cluster.kubectl("delete", "pod", "keeper-0")
        cluster.wait("the pod finds no other node", unschedulable)
        cluster.kubectl("uncordon", node)
        cluster.wait("the next pod", lambda: there() not in {"", first})
        assert cluster.kubectl("logs", "keeper-0").stdout == number

    cluster.wait("the end of the volume", lambda: cluster.get("persistentvolumes")["items"] == [])
    assert cluster.shell(machine, "ls /var/lib/rancher/k3s/storage") == ""


def shape(volume: dict[str, Any], node: str) -> dict[str, Any]:
    """What does not differ between the volumes of two pods on two nodes."""
    claim = dict(volume["spec"]["claimRef"])
    text = json.dumps(
        {
            "annotations": volume["metadata"]["annotations"],
            "finalizers": volume["metadata"]["finalizers"],
            "spec": {**volume["spec"], "claimRef": {**claim, "resourceVersion": "any"}},
        }
    )
    for one, word in ((claim["uid"], "UID"), (claim["name"], "CLAIM"), (node, "NODE")):
        text = text.replace(json.dumps(one)[1:-1], word)
    return dict(json.loads(text))


def test_a_claim_of_a_pod_on_a_light_node_gets_the_volume_that_it_would_get_elsewhere_but_for_the_folder(cluster):
    def on(name: str, node: str) -> dict[str, Any]:
        one = keeping(name)
        one["spec"]["template"]["spec"] |= {"affinity": {}, "nodeSelector": {"kubernetes.io/hostname": node}}
        return one

    def left() -> list[str]:
        return [one["spec"]["claimRef"]["name"] for one in cluster.get("persistentvolumes")["items"]]

    with applied(cluster, on("kept", "worker")):
        with applied(cluster, on("played", "arm")):
            for name in ("played", "kept"):
                cluster.wait(f"the pod {name}", lambda name=name: cluster.ready(name, 1))
            volumes = {one["spec"]["claimRef"]["name"]: one for one in cluster.get("persistentvolumes")["items"]}
            played, kept = volumes["kept-played-0"], volumes["kept-kept-0"]
            assert shape(played, "arm") == shape(kept, "worker"), "a program would see whether its node is a light one"
            storage = "ls /var/lib/rancher/k3s/storage"
            folder = kept["spec"]["local"]["path"].rpartition("/")[2]
            assert cluster.shell(cluster.machines[1], storage).split() == [folder]
            assert cluster.room.enter(cluster.machines[2].id, ["sh", "-c", storage]).stdout == ""
        cluster.wait("the end of the light node's volume", lambda: left() == ["kept-kept-0"])
    cluster.wait("the end of the other", lambda: left() == [])


def test_gpus_are_offered_as_often_as_the_nodes_label_says_to_real_and_to_light_nodes(cluster):
    def offered(name: str, count: str) -> bool:
        return str(cluster.get("node", name)["status"]["allocatable"].get("nvidia.com/gpu")) == count

    cluster.apply(*device_plugins(GpuSharing(mode="exclusive"), GpuSharing(mode="time-slicing", shares=4)))
    assert "nvidia.com/gpu" not in cluster.get("node", "worker")["status"]["allocatable"], "nothing offers it yet"
    for sharing, count in (("exclusive", "1"), ("shared-4", "4")):
        for name in ("worker", "arm"):
            cluster.kubectl("label", "--overwrite", "node", name, f"nvidia.com/device-plugin.config={sharing}")
            cluster.wait(f"{count} shares of a GPU", lambda node=name, count=count: offered(node, count))
    assert "nvidia.com/gpu" not in cluster.get("node", "server")["status"]["allocatable"]


def test_a_container_gets_one_share_of_a_gpu_and_not_two(cluster):
    for name, shares in (("one-share", "1"), ("two-shares", "2")):
        cluster.apply(taking(name, shares))
    cluster.wait("the pod with one share", lambda: is_true(cluster.get("pod", "one-share"), "Ready"))
    cluster.wait(
        "that of two is refused",
        lambda: cluster.get("pod", "two-shares")["status"].get("reason") == "UnexpectedAdmissionError",
    )
    assert "more than one is not more of a GPU" in cluster.get("pod", "two-shares")["status"]["message"]
    cluster.kubectl("delete", "pod", "one-share", "two-shares", "--grace-period=1")


def test_pods_live_on_while_k3s_restarts_and_are_found_again(cluster):
    worker = cluster.machines[1]
    before = cluster.pod_on(worker, "web")["status"]["containerStatuses"][0]
    cluster.shell(worker, "systemctl stop k3s")
    assert cluster.shell(worker, "pgrep --full '^/pod'").strip()
    assert cluster.room.enter(worker.id, ["pgrep", "kubelet"]).returncode == 1
    cluster.shell(worker, "systemctl start k3s")
    cluster.wait("a Ready pod", lambda: cluster.ready("web", 2))
    after = cluster.pod_on(worker, "web")["status"]["containerStatuses"][0]
    assert (after["containerID"], after["restartCount"]) == (before["containerID"], before["restartCount"])


def test_after_a_loss_of_power_the_machine_is_the_node_that_it_was_and_its_pods_run_again(cluster):
    worker = cluster.machines[1]
    before = cluster.pod_on(worker, "web")["metadata"]["uid"]
    cluster.room.reboot(worker.id)

    def again() -> bool:
        pod = cluster.pod_on(worker, "web")
        return is_true(pod, "Ready") and bool(pod["status"]["containerStatuses"][0]["restartCount"])

    cluster.wait("the pod runs again", again)
    assert cluster.pod_on(worker, "web")["metadata"]["uid"] == before
    server = cluster.machines.index(cluster.machines[0])
    pod = cluster.pod_on(worker, "web")["status"]["podIP"]
    cluster.wait("the mesh", lambda: reaches(cluster, server, f"{pod}:{PORT}"), seconds=20)


def test_killall_leaves_no_pod_no_mount_and_no_network_and_the_next_start_makes_them_anew(cluster):
    worker = cluster.machines[1]
    cluster.shell(worker, "systemctl stop k3s && /usr/local/bin/k3s killall")
    assert cluster.room.enter(worker.id, ["pgrep", "--full", "^/pod|containerd"]).returncode == 1
    look = (
        "ip -brief link; nft list tables; ipset list -name; ls /run/netns; grep -E 'run/k3s|/pods/' /proc/mounts; true"
    )
    left = cluster.shell(worker, look)
    assert not any(word in left for word in ("cni", "flannel", "kube", "KUBE", "k3s", "nat", "pods")), left
    assert cluster.shell(worker, "findmnt --noheadings --output FSTYPE /var/lib/kubelet").strip() != "overlay"
    cluster.shell(worker, "systemctl start k3s")
    cluster.wait("a Ready pod", lambda: cluster.ready("web", 2))


def test_a_light_node_is_kept_while_its_k3s_runs(cluster):
    arm = cluster.machines[2]
    assert cluster.get("node", "arm")["metadata"]["labels"]["kwok.x-k8s.io/node"] == "fake"
    cluster.kubectl("label", "node", "arm", "kubernetes.io/arch=amd64", "--overwrite")
    cluster.wait("its label", lambda: cluster.get("node", "arm")["metadata"]["labels"]["kubernetes.io/arch"] == "arm64")
    cluster.shell(arm, "systemctl stop k3s")
    assert "kwok.x-k8s.io/node" not in cluster.get("node", "arm")["metadata"]["labels"]
    cluster.shell(arm, "systemctl start k3s")
    cluster.wait("it is kept again", lambda: "kwok.x-k8s.io/node" in cluster.get("node", "arm")["metadata"]["labels"])


def test_the_end_of_machines_that_run_pods_leaves_nothing(cluster, room, left: Callable[[Room], list[str]]):
    again = Room(room.home, programs=cluster.tools.machine_programs)
    alone = Cluster(again, cluster.tools, (spec(1, size=CPU, name="alone"),))
    again.boot(alone.machines[0])
    alone.start(alone.machines[0], "disable-network-policy: true", "disable: [local-storage]")
    alone.wait("a Ready node", lambda: alone.ready_nodes() == ["alone"])
    alone.apply(daemon_set("web", STAND_IN, PORT))
    alone.wait("a Ready pod", lambda: alone.ready("web", 1))
    running = alone.shell(alone.machines[0], "ps -A -o comm=").split()
    assert ("kube-proxy" in running, "kube-router" in running) == (True, False), "network policies were disabled"
    brought = alone.shell(alone.machines[0], "ls /var/lib/rancher/k3s/server/manifests").split()
    assert ("coredns.yaml" in brought, "local-storage.yaml" in brought) == (True, False), "volumes were disabled"
    again.stop("m1")
    assert not (again.folder.disks / "m1").exists()
    again.close()
    assert left(again) == []
