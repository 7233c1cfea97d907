"""Folders of hard links to cached files, named by their content: whole or absent, and made anew when damaged.

Links are hard, not symbolic: the Pulumi CLI looks for its language host beside the file that it is itself, and a
folder that is mounted into a machine has nothing around it that a symbolic link could lead to.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rehearsal.toolchain.disk import writing


def linked_folder(parent: Path, files: Mapping[str, tuple[Path, str]], what: str) -> Path:
    """A folder with every file under its own name; its content never changes, other files have another folder.

    Args:
        parent: where such folders are.
        files: the cached file and a digest of its content, by its path in the folder.
        what: what is linked, for the message when the disk is full.
    """
    digests = {name: digest for name, (_, digest) in files.items()}
    key = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:32]
    folder = parent / key
    paths = {name: path for name, (path, _) in files.items()}
    if not _is_whole(folder, paths):
        with writing(folder, f"linking {what}"):
            parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="linking-", dir=parent) as aside:
                _replace(folder, paths, Path(aside))
    return folder


def link(target: Path, file: Path) -> None:
    """The target is the file; a copy that keeps its time where the file system has no hard links.

    Args:
        target: a path where nothing is.
        file: an existing file.
    """
    try:
        target.hardlink_to(file)
    except FileExistsError:
        raise
    except OSError:
        shutil.copy2(file, target)


def same(path: Path, file: Path) -> bool:
    """Whether a path is the file, or a copy of it that kept its time.

    Args:
        path: where it is expected.
        file: an existing file.
    """
    try:
        return _identity(path) == _identity(file)
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _is_whole(folder: Path, files: Mapping[str, Path]) -> bool:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    return found == files.keys() and all(same(folder / name, file) for name, file in files.items())


def _replace(folder: Path, files: Mapping[str, Path], aside: Path) -> None:
    new = aside / "new"
    new.mkdir(mode=0o755)
    for name, file in files.items():
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        link(new / name, file)
    if folder.exists():
        folder.rename(aside / "old")
    try:
        new.rename(folder)
    except OSError:
        if not _is_whole(folder, files):  # else another set-up was faster with the same files
            raise
