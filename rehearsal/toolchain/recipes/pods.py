"""What runs in pods of the rehearsal, as static programs that images are made of.

Each is in the tool cache twice: as the program and as its image.
"""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Checksum, Download, Platform, Probe, Tool


def coredns(versions: Versions, platform: Platform) -> Tool:
    """The names of a cluster.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.coredns
    archive = (
        f"https://github.com/coredns/coredns/releases/download/v{version}"
        f"/coredns_{version}_{platform.os}_{platform.architecture}.tgz"
    )
    return Tool(
        name="coredns",
        version=version,
        programs=("coredns",),
        on_path=False,
        probes=(Probe(program="coredns", arguments=("-version",), pattern=r"^CoreDNS-(\S+)$"),),
        downloads=(
            Download(
                url=archive,
                checksum=Checksum(url=f"{archive}.sha256", form="sums"),
                members=(("coredns", "coredns"),),
            ),
        ),
        build=Build(
            folder="coredns",
            version=version,
            package=".",
            output="coredns",
            seconds=75,
            size_mib=2 * 51,
            go_cache_mib=900,
        ),
    )


def device_plugin(versions: Versions) -> Tool:
    """What offers GPUs that are not there, in the place of NVIDIA's device plugin.

    Args:
        versions: the pinned versions: it reads the plugin's configuration with the types of that release.
    """
    return _of_ours(
        "nvidia-device-plugin",
        ".",
        folder="nvidia-device-plugin",
        version=versions.nvidia_device_plugin,
        seconds=60,
        size_mib=2 * 23,
        go_cache_mib=250,
    )


def cert_manager(versions: Versions) -> Tool:
    """cert-manager's controllers, webhook and CA injector, behind a main of ours.

    Args:
        versions: the pinned versions.
    """
    return _of_ours(
        "cert-manager",
        ".",
        folder="cert-manager",
        version=versions.cert_manager,
        seconds=150,
        size_mib=2 * 84,
        go_cache_mib=1200,
    )


def local_path_provisioner(versions: Versions) -> Tool:
    """What makes folders of nodes the volumes of a cluster.

    Args:
        versions: the pinned versions.
    """
    name = "local-path-provisioner"
    return _of_ours(
        name,
        f"github.com/rancher/{name}",
        folder=name,
        version=versions.local_path_provisioner,
        seconds=90,
        size_mib=2 * 50,
        go_cache_mib=1000,
    )


def pod() -> Tool:
    """What serves in the place of an MCP server whose image is not built yet."""
    return _of_ours("pod", ".", size_mib=2 * 6)


def mcp_gateway() -> Tool:
    """The platform's own gateway hook, which its image holds."""
    return _of_ours("mcp-gateway", ".", folder="mcp-gateway", seconds=20, size_mib=2 * 7, go_cache_mib=120)


def egress_proxy() -> Tool:
    """The platform's own egress proxy, which its image holds."""
    return _of_ours("egress-proxy", ".", folder="egress-proxy", seconds=40, size_mib=2 * 13, go_cache_mib=200)


def load_balancer() -> Tool:
    """What holds the ports of a Service on a node, in the place of K3s' klipper-lb."""
    return _of_ours("klipper-lb", "./klipper-lb", size_mib=2 * 3)


def pause() -> Tool:
    """What holds the namespaces of a pod."""
    return _of_ours("pause", "./pause", size_mib=2 * 2)


def _of_ours(
    name: str,
    package: str,
    *,
    folder: str = "pod",
    version: str = "1.0.0",  # ours alone: what decides is the content of its sources
    seconds: int = 10,
    size_mib: int,
    go_cache_mib: int = 60,
) -> Tool:
    return Tool(
        name=name,
        version=version,
        programs=(name,),
        on_path=False,
        own=True,
        build=Build(
            folder=folder,
            version=version,
            package=package,
            output=name,
            seconds=seconds,
            size_mib=size_mib,
            go_cache_mib=go_cache_mib,
        ),
    )
