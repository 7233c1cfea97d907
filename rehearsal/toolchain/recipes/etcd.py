"""etcd and its two clients."""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Checksum, Download, Platform, Probe, Tool

_PROGRAMS = ("etcd", "etcdctl", "etcdutl")


def etcd(versions: Versions, platform: Platform) -> Tool:
    """The server, the client that speaks to it, and the one that works on its files.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.etcd
    release = f"https://github.com/etcd-io/etcd/releases/download/v{version}"
    folder = f"etcd-v{version}-{platform.os}-{platform.architecture}"
    return Tool(
        name="etcd",
        version=version,
        programs=_PROGRAMS,
        probes=(
            Probe(program="etcd", arguments=("--version",), pattern=r"^etcd Version: (\S+)$"),
            Probe(program="etcdctl", arguments=("version",), pattern=r"^etcdctl version: (\S+)$"),
            Probe(program="etcdutl", arguments=("version",), pattern=r"^etcdutl version: (\S+)$"),
        ),
        downloads=(
            Download(
                url=f"{release}/{folder}.tar.gz",
                checksum=Checksum(url=f"{release}/SHA256SUMS", form="sums"),
                members=tuple((f"{folder}/{name}", name) for name in _PROGRAMS),
            ),
        ),
        build=Build(
            folder="etcd", version=version, package=".", output="etcd", seconds=35, size_mib=30, go_cache_mib=500
        ),
    )
