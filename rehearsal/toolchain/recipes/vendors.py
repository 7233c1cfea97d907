"""How vendors publish their programs."""

from rehearsal.toolchain.tool import Checksum


def github_release(repository: str, version: str) -> Checksum:
    """The digests of a GitHub release that carries no checksum file: its API gives each asset's (since June 2025).

    Args:
        repository: owner and name.
        version: the release, without its leading v.
    """
    return Checksum(url=f"https://api.github.com/repos/{repository}/releases/tags/v{version}", form="github")
