"""kwok, which plays nodes that cannot run here, and the stages that it plays."""

from catalog.versions import Versions
from rehearsal.toolchain.recipes.vendors import github_release
from rehearsal.toolchain.tool import Build, Download, ModuleFile, Platform, Probe, Tool


def kwok(versions: Versions, platform: Platform) -> Tool:
    """The simulator.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.kwok
    return Tool(
        name="kwok",
        version=version,
        programs=("kwok",),
        probes=(Probe(program="kwok", arguments=("--version",), pattern=r"v(\d\S*) go"),),
        downloads=(_kwok_asset(version, f"kwok-{platform.os}-{platform.architecture}", "kwok"),),
        build=Build(
            folder="kwok",
            version=version,
            package="sigs.k8s.io/kwok/cmd/kwok",
            output="kwok",
            seconds=60,
            size_mib=61,
            go_cache_mib=1000,
        ),
    )


def kwok_stages(versions: Versions) -> Tool:
    """What it plays.

    Args:
        versions: the pinned versions.
    """
    stage = "kustomize/stage"
    paths = (
        f"{stage}/node/fast/node-initialize.yaml",
        f"{stage}/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
        f"{stage}/pod/fast/pod-*.yaml",
    )
    name = "kwok-stages.yaml"
    return Tool(
        name="kwok-stages",
        version=versions.kwok,
        artefacts=(name,),
        downloads=(_kwok_asset(versions.kwok, "stage-fast.yaml", name),),
        build=Build(
            folder="kwok",
            version=versions.kwok,
            copies=(ModuleFile(folder="kwok", module="sigs.k8s.io/kwok", paths=paths, name=name),),
            seconds=5,
            size_mib=1,
            go_cache_mib=30,
        ),
    )


def _kwok_asset(version: str, asset: str, name: str) -> Download:
    return Download(
        url=f"https://github.com/kubernetes-sigs/kwok/releases/download/v{version}/{asset}",
        checksum=github_release("kubernetes-sigs/kwok", version),
        members=(("", name),),
    )
