"""The S3 server of the rehearsal."""

from catalog.versions import Versions
from rehearsal.toolchain.tool import Build, Tool


def versitygw(versions: Versions) -> Tool:
    """Versity's S3 gateway behind a main of ours, which reads its accounts from a file; nobody offers that one.

    Args:
        versions: the pinned versions.
    """
    version = versions.versitygw
    return Tool(
        name="versitygw",
        version=version,
        programs=("versitygw",),
        own=True,
        build=Build(
            folder="versitygw",
            version=version,
            package=".",
            output="versitygw",
            seconds=90,
            size_mib=21,
            go_cache_mib=650,
        ),
    )
