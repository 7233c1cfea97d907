"""A root for the programs of backups, and a vector store."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.toolchain import progress_for
from rehearsal.toolchain.data_tree import data_tree
from rehearsal.toolchain.edges import REPOSITORY, Edges
from tests.backup.root import VERSIONS, Root
from tests.weaviate.conftest import program, running, server

__all__ = ["program", "root", "running", "server"]


@pytest.fixture(scope="module")
def root() -> Iterator[Root]:
    """The root, of the module's own."""
    tree = data_tree(VERSIONS, Edges.here(VERSIONS.go), progress_for())
    place = Path(tempfile.mkdtemp(prefix="backup-"))
    try:
        for part in ("shared", "backup", "valkey", "postgresql"):
            subprocess.run(["cp", "--archive", "--force", f"{tree / part}/.", place], check=True)
        for folder in ("data", "dev", "proc", "tmp"):
            (place / folder).mkdir()
            (place / folder).chmod(0o1777)
        place.chmod(0o755)
        (place / "etc/hosts").write_text("127.0.0.1 localhost\n")
        shutil.copytree(REPOSITORY / "backup", place / "srv/backup")
        made = Root(place)
        try:
            yield made
        finally:
            made.close()
    finally:
        shutil.rmtree(place)
