"""Knot DNS, taken out of Debian's packages and run by its own loader, whatever this computer's release is."""

import shutil
from pathlib import Path

from catalog.versions import Versions
from rehearsal.toolchain.debian import bootstrap
from rehearsal.toolchain.disk import require_space
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import ToolError
from rehearsal.toolchain.trees import Trees

_SUITE = "trixie"
_MEBIBYTES = 120
_SECONDS = 10
_PROGRAM = "usr/sbin/knotd"
_LIBRARIES = "usr/lib/*-linux-gnu*"
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
    packages = ("libc-bin", f"knot={versions.knot}-*")

    def make(tree: Path) -> None:
        require_space([(tree, _MEBIBYTES)], edges.free_bytes, "unpacking Debian's packages")
        root = tree.with_name("root")
        bootstrap(root, _SUITE, packages, "--variant=extract")
        for kept in [root / _PROGRAM, *root.glob(f"{_LIBRARIES}/*.so*")]:
            place = tree / kept.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            kept.rename(place)
        shutil.rmtree(root)

    return Trees(edges, progress).tree("authority", [], [_SUITE, *packages], _SECONDS, make)


def knotd(tree: Path) -> tuple[str, ...]:
    """Return what starts Knot; its arguments follow.

    Args:
        tree: its folder.

    Raises:
        ToolError: the folder is not complete.
    """
    loader = next(tree.glob(f"{_LIBRARIES}/{_LOADER}"), None)
    if loader is None:
        problem = f"{tree} has no loader of programs"
        raise ToolError(problem, "remove the folder, and run `./sophia setup` again")
    return (str(loader), "--library-path", str(loader.parent), str(tree / _PROGRAM))
