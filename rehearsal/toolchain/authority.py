"""Knot DNS, taken out of Debian's packages and run by its own loader, whatever this computer's release is."""

from pathlib import Path

from catalog.versions import Versions
from rehearsal.toolchain.debian import LIBRARIES, program_tree
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import ToolError

_PROGRAM = "usr/sbin/knotd"
_LOADER = "ld-linux*.so.*"


def authority_tree(versions: Versions, edges: Edges, progress: Progress) -> Path:
    """A folder with Knot's program, the libraries that it needs and their loader.

    Args:
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: this is not root, or Debian's packages are not to be had in the pinned version.
    """
    return program_tree("authority", f"knot={versions.knot}-*", _PROGRAM, edges, progress)


def knotd(tree: Path) -> tuple[str, ...]:
    """Return what starts Knot; its arguments follow.

    Args:
        tree: its folder.

    Raises:
        ToolError: the folder is not complete.
    """
    loader = next(tree.glob(f"{LIBRARIES}/{_LOADER}"), None)
    if loader is None:
        problem = f"{tree} has no loader of programs"
        raise ToolError(problem, "remove the folder, and run `./sophia setup` again")
    return (str(loader), "--library-path", str(loader.parent), str(tree / _PROGRAM))
