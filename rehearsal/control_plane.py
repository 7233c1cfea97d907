"""The command lines of a control plane whose every listener is on one loopback address."""

from pathlib import Path

from rehearsal.home import Folder
from rehearsal.pki import SERVICE_NETWORK
from rehearsal.service import Service
from rehearsal.toolchain import Toolchain

POD_NETWORK = "10.42.0.0/16"
"""Addresses of pods: the default of K3s."""

FAKE_NODE = "kwok.x-k8s.io/node"
"""The label, and annotation, with the value ``fake``, of the nodes that kwok keeps."""

PORTS = {
    "etcd": (2379, 2380, 2381),
    "kube-apiserver": (6443,),
    "kube-controller-manager": (10257,),
    "kube-scheduler": (10259,),
    "kwok": (10247,),
}
"""What each service listens on; the first is what its users connect to."""

WAVES = (("etcd",), ("kube-apiserver",), ("kube-controller-manager", "kube-scheduler", "kwok"))
"""The order of starting: those of a wave start together, when the one before answers."""

Flags = dict[str, str | Path]

_ISSUER = "https://kubernetes.default.svc.cluster.local"


def services(folder: Folder, address: str, toolchain: Toolchain) -> tuple[tuple[Service, ...], ...]:
    """Return the services of one rehearsal in waves.

    Args:
        folder: the rehearsal.
        address: the loopback address that all of them listen on.
        toolchain: gives the programs.
    """
    built = {
        "etcd": _etcd(folder, address),
        "kube-apiserver": _api_server(folder, address),
        "kube-controller-manager": _controller_manager(folder, address),
        "kube-scheduler": _component(folder, address, "kube-scheduler"),
        "kwok": _kwok(folder, address, toolchain.kwok_stages),
    }
    ready = {
        "etcd": f"http://{address}:2381/readyz",
        "kube-apiserver": f"https://{address}:6443/readyz",
        "kube-controller-manager": f"https://{address}:10257/healthz",
        "kube-scheduler": f"https://{address}:10259/readyz",
        "kwok": f"http://{address}:10247/readyz",
    }

    def service(name: str) -> Service:
        flags = (f"--{flag}={value}" for flag, value in built[name].items())
        return Service(name, (str(toolchain.program(name)), *flags), ready[name])

    return tuple(tuple(service(name) for name in wave) for wave in WAVES)


def _etcd(folder: Folder, address: str) -> Flags:
    pem, authority = folder.pki / "etcd.pem", folder.pki / "etcd-ca.crt"
    client, peer = f"https://{address}:2379", f"https://{address}:2380"
    return {
        "name": folder.stack,
        "data-dir": folder.etcd,
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "client-cert-auth": "true",
        "trusted-ca-file": authority,
        "cert-file": pem,
        "key-file": pem,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"{folder.stack}={peer}",
        "peer-client-cert-auth": "true",
        "peer-trusted-ca-file": authority,
        "peer-cert-file": pem,
        "peer-key-file": pem,
        # Plain HTTP and no credential, as kubeadm has it: health and numbers, no data.
        "listen-metrics-urls": f"http://{address}:2381",
        # A rehearsal survives a crash of its programs, not of the machine's power. Measured: writes in half the time.
        "unsafe-no-fsync": "true",
        # One member elects itself: no other one's silence has to be waited for.
        "heartbeat-interval": "20",
        "election-timeout": "200",
        "log-level": "warn",
    }


def _api_server(folder: Folder, address: str) -> Flags:
    pki = folder.pki
    return {
        "bind-address": address,
        "advertise-address": address,
        "secure-port": "6443",
        # The endpoints of the Service `kubernetes` cannot hold a loopback address.
        "endpoint-reconciler-type": "none",
        "etcd-servers": f"https://{address}:2379",
        "etcd-cafile": pki / "etcd-ca.crt",
        "etcd-certfile": pki / "etcd-client.pem",
        "etcd-keyfile": pki / "etcd-client.pem",
        "tls-cert-file": pki / "kube-apiserver.pem",
        "tls-private-key-file": pki / "kube-apiserver.pem",
        "client-ca-file": pki / "cluster-ca.crt",
        "anonymous-auth": "false",
        # Aggregated APIs; without it the other components' logs are full of its absence.
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": pki / "front-proxy-client.pem",
        "proxy-client-key-file": pki / "front-proxy-client.pem",
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        # Whether a pod may be privileged is for Pod Security to say, as in K3s.
        "allow-privileged": "true",
        "service-cluster-ip-range": SERVICE_NETWORK,
        "service-account-issuer": _ISSUER,
        "service-account-key-file": pki / "service-account.key",
        "service-account-signing-key-file": pki / "service-account.key",
        # Measurements of the engine must not wait in the queues of a server of production's size.
        "max-requests-inflight": "4000",
        "max-mutating-requests-inflight": "2000",
        "profiling": "false",
    }


def _controller_manager(folder: Folder, address: str) -> Flags:
    pki = folder.pki
    return {
        **_component(folder, address, "kube-controller-manager"),
        "use-service-account-credentials": "true",
        "service-account-private-key-file": pki / "service-account.key",
        "root-ca-file": pki / "cluster-ca.crt",
        "cluster-signing-cert-file": pki / "cluster-ca.crt",
        "cluster-signing-key-file": pki / "cluster-ca.pem",
        "service-cluster-ip-range": SERVICE_NETWORK,
        # Replica floors are reached in seconds, not in the usual quarter of a minute.
        "horizontal-pod-autoscaler-sync-period": "2s",
    }


def _kwok(folder: Folder, address: str, stages: Path) -> Flags:
    return {
        "kubeconfig": folder.pki / "kwok.kubeconfig",
        "config": stages,
        "manage-all-nodes": "false",
        # By label, because a watch by label sees a node that gets the label later; one by annotation never does.
        "manage-nodes-with-label-selector": f"{FAKE_NODE}=fake",
        "node-lease-duration-seconds": "40",
        "cidr": POD_NETWORK,
        "server-address": f"{address}:10247",
    }


def _component(folder: Folder, address: str, name: str) -> Flags:
    """What the controller-manager and the scheduler have in common."""
    kubeconfig, pem = folder.pki / f"{name}.kubeconfig", folder.pki / f"{name}.pem"
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": address,
        "tls-cert-file": pem,
        "tls-private-key-file": pem,
        "leader-elect": "false",
        # The default of 20 requests a second would make a fleet's readiness wait for the client, not for the work.
        "kube-api-qps": "200",
        "kube-api-burst": "400",
        "profiling": "false",
    }
