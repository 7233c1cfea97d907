"""Kubernetes, the version that runs and the one to upgrade from: control plane and client, and what a node runs."""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Checksum, Download, Platform, Probe, Tool

_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_LINKED = "k8s.io/component-base/version"


def kubernetes(version: str, platform: Platform, *, previous: bool = False) -> Tool:
    """The control plane and its client.

    Args:
        version: the release.
        platform: what downloads must be made for.
        previous: this is the release to upgrade from, which only machines run.
    """
    files = f"https://dl.k8s.io/v{version}/bin/{platform.os}/{platform.architecture}"
    return Tool(
        name=_named("kubernetes", previous=previous),
        version=version,
        programs=(*_CONTROL_PLANE, "kubectl"),
        on_path=not previous,
        probes=(
            *(_asked(name) for name in _CONTROL_PLANE),
            Probe(
                program="kubectl", arguments=("version", "--client", "-o", "json"), pattern=r'"gitVersion": "v([^"]+)"'
            ),
        ),
        downloads=tuple(
            Download(
                url=f"{files}/{name}",
                checksum=Checksum(url=f"{files}/{name}.sha256", form="sums"),
                members=(("", name),),
            )
            for name in (*_CONTROL_PLANE, "kubectl")
        ),
        build=Build(
            folder=_named("kubernetes", previous=previous),
            version=version,
            package=".",
            output="kubernetes",
            variables=_linked(version),
            seconds=220,
            size_mib=123,
            go_cache_mib=1700 if previous else 3400,
        ),
    )


def kubernetes_node(version: str, release: str, *, previous: bool = False) -> Tool:
    """The kubelet and kube-proxy.

    Always built here: the official kubelet reports the size of the machine that it runs on, ours that of the machine
    which is rehearsed. kube-proxy comes out of the same build at no cost.

    Args:
        version: the release of Kubernetes.
        release: that of K3s, which a node reports.
        previous: this is the release to upgrade from.
    """
    return Tool(
        name=_named("kubernetes-node", previous=previous),
        version=version,
        programs=("kubelet", "kube-proxy"),
        own=True,
        on_path=False,
        probes=(_asked("kubelet"), _asked("kube-proxy")),
        build=Build(
            folder=_named("kubernetes", previous=previous),
            version=version,
            package="./node",
            output="kubernetes-node",
            variables=_linked(version, release),
            seconds=60,
            size_mib=90,
            go_cache_mib=400,
        ),
    )


def kube_router(versions: Versions) -> Tool:
    """What enforces network policies on a node.

    Always built here: K3s has it inside itself, and its own program does more than K3s has it do.

    Args:
        versions: the pinned versions.
    """
    return Tool(
        name="kube-router",
        version=versions.kube_router,
        programs=("kube-router",),
        own=True,
        on_path=False,
        build=Build(
            folder="kube-router",
            version=versions.kube_router,
            package=".",
            output="kube-router",
            seconds=60,
            size_mib=28,
            go_cache_mib=500,
        ),
    )


def _named(name: str, *, previous: bool) -> str:
    return f"{name}-previous" if previous else name


def _asked(name: str) -> Probe:
    return Probe(program=name, arguments=("--version",), pattern=r"^Kubernetes v([^\s+]+)")


def _linked(version: str, release: str = "") -> tuple[tuple[str, str], ...]:
    """Without them clients read a version that some cannot parse."""
    major, minor, _ = version.split(".")
    return (
        (f"{_LINKED}.gitVersion", release or f"v{version}"),
        (f"{_LINKED}.gitMajor", major),
        (f"{_LINKED}.gitMinor", minor),
    )
