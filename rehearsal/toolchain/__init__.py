"""The programs that the rehearsal runs, each at its pinned version: cached, found, downloaded or built."""

from rehearsal.toolchain.chain import Toolchain, ensure
from rehearsal.toolchain.progress import Progress, progress_for
from rehearsal.toolchain.status import ToolStatus, inspect
from rehearsal.toolchain.tool import ToolError

__all__ = ["Progress", "ToolError", "ToolStatus", "Toolchain", "ensure", "inspect", "progress_for"]
