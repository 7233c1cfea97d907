"""Node.js, GitHub's library and what asks it, in one folder."""

from pathlib import Path
from typing import Final

from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.trees import Trees
from rehearsal.workflows.expressions import SCRIPT

_NAME: Final = "workflows"


def tree(edges: Edges, progress: Progress) -> Path:
    """Return the folder, which is made where it is not there.

    Args:
        edges: the machine.
        progress: told what is done.

    Raises:
        ToolError: a registry does not serve what it must.
    """
    return Trees(edges, progress).node(_NAME, edges.sources / _NAME, SCRIPT)
