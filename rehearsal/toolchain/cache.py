"""The tool cache: entries keyed by content, made whole or not at all, and checked whenever they are used."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from catalog.model import Model
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.tool import Tool

Source = Literal["PATH", "download", "build"]
_MANIFEST = "manifest.json"
_STAGING = "staging-"
_SOURCES = ("go.mod", "go.sum", ".go", ".yaml")
_TESTS = ("_test.go",)


class DamagedEntryError(RuntimeError):
    """An entry of the cache is not what was put there; the message says in which way."""


class FileRecord(Model):
    """One file as it was put into the cache."""

    size: int
    mtime_ns: int
    mode: int
    sha256: str


class Manifest(Model):
    """What an entry of the cache holds and where it came from."""

    tool: str
    version: str
    source: Source
    origin: str
    """The path, addresses or Go release it was made from."""
    programs: Mapping[str, str]
    """The file behind each program name; several names may share one file."""
    files: Mapping[str, FileRecord]


@dataclass(frozen=True, slots=True)
class Entry:
    """A tool in the cache, whole."""

    folder: Path
    manifest: Manifest

    def program(self, name: str) -> Path:
        """The file to run for a program name.

        Args:
            name: one of the tool's programs.
        """
        return self.folder / self.manifest.programs[name]

    def sha256(self, name: str) -> str:
        """The digest of that file.

        Args:
            name: one of the tool's programs.
        """
        return self.manifest.files[self.manifest.programs[name]].sha256


def source_files(edges: Edges, folder: str) -> tuple[Path, ...]:
    """The files that decide what a tool's Go module builds; generated ones are not among them.

    Args:
        edges: the machine.
        folder: the tool's folder under ``tools/``.
    """
    found = (Path(place, name) for place, _, names in os.walk(edges.sources / folder) for name in names)
    return tuple(sorted(path for path in found if path.name.endswith(_SOURCES) and not path.name.endswith(_TESTS)))


def embedded_files(edges: Edges, tool: Tool) -> tuple[Path, ...]:
    """The files from elsewhere in the repository that a tool's program embeds.

    Args:
        edges: the machine.
        tool: the tool.
    """
    return tuple(edges.sources.parent / path for path in tool.build.embeds)


def key(tool: Tool, edges: Edges) -> str:
    """What a tool's entry is filed under: everything that decides its content.

    The Go release counts as pinned, not as installed, so that a cache is used where there is no Go; and
    without its last number, which stands for repairs.

    Args:
        tool: the tool.
        edges: the machine.
    """
    build = tool.build
    parts = {
        "tool": [tool.name, tool.version, tool.programs, tool.artefacts, tool.plugin],
        "build": [build.version, build.package, build.output, build.flags],
        "copies": [asdict(copy) for copy in (*build.copies, *filter(None, [build.schema]))],
        "sources": {
            os.path.relpath(path, edges.sources): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (
                *(path for folder in build.folders for path in source_files(edges, folder)),
                *embedded_files(edges, tool),
            )
        },
        "platform": str(edges.platform),
        "go": edges.go.rpartition(".")[0],
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


class Cache:
    """The cached tools of one machine.

    Args:
        edges: the machine.
    """

    def __init__(self, edges: Edges) -> None:
        self._edges = edges

    def shelf(self, tool: Tool) -> Path:
        """The folder that holds every entry of one tool.

        Args:
            tool: the tool.
        """
        return self._edges.cache / "tools" / tool.name

    def find(self, tool: Tool, *, refresh: bool = True) -> Entry | None:
        """The tool's entry, checked, or None when there is none.

        A file whose size and time are as recorded is trusted; else its digest decides.

        Args:
            tool: the tool.
            refresh: note new times of files whose digest is right, so that the next look is fast again.

        Raises:
            DamagedEntryError: the entry is not what was put there.
        """
        folder = self.shelf(tool) / key(tool, self._edges)
        if not folder.exists():
            return None
        try:
            manifest = Manifest.model_validate_json((folder / _MANIFEST).read_bytes())
        except (OSError, ValidationError) as error:
            message = "its manifest cannot be read"
            raise DamagedEntryError(message) from error
        records = {name: _check(folder / name, record) for name, record in manifest.files.items()}
        needed = {*tool.artefacts, *manifest.programs.values()}
        if not needed <= records.keys() or not set(tool.programs) <= manifest.programs.keys():
            message = "its manifest does not list every file"
            raise DamagedEntryError(message)
        if refresh and records != manifest.files:
            manifest = manifest.model_copy(update={"files": records})
            with contextlib.suppress(OSError):  # a cache that may only be read is still a good cache
                _write(folder / _MANIFEST, manifest)
        return Entry(folder, manifest)

    def leftovers(self, tool: Tool) -> tuple[Path, ...]:
        """Folders that an interrupted set-up left behind; only for the holder of the claim.

        Args:
            tool: the tool.
        """
        return tuple(self.shelf(tool).glob(f"{_STAGING}*"))

    @contextlib.contextmanager
    def staging(self, tool: Tool) -> Iterator[Path]:
        """A folder to prepare an entry in, gone afterwards whatever happens.

        Args:
            tool: the tool.
        """
        folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.shelf(tool)))
        try:
            yield folder
        finally:
            self.remove(folder)

    def remove(self, folder: Path) -> None:
        """A folder of the cache is gone.

        Args:
            folder: the folder.
        """
        shutil.rmtree(folder, ignore_errors=True)

    def keep(self, tool: Tool, prepared: Path, source: Source, version: str, origin: str) -> Entry:
        """The prepared folder is the tool's entry, in one step.

        Args:
            tool: the tool.
            prepared: the folder with all files and nothing else, on the cache's own file system.
            source: where they came from.
            version: which version they are.
            origin: the path, addresses or Go release they were made from.
        """
        files = {path.name: _record(path) for path in sorted(prepared.iterdir())}
        shared = {name: name if name in files else tool.build.output for name in tool.programs}
        manifest = Manifest(tool=tool.name, version=version, source=source, origin=origin, programs=shared, files=files)
        _write(prepared / _MANIFEST, manifest)
        prepared.chmod(0o755)
        folder = self.shelf(tool) / key(tool, self._edges)
        self.discard(tool)
        prepared.rename(folder)
        return Entry(folder, manifest)

    def discard(self, tool: Tool) -> None:
        """The tool has no entry any more.

        Args:
            tool: the tool.
        """
        folder = self.shelf(tool) / key(tool, self._edges)
        if folder.exists():
            with self.staging(tool) as aside:  # renamed first: nobody sees half an entry
                folder.rename(aside / "discarded")


def _check(path: Path, record: FileRecord) -> FileRecord:
    try:
        status = path.lstat()
    except OSError as error:
        message = f"{path.name} is missing"
        raise DamagedEntryError(message) from error
    if status.st_size != record.size:
        message = f"{path.name} has {status.st_size} bytes instead of {record.size}"
        raise DamagedEntryError(message)
    if status.st_mode != record.mode:
        message = f"{path.name} has another file mode"
        raise DamagedEntryError(message)
    if status.st_mtime_ns == record.mtime_ns:
        return record
    if _sha256(path) != record.sha256:
        message = f"{path.name} has another content"
        raise DamagedEntryError(message)
    return record.model_copy(update={"mtime_ns": status.st_mtime_ns})


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        os.fsync(file.fileno())  # after a power cut the entry must not be there with empty files
    status = path.lstat()
    return FileRecord(size=status.st_size, mtime_ns=status.st_mtime_ns, mode=status.st_mode, sha256=_sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, manifest: Manifest) -> None:
    whole = path.with_suffix(f".{os.getpid()}")
    with whole.open("w", encoding="utf-8") as file:
        file.write(manifest.model_dump_json(indent=2))
        file.flush()
        os.fsync(file.fileno())
    whole.replace(path)
