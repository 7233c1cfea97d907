"""Everything outside that the tool chain touches, as one argument."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.addons import cache_root
from catalog.versions import ToolLock, read_tool_lock
from rehearsal.toolchain.tool import Platform

REPOSITORY = Path(__file__).resolve().parents[2]
GO_INSTALLED = "/usr/local/go/bin"
"""Where Go's own instructions install it (https://go.dev/doc/install), whether or not PATH has been extended since."""


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """The machine as the tool chain sees it."""

    go: str
    """The oldest Go release that may build, such as 1.26.3."""
    cache: Path
    lock: ToolLock
    sources: Path = REPOSITORY / "tools"
    """The folder with one Go module per tool."""
    platform: Platform = field(default_factory=Platform.current)
    search_path: str = ""
    """Folders that programs are looked for in, as in PATH."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    free_bytes: Callable[[Path], int] = _free_bytes

    @classmethod
    def here(cls, go: str, checkout: Path = REPOSITORY) -> "Edges":
        """The machine and the environment this program runs in.

        Args:
            go: the oldest Go release that may build, such as 1.26.3.
            checkout: whose tools are brought.
        """
        return cls(
            go=go,
            cache=cache_root(os.environ),
            lock=read_tool_lock(checkout / "catalog/lock/tools.yaml"),
            sources=checkout / "tools",
            search_path=os.pathsep.join(filter(None, [os.environ.get("PATH", ""), GO_INSTALLED])),
        )
