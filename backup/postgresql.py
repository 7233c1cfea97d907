"""PostgreSQL: each database by pg_dump, as of one moment; libpq's own variables say where it is and who asks."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from backup.service import BackupError, Checksums, Service, holding, reached, run

_SUFFIX = ".dump"
_SCRATCH = "restore_drill"
"""The database that a dump is tried out in; of an interrupted try it is there, and of no other use."""
_NEW = "restore_new"
"""The database that a dump is loaded into until it is whole, and takes the place of the empty one."""
_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' ORDER BY 1
"""
"""Those of a database; PostgreSQL's own are left out, and temporary ones, which only their session may read."""
_TERMINATED = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {database}"
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1")
_ROWS = "SELECT count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {table} t"


class PostgreSql(Service):
    """The databases of one server that are not PostgreSQL's own."""

    def __init__(self) -> None:
        def connect() -> None:
            if subprocess.run(("pg_isready", "--quiet"), check=False).returncode:
                raise ConnectionRefusedError

        try:
            reached(connect)
        except OSError:
            message = f"{os.environ.get('PGHOST', 'PostgreSQL')} takes no connection; see that the server runs"
            raise BackupError(message) from None

    def dump(self, folder: Path) -> Checksums:
        """Write one file for each database."""
        found: dict[str, str] = {}
        for database in _databases():
            with _snapshot(database) as (snapshot, checksums):
                path = folder / f"{database}{_SUFFIX}"
                _run("pg_dump", "--format=custom", f"--file={path}", f"--snapshot={snapshot}", f"--dbname={database}")
            found |= {f"{database}.{table}": checksum for table, checksum in checksums.items()}
        return found

    def try_out(self, folder: Path) -> Checksums:
        """Load each file into a database of its own, one after the other."""
        found: dict[str, str] = {}
        for database, path in _dumps(folder):
            try:
                _load(_SCRATCH, path, "--no-owner", "--no-privileges")
                found |= {f"{database}.{table}": one for table, one in _checksums(_SCRATCH).items()}
            finally:
                _drop(_SCRATCH)
        return found

    def load(self, folder: Path) -> Checksums:
        """Load each file into a new database that takes the place of its own, which is not there or holds no row.

        What MIGRATIONS names is run then: the schema comes back as it was, and may be older than what is declared.
        """
        there, found = _databases(), dict[str, str]()
        for database, _ in _dumps(folder):
            if database in there:
                _require_empty(database, "nothing was changed")
        for database, path in _dumps(folder):
            try:
                _load(_NEW, path)
                found |= {f"{database}.{table}": one for table, one in _checksums(_NEW).items()}
                if database in there:
                    _remove(database)
                _ask("postgres", f"ALTER DATABASE {_NEW} RENAME TO {_quoted(database)}")
            finally:
                _drop(_NEW)
        if migrations := os.environ.get("MIGRATIONS"):
            _run("sh", migrations, "schema")
        return found


def _databases() -> list[str]:
    """Return the names of the databases that are neither PostgreSQL's own nor ours."""
    names = _ask("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")
    return [one for one in names if one not in {"postgres", _SCRATCH, _NEW}]


def _load(database: str, path: Path, *options: str) -> None:
    """Load a file into a new database."""
    _drop(database)
    _ask("postgres", f"CREATE DATABASE {database}")
    _run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={database}", *options, str(path))


def _drop(database: str) -> None:
    _ask("postgres", f"DROP DATABASE IF EXISTS {_quoted(database)} WITH (FORCE)")


def _remove(database: str) -> None:
    """Drop a database that holds no row, also now that nobody but a superuser writes to it any more."""
    name = _quoted(database)
    _ask("postgres", f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    try:
        _ask("postgres", _TERMINATED.format(database=_quoted(database, "'")))
        _require_empty(database, "it was left as it is")
    except BackupError:
        _ask("postgres", f"ALTER DATABASE {name} CONNECTION LIMIT -1")
        raise
    _drop(database)


def _require_empty(database: str, left: str) -> None:
    full = holding({f"{database}.{table}": one for table, one in _checksums(database).items()})
    if full:
        message = (
            f"{', '.join(full)} hold rows that a restore would replace; {left}: empty or drop them first, if they are "
            "really to go"
        )
        raise BackupError(message)


def _quoted(name: str, quote: str = '"') -> str:
    return quote + name.replace(quote, 2 * quote) + quote


def _dumps(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        yield path.name.removesuffix(_SUFFIX), path


@contextmanager
def _snapshot(database: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Give the name of a snapshot of the database, which ends with the block, and the checksums of its tables then."""
    command = (*_PSQL, f"--dbname={database}")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        told, said = session.stdin, session.stdout
        if told is None or said is None:
            message = "psql has no pipes"
            raise BackupError(message)

        def ask(statement: str) -> list[str]:
            told.write(f"{statement};\n\\echo .\n")
            told.flush()
            answer = [line.rstrip("\n") for line in iter(said.readline, ".\n") if line or _ended(session)]
            return [line for line in answer if line]

        ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = ask("SELECT pg_export_snapshot()")
        yield snapshot, {table: ask(_ROWS.format(table=table))[0] for table in ask(_TABLES.strip())}
        told.close()


def _ended(session: subprocess.Popen[str]) -> bool:
    message = f"psql ended with {session.wait()} in the middle of a dump; see the lines above"
    raise BackupError(message)


def _checksums(database: str) -> Mapping[str, str]:
    return {table: _ask(database, _ROWS.format(table=table))[0] for table in _ask(database, _TABLES.strip())}


def _ask(database: str, statement: str) -> Sequence[str]:
    return _run(*_PSQL, f"--dbname={database}", f"--command={statement}").splitlines()


def _run(*command: str) -> str:
    done = run(*command)
    if done.returncode:
        # What comes with an error may hold a row.
        said = re.split(r"(?:CONTEXT|DETAIL): ", done.stderr)[0]
        message = f"{command[0]} ended with {done.returncode}: {said.strip()[-800:]}"
        raise BackupError(message)
    return done.stdout
