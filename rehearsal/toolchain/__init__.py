"""The programs that the rehearsal runs, each at its pinned version: cached, found, downloaded or built."""

from rehearsal.toolchain.chain import Clients, Toolchain, ensure, ensure_addons, ensure_clients, rendered_addons
from rehearsal.toolchain.progress import Progress, progress_for
from rehearsal.toolchain.status import ToolStatus, inspect
from rehearsal.toolchain.tool import ToolError

__all__ = [
    "Clients",
    "Progress",
    "ToolError",
    "ToolStatus",
    "Toolchain",
    "ensure",
    "ensure_addons",
    "ensure_clients",
    "inspect",
    "progress_for",
    "rendered_addons",
]
