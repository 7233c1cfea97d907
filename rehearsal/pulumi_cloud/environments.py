"""Where environments of Pulumi ESC are kept: every revision of every definition, their secrets sealed."""

import hashlib
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from rehearsal.pulumi_cloud.cipher import key_of
from rehearsal.pulumi_cloud.database import Database
from rehearsal.pulumi_cloud.evaluator import Diagnostic, Evaluation, Evaluator

ORGANISATION = "rehearsal"
"""The one organisation, which is the user's name too."""
DATABASE = "environments.db"
"""The name of the file of environments, in the folder of all states."""
LATEST = "latest"
"""The tag of the newest revision."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_ANONYMOUS = "<yaml>"
"""What a definition that is opened without being kept is called."""
_TABLES = """
CREATE TABLE IF NOT EXISTS environment (name TEXT PRIMARY KEY, created TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS revision (
    name TEXT NOT NULL REFERENCES environment ON DELETE CASCADE,
    number INTEGER NOT NULL,
    document TEXT NOT NULL,
    created TEXT NOT NULL,
    PRIMARY KEY (name, number)
);
CREATE TABLE IF NOT EXISTS tag (
    name TEXT NOT NULL REFERENCES environment ON DELETE CASCADE,
    of_revisions INTEGER NOT NULL,
    tag TEXT NOT NULL,
    value TEXT NOT NULL,
    id TEXT NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    PRIMARY KEY (name, of_revisions, tag)
);
"""


class RefusedError(Exception):
    """A request is refused.

    Args:
        status: of HTTP.
        message: why.
        diagnostics: what is wrong with a definition.
    """

    def __init__(self, status: int, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        self.status = status
        self.diagnostics = tuple(diagnostics)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Revision:
    """One definition as it was once."""

    name: str
    """Project and name of the environment."""
    number: int
    """Counted from 1, which is empty."""
    document: str
    """The definition, its secrets sealed."""
    created: str
    """When it was made, in the form of RFC 3339."""

    @property
    def etag(self) -> str:
        """What a client shows to change this revision and no other."""
        return hashlib.sha256(f"{self.name} {self.number} {self.document}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Tag:
    """A word that was attached to an environment, or to a revision of one."""

    name: str
    value: str
    """The number of the revision, where it is attached to one."""
    id: str
    created: str
    modified: str


@dataclass(slots=True)
class Environments:
    """The environments of one organisation.

    Args:
        file: the database; its key lies beside it.
        program: Pulumi ESC's own evaluator.
        user: who opens them.
    """

    file: Path
    program: Path
    user: str
    _sessions: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict, init=False, repr=False)

    def names(self) -> tuple[str, ...]:
        """Return the names of all environments."""
        return tuple(name for (name,) in self._rows("SELECT name FROM environment ORDER BY name"))

    def created(self, name: str) -> str:
        """Return when an environment was made."""
        rows = self._rows("SELECT created FROM environment WHERE name = ?", name)
        if not rows:
            raise RefusedError(404, f"Not Found: environment '{name}' not found")
        return str(rows[0][0])

    def create(self, name: str, document: str = "") -> None:
        """Make an environment.

        Raises:
            RefusedError: there is one of that name, or the name is none.
        """
        project, _, rest = name.partition("/")
        if not (_NAME.fullmatch(project) and _NAME.fullmatch(rest)):
            raise RefusedError(400, f"{name}: must be a project and a name of letters, digits and .-_")
        with self._database.changing() as database:
            if database.execute("SELECT 1 FROM environment WHERE name = ?", (name,)).fetchone():
                raise RefusedError(409, f"Conflict: environment '{name}' already exists")
            database.execute("INSERT INTO environment VALUES (?, ?)", (name, _now()))
            database.execute("INSERT INTO revision VALUES (?, 1, ?, ?)", (name, document, _now()))

    def revision(self, name: str, version: str = LATEST) -> Revision:
        """Return a revision.

        Args:
            name: the environment.
            version: its number, or a tag.

        Raises:
            RefusedError: there is none.
        """
        number = version if version.isdecimal() else self._tagged(name, version)
        found = self._rows("SELECT * FROM revision WHERE name = ? AND number = ?", name, int(number))
        if not found:
            raise RefusedError(404, f"Not Found: environment '{name}' has no revision {version}")
        return Revision(*found[0])

    def revisions(self, name: str, before: int, count: int) -> Sequence[Revision]:
        """Return revisions, the newest first: at most so many, with lower numbers than ``before``."""
        self.created(name)
        query = "SELECT * FROM revision WHERE name = ? AND number < ? ORDER BY number DESC LIMIT ?"
        return [Revision(*row) for row in self._rows(query, name, before, count)]

    def update(self, name: str, text: str, etag: str = "") -> tuple[Revision, Sequence[Diagnostic]]:
        """Make a definition the newest revision, unless it is what the newest one says.

        Args:
            name: the environment.
            text: the definition; its secrets may be sealed or not.
            etag: of the revision that was read before; the newest one by default.

        Raises:
            RefusedError: somebody else changed it meanwhile, or the definition is not one.
        """
        self._require(name, etag)
        found = self._evaluated("check", name, self.documents() | {name: text})
        if found.refused:
            raise RefusedError(400, "Bad Request: the definition is not valid", found.diagnostics)
        sealed = self._rewritten("seal", name, text)
        with self._database.changing() as database:
            newest = self._require(name, etag)
            if sealed == newest.document:
                return newest, found.diagnostics
            added = Revision(name, newest.number + 1, sealed, _now())
            row = (added.name, added.number, added.document, added.created)
            database.execute("INSERT INTO revision VALUES (?, ?, ?, ?)", row)
        return added, found.diagnostics

    def unsealed(self, revision: Revision) -> str:
        """Return a definition with its secrets."""
        return self._rewritten("unseal", revision.name, revision.document)

    def remove(self, name: str) -> None:
        """Forget an environment.

        Raises:
            RefusedError: there is none, or another one imports it.
        """
        self.created(name)
        users = [other for other, text in self.documents().items() if name in _imports(text)]
        if users:
            raise RefusedError(409, f"Conflict: environment '{name}' is imported by {', '.join(users)}")
        with self._database.changing() as database:
            database.execute("DELETE FROM environment WHERE name = ?", (name,))

    def documents(self) -> dict[str, str]:
        """Return the newest revision of every environment, secrets sealed."""
        query = "SELECT name, document FROM revision GROUP BY name HAVING number = max(number)"
        return dict(self._rows(query))

    def checked(self, text: str) -> Evaluation:
        """Return what a definition that is not kept evaluates to, without what providers would give."""
        return self._evaluated("check", _ANONYMOUS, self.documents() | {_ANONYMOUS: text})

    def opened(self, text: str, seconds: float, replaced: Mapping[str, str] | None = None) -> str:
        """Open a definition that is not kept, and return the session that reads it.

        Args:
            text: the definition.
            seconds: how long it can be read.
            replaced: environments that are imported in the place of others.

        Raises:
            RefusedError: it is not valid.
        """
        documents = self.documents()
        documents |= {name: documents.get(other, "") for name, other in (replaced or {}).items()}
        return self._open(_ANONYMOUS, documents | {_ANONYMOUS: text}, seconds)

    def open(self, revision: Revision, seconds: float) -> str:
        """Open a revision, and return the session that reads it.

        Raises:
            RefusedError: it is not valid.
        """
        return self._open(revision.name, self.documents() | {revision.name: revision.document}, seconds)

    def session(self, identity: str) -> Mapping[str, Any]:
        """Return what was opened.

        Raises:
            RefusedError: nothing was, or its time is over.
        """
        now = time.monotonic()
        self._sessions = {one: kept for one, kept in self._sessions.items() if kept[0] > now}
        if identity not in self._sessions:
            raise RefusedError(404, "Not Found: nothing is open under this id, or it has expired")
        return self._sessions[identity][1]

    def tags(self, name: str, *, of_revisions: bool) -> Sequence[Tag]:
        """Return the tags of an environment, or those of its revisions."""
        self.created(name)
        query = "SELECT tag, value, id, created, modified FROM tag WHERE name = ? AND of_revisions = ? ORDER BY tag"
        kept = [Tag(*row) for row in self._rows(query, name, of_revisions)]
        if not of_revisions:
            return kept
        newest = self._newest(name)
        return sorted([*kept, Tag(LATEST, str(newest.number), LATEST, newest.created, newest.created)], key=_by_name)

    def tag(self, name: str, tag: str, *, of_revisions: bool) -> Tag:
        """Return a tag.

        Raises:
            RefusedError: there is none.
        """
        found = next((one for one in self.tags(name, of_revisions=of_revisions) if one.name == tag), None)
        if found is None:
            raise RefusedError(404, f"Not Found: environment '{name}' has no tag '{tag}'")
        return found

    def attach(self, name: str, tag: str, value: str, *, of_revisions: bool) -> Tag:
        """Attach a word, unless it is attached already.

        Raises:
            RefusedError: it is, or it is attached to a revision that is not there.
        """
        if any(one.name == tag for one in self.tags(name, of_revisions=of_revisions)):
            raise RefusedError(409, f"Conflict: environment '{name}' has the tag '{tag}' already")
        if of_revisions:
            self.revision(name, value)
        made = Tag(tag, value, secrets.token_hex(8), _now(), _now())
        row = (name, of_revisions, made.name, made.value, made.id, made.created, made.modified)
        with self._database.changing() as database:
            database.execute("INSERT INTO tag VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return made

    def change(self, name: str, tag: Tag, other: str, value: str, *, of_revisions: bool) -> Tag:
        """Give a tag another name or value."""
        if of_revisions:
            self.revision(name, value)
        changed = Tag(other, value, tag.id, tag.created, _now())
        row = (other, value, changed.modified, name, of_revisions, tag.name)
        with self._database.changing() as database:
            query = "UPDATE tag SET tag = ?, value = ?, modified = ? WHERE name = ? AND of_revisions = ? AND tag = ?"
            database.execute(query, row)
        return changed

    def detach(self, name: str, tag: Tag, *, of_revisions: bool) -> None:
        """Take a tag away."""
        with self._database.changing() as database:
            query = "DELETE FROM tag WHERE name = ? AND of_revisions = ? AND tag = ?"
            database.execute(query, (name, of_revisions, tag.name))

    def _tagged(self, name: str, tag: str) -> str:
        return str(self._newest(name).number) if tag == LATEST else self.tag(name, tag, of_revisions=True).value

    def _newest(self, name: str) -> Revision:
        self.created(name)
        (row,) = self._rows("SELECT * FROM revision WHERE name = ? ORDER BY number DESC LIMIT 1", name)
        return Revision(*row)

    def _require(self, name: str, etag: str) -> Revision:
        newest = self._newest(name)
        if etag.strip('"') not in {"", newest.etag}:
            raise RefusedError(409, f"Conflict: environment '{name}' was changed meanwhile; read it again")
        return newest

    def _open(self, name: str, documents: Mapping[str, str], seconds: float) -> str:
        found = self._evaluated("open", name, documents)
        if found.refused:
            raise RefusedError(400, "Bad Request: the environment cannot be opened", found.diagnostics)
        identity = secrets.token_hex(16)
        self._sessions[identity] = (time.monotonic() + seconds, found.environment)
        return identity

    def _evaluated(self, act: Any, name: str, documents: Mapping[str, str]) -> Evaluation:
        return self._evaluator(act, [name], documents)[name]

    def _rewritten(self, act: Any, name: str, text: str) -> str:
        found = self._evaluator(act, [name], {name: text})[name]
        if found.refused:
            raise RefusedError(400, "Bad Request: the definition is not valid", found.diagnostics)
        return found.document

    @property
    def _evaluator(self) -> Evaluator:
        return Evaluator(self.program, key_of(self.file), self.user)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        return self._database.rows(query, *values)

    @property
    def _database(self) -> Database:
        return Database(self.file, _TABLES)


def _imports(text: str) -> set[str]:
    """Return the environments that a definition imports."""
    try:
        listed = (yaml.safe_load(text) or {}).get("imports") or ()
    except (yaml.YAMLError, AttributeError):
        return set()
    return {str(one if isinstance(one, str) else next(iter(one), "")) for one in listed}


def _by_name(tag: Tag) -> str:
    return tag.name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
