"""The files of images that are made of Debian's packages, taken out of these and never installed.

None of their scripts runs; what these would have made is made here.
"""

import filecmp
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog.versions import Versions
from rehearsal.toolchain.debian import SUITE, bootstrap
from rehearsal.toolchain.disk import require_space
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.progress import Progress
from rehearsal.toolchain.trees import Trees

SHARED = "shared"
"""The part of the tree that all images have."""
AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
"""The certificates that those of others are checked with, by their path in an image."""

_FORMAT = "1"
"""Of what is made below; another number makes the tree anew."""
_EVERYWHERE = ("base-files", "libc-bin", "dash", "coreutils", "findutils", "grep", "sed")
_KEPT = ("usr/", "etc/ssl/", "bin", "lib", "lib64", "sbin")
"""Where files of packages are kept from: what mmdebstrap itself writes into /etc is of this computer."""
_LEFT_OUT = (
    *("/share/doc/", "/man/", "/share/info/", "/share/locale/", "/share/lintian/", "/share/i18n/", "/share/bug/"),
    *("/share/menu/", "/gconv/", "/bash-completion/", "/systemd/", "/include/", "/pgxs/", "/ca-certificates/"),
    *("/test/", "/pydoc_data/", "/_pyrepl/", "/gdb/", "/share/gcc/"),
    *("libLLVM", "libz3.", "llvmjit", "/bitcode/"),  # compiles queries just in time: 180 MB
    *("perl", "/usr/sbin/", "/postgresql-common/", "/debconf"),  # what Debian installs and runs PostgreSQL with
)
"""Parts of paths, and of what links lead to, that no image has."""
_MEBIBYTES = 900
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Content:
    """What one image is made of, beside what all are."""

    packages: tuple[str, ...]
    account: str
    """Who it knows beside root and nobody."""
    number: int
    """The number of that user, and of its group."""
    home: str


def data_tree(versions: Versions, edges: Edges, progress: Progress) -> Path:
    """A folder for what all images have (``SHARED``), and one by each image's name for what it has beside that.

    Args:
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
        progress: told what is done; nothing when there is nothing to do.

    Raises:
        ToolError: this is not root, or Debian's packages are not to be had in the pinned versions.
    """
    contents = _contents(versions)

    def make(tree: Path) -> None:
        require_space([(tree, _MEBIBYTES)], edges.free_bytes, "unpacking Debian's packages")
        for name, content in contents.items():
            root = tree.with_name(name)
            bootstrap(root, SUITE, (*_EVERYWHERE, *content.packages), "--variant=extract")
            (tree / name).mkdir()
            _complete(root, tree / name, content)
            _move(root, tree / name)
            shutil.rmtree(root)
        _share([tree / name for name in contents], tree / SHARED)

    facts = [_FORMAT, SUITE, *_EVERYWHERE, repr(contents), *_KEPT, *_LEFT_OUT]
    return Trees(edges, progress).tree("data", [], facts, _SECONDS, make)


def _contents(versions: Versions) -> dict[str, _Content]:
    server, client = (f"postgresql{part}-{versions.postgresql}" for part in ("", "-client"))
    store, store_client = (f"valkey-{part}={versions.valkey}+*" for part in ("server", "tools"))
    python = ("python3-minimal", "libpython3-stdlib")
    # A copy of the cache is tried out in a server of its own.
    backup = (client, store, store_client, "restic", "curl", "ca-certificates", "jq", *python)
    return {
        # The numbers of both users are those in the vendors' images.
        "postgresql": _Content(
            (server, f"{server}-pgvector={versions.pgvector}-*"), "postgres", 999, "/var/lib/postgresql"
        ),
        "valkey": _Content((store, store_client), "valkey", 999, "/data"),
        "backup": _Content(backup, "backup", 1000, "/nonexistent"),
    }


def _complete(root: Path, made: Path, content: _Content) -> None:
    """Make what scripts of the packages would have made."""
    account, number = content.account, content.number
    users = ("root:x:0:0::/root:/bin/sh", "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin")
    groups = ("root:x:0:", "nogroup:x:65534:")
    authorities = "".join(file.read_text() for file in sorted((root / "usr/share/ca-certificates").rglob("*.crt")))
    for name, text in {
        "etc/passwd": "\n".join([*users, f"{account}:x:{number}:{number}::{content.home}:/bin/sh", ""]),
        "etc/group": "\n".join([*groups, f"{account}:x:{number}:", ""]),
        AUTHORITIES: authorities,
    }.items():
        if text:
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_text(text)
    (made / "var").mkdir()
    (made / "var/run").symlink_to("/run")


def _move(root: Path, made: Path) -> None:
    """Move the files of packages that an image needs."""
    for file in list(_files(root)):
        name = str(file.relative_to(root))
        seen = f"/{name} {file.readlink() if file.is_symlink() else ''}"
        if name.startswith(_KEPT) and not any(part in seen for part in _LEFT_OUT):
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            file.rename(made / name)


def _share(trees: list[Path], shared: Path) -> None:
    """Move what is the same in all trees."""
    first, *others = trees
    for file in list(_files(first)):
        name = file.relative_to(first)
        copies = [other / name for other in others]
        if all(_same(file, copy) for copy in copies):
            (shared / name).parent.mkdir(parents=True, exist_ok=True)
            file.rename(shared / name)
            for copy in copies:
                copy.unlink()


def _same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return other.is_file() and filecmp.cmp(one, other, shallow=False)


def _files(tree: Path) -> Iterator[Path]:
    return (file for file in tree.rglob("*") if file.is_symlink() or file.is_file())
