"""What reads workflows as GitHub would."""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Checksum, Download, Platform, Probe, Tool


def actionlint(versions: Versions, platform: Platform) -> Tool:
    """The linter of workflows: types of expressions, inputs of actions, permissions.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.actionlint
    release = f"https://github.com/rhysd/actionlint/releases/download/v{version}/actionlint_{version}"
    return Tool(
        name="actionlint",
        version=version,
        programs=("actionlint",),
        on_path=False,
        probes=(Probe(program="actionlint", arguments=("-version",), pattern=r"^v?(\d+\.\d+\.\d+)"),),
        downloads=(
            Download(
                url=f"{release}_{platform.os}_{platform.architecture}.tar.gz",
                checksum=Checksum(url=f"{release}_checksums.txt", form="sums"),
                members=(("actionlint", "actionlint"),),
            ),
        ),
        build=Build(
            folder="actionlint",
            version=version,
            package="github.com/rhysd/actionlint/cmd/actionlint",
            output="actionlint",
            variables=(("github.com/rhysd/actionlint.version", version),),
            seconds=25,
            size_mib=6,
            go_cache_mib=150,
        ),
    )
