"""``secrets search``: values looked for in what a stack left behind, in plain and in each form that hides nothing."""

import gzip
import mmap
import os
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ahocorasick_rs import BytesAhoCorasick

from ops.secret_rows import FoundRow
from providers.kit.redaction import forms

FORMS = tuple(forms("x"))
"""The names of the forms."""
_HEADS, _LINE = ("-----", "b3BlbnNzaC1rZXktdjE"), 72
"""What lines begin with that every key has, and how long such a line is at most (RFC 7468; OpenSSH's PROTOCOL.key)."""
_SQLITE, _GZIP = b"SQLite format 3\0", b"\x1f\x8b"
_UNPACKED_BYTES = 256 * 1024 * 1024


@dataclass(slots=True)
class Search:
    """Looks for values, and counts where it looked.

    Args:
        values: each value that nobody may find, by its name.
    """

    values: Mapping[str, str]
    places: Counter[str] = field(default_factory=Counter)
    """How many places of each kind were looked at."""
    size: int = 0
    """Bytes that were looked at."""
    found: set[FoundRow] = field(default_factory=set)
    """What was found."""
    _named: list[tuple[str, str]] = field(init=False, repr=False)
    _machine: BytesAhoCorasick = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make what looks for all of them at once."""
        by_shape = {
            shape.encode(): (name, form)
            for name, value in self.values.items()
            # The plain form last: where two forms look alike, it names them.
            for form, shapes in reversed(forms(value.strip()).items())
            for shape in shapes
            if len(shape) > _LINE or not shape.startswith(_HEADS)
        }
        self._named = [*by_shape.values()]
        self._machine = BytesAhoCorasick([*by_shape])

    def look(self, kind: str, place: str, content: bytes | mmap.mmap) -> None:
        """Look at one place.

        Args:
            kind: what sort of place it is.
            place: where it is.
            content: what stands there.
        """
        self.places[kind] += 1
        self._look(kind, place, content)

    def look_at_file(self, kind: str, file: Path, place: str) -> None:
        """Look at a file; at what a packed one holds too, and at each cell of a SQLite database.

        Args:
            kind: what sort of place it is.
            file: the file; one that is gone by now is none.
            place: what it is called.
        """
        with suppress(FileNotFoundError, ProcessLookupError), file.open("rb") as stream:
            self.places[kind] += 1
            size = file.stat().st_size
            if not size:
                return
            with mmap.mmap(stream.fileno(), size, access=mmap.ACCESS_READ) as content:
                self._look(kind, place, content)
                beginning = content[: len(_SQLITE)]
                if beginning.startswith(_GZIP):
                    self._look(kind, place, _unpacked(file))
                elif beginning == _SQLITE:
                    for cell in _cells(file):
                        self._look(kind, place, cell)

    def _look(self, kind: str, place: str, content: bytes | mmap.mmap) -> None:
        self.size += len(content)
        for number, *_ in self._machine.find_matches_as_indexes(content, overlapping=True):
            name, form = self._named[number]
            self.found.add(FoundRow(name=name, form=form, kind=kind, place=place))


def files(folder: Path, since: float = 0.0) -> Iterator[Path]:
    """Yield the plain files under a folder that were written or put there since a moment; links are not followed."""
    for root, _, names in os.walk(folder):
        for name in names:
            file = Path(root, name)
            with suppress(FileNotFoundError):
                if not file.is_symlink() and file.is_file() and file.stat().st_ctime >= since:
                    yield file


def _unpacked(file: Path) -> bytes:
    """Return the beginning of what a gzipped file holds; nothing where it is another kind of file after all."""
    with suppress(OSError, EOFError, zlib.error), gzip.open(file) as stream:
        return stream.read(_UNPACKED_BYTES)
    return b""


def _cells(file: Path) -> Iterator[bytes]:
    """Yield what stands in each row: on disk it may be parted by the end of a page."""
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        tables: Iterable[tuple[bytes]] = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in [*tables]:
            for row in database.execute(f'SELECT * FROM "{table.decode()}"'):  # noqa: S608 - its own table's name
                yield b"\0".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
