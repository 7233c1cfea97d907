"""Weaviate's server."""

from catalog.versions import Versions
from rehearsal.toolchain.recipes.vendors import github_release
from rehearsal.toolchain.tool import Build, Download, Platform, Tool


def weaviate(versions: Versions, platform: Platform) -> Tool:
    """The server, a static program; it tells its version over HTTP alone, so no copy on PATH is asked.

    Args:
        versions: the pinned versions.
        platform: what downloads must be made for.
    """
    version = versions.weaviate
    # The name of the asset is the one that the client's embedded mode downloads (`weaviate-client` 4.23, embedded.py).
    asset = f"weaviate-v{version}-{platform.os.capitalize()}-{platform.architecture}.tar.gz"
    return Tool(
        name="weaviate-server",
        version=version,
        programs=("weaviate-server",),
        on_path=False,
        downloads=(
            Download(
                url=f"https://github.com/weaviate/weaviate/releases/download/v{version}/{asset}",
                checksum=github_release("weaviate/weaviate", version),
                members=(("weaviate", "weaviate-server"),),
            ),
        ),
        build=Build(
            folder="weaviate",
            version=version,
            package="github.com/weaviate/weaviate/cmd/weaviate-server",
            output="weaviate-server",
            seconds=600,
            size_mib=2 * 137,
            go_cache_mib=2500,
        ),
    )
