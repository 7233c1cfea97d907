"""What Debian's packages hold, unpacked in a folder by mmdebstrap."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rehearsal.toolchain.disk import require_space
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import ToolError
from rehearsal.toolchain.trees import Trees

SUITE = "trixie"
"""The Debian release that programs are taken from; that of the vendors' images."""
LIBRARIES = "usr/lib/*-linux-gnu*"
"""Where the libraries of a program are, of whatever architecture, and their loader."""

_MEBIBYTES = 120
_SECONDS = 10


def program_tree(name: str, package: str, program: str, edges: Edges, progress: Progress) -> Path:
    """A folder with one program of a Debian package, the libraries that it needs and their loader.

    Args:
        name: what the tree is called.
        package: the package with its version, as apt-get takes it.
        program: the program's path, without a leading slash.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: this is not root, or Debian's packages are not to be had in the pinned version.
    """
    packages = ("libc-bin", package)

    def make(tree: Path) -> None:
        require_space([(tree, _MEBIBYTES)], edges.free_bytes, "unpacking Debian's packages")
        root = tree.with_name("root")
        bootstrap(root, SUITE, packages, "--variant=extract")
        for kept in [root / program, *root.glob(f"{LIBRARIES}/*.so*")]:
            place = tree / kept.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            kept.rename(place)
        shutil.rmtree(root)

    return Trees(edges, progress).tree(name, [], [SUITE, *packages], _SECONDS, make)


_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where mmdebstrap and what it calls are, whatever the caller's PATH."""


def bootstrap(root: Path, suite: str, packages: Iterable[str], *options: str) -> None:
    """The folder holds packages of a Debian release, and what they depend on.

    Args:
        root: the folder, which is empty or not there yet.
        suite: the release, such as trixie.
        packages: the packages, as apt-get takes them: a version after an equals sign may end in a star.
        options: more of mmdebstrap's, its variant among them.

    Raises:
        ToolError: this is not root, no package source answers, or it has no such package.
    """
    if os.geteuid() != 0:
        message = f"{root.name} is made of Debian's packages, which only root can unpack"
        raise ToolError(message, "run `sudo ./sophia setup`")
    command = [
        # Its mounts and processes end with it, however it ends.
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *("mmdebstrap", "--mode=root", "--format=directory", "--quiet", *options),
        *(f"--include={','.join(packages)}", suite, str(root)),
    ]
    # The caller's proxies, which may be the only way to a package source, and nothing else of it.
    inherited = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    done = subprocess.run(
        command, env={**inherited, "PATH": _PATH, "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = " / ".join((done.stderr or done.stdout).strip().splitlines()[-4:])
        message = f"{root.name} could not be made from the packages of Debian {suite}: {last}"
        raise ToolError(message, "see that deb.debian.org answers (`apt-get update`), and run `./sophia setup` again")
