"""PostgreSQL's backups, with the real server and its real programs."""

import secrets
from collections.abc import Callable, Iterator, Mapping

import pytest

import catalog
from catalog.secret import POSTGRESQL_SECRETS
from components.data import migrations
from tests.backup.root import Root, until

pytestmark = pytest.mark.engine

REACHED = {"PGHOST": "/data", "PGUSER": "postgres"}
PLACE = f"/etc/{migrations.NAME}"
Ask = Callable[..., str]


@pytest.fixture(scope="module")
def ask(root: Root) -> Iterator[Ask]:
    """Asks a server with the platform's databases, roles and schema."""
    script = """
    initdb --pgdata=/data/db --username=postgres --auth=trust --no-sync >/dev/null
    pg_ctl --pgdata=/data/db --options="-k /data -c listen_addresses='' -c fsync=off" --log=/data/log --wait start
    """
    root.run(script, user=999)

    def asked(statement: str, database: str = migrations.MAIN) -> str:
        said = root.run('psql -XAt -v ON_ERROR_STOP=1 -c "$STATEMENT"', told=environment(database, statement))
        return said.strip()

    (root.place / PLACE[1:]).mkdir(parents=True)
    for name, text in migrations.files(catalog.load().migrations).items():
        (root.place / PLACE[1:] / name).write_text(text)
    migrate(root)
    yield asked
    root.run("pg_ctl --pgdata=/data/db --mode=immediate stop", user=999)


@pytest.fixture
def extra(root: Root, ask: Ask) -> Iterator[str]:
    """A database that nobody declared, with a table that a function guards; what is backed up is of this test alone."""
    root.repository = secrets.token_hex(4)
    ask("CREATE DATABASE extra", "postgres")
    ask("CREATE FUNCTION allows() RETURNS bool LANGUAGE sql RETURN true", "extra")
    ask("CREATE TABLE guarded (line text CHECK (public.allows()))", "extra")
    yield "extra"
    ask("DROP DATABASE IF EXISTS extra WITH (FORCE)", "postgres")


def environment(database: str, statement: str) -> Mapping[str, str]:
    return {**REACHED, "PGDATABASE": database, "STATEMENT": statement}


def migrate(root: Root) -> None:
    passwords = {variable: secrets.token_hex(8) for variable in POSTGRESQL_SECRETS}
    root.run(f"sh {PLACE}/migrate.sh >/dev/null", told={**REACHED, **passwords})


def guard(ask: Ask, does: str) -> None:
    """Have the table's guard do something wherever it is loaded again."""
    body = f"BEGIN IF current_database() <> 'extra' THEN {does} END IF; RETURN true; END"
    ask(f"CREATE OR REPLACE FUNCTION allows() RETURNS bool LANGUAGE plpgsql AS $${body}$$", "extra")


def test_a_backup_older_than_a_migration_comes_back_and_is_brought_up_to_date(root: Root, ask: Ask, extra: str) -> None:
    ask("INSERT INTO knowledge.knowledge_base (content, source) VALUES ('kept', 'test')")
    ask("INSERT INTO guarded VALUES ('kept too')", extra)
    kept = root.backup("postgresql", "backup", **REACHED)
    assert root.backup("postgresql", "drill", **REACHED)["checksums"] == kept["checksums"]

    newer = root.place / PLACE[1:] / "9999_newer.sql"
    newer.write_text("CREATE TABLE knowledge.newer (id uuid REFERENCES knowledge.knowledge_base);\n")
    for database in ("sophia_vectors", "sophia_ai", "sophia", extra):
        ask(f"DROP DATABASE {database} WITH (FORCE)", "postgres")
    migrate(root)
    told = root.backup("postgresql", "restore", MIGRATIONS=migrations.SCRIPT, **REACHED)
    newer.unlink()

    assert told["checksums"] == kept["checksums"]
    assert ask("SELECT content FROM knowledge.knowledge_base") == "kept"
    assert ask("SELECT line FROM guarded", extra) == "kept too"
    assert ask("SELECT count(*) FROM knowledge.newer") == "0"
    owned = "SELECT datname, datdba::regrole, has_database_privilege('sophia_reader', oid, 'connect') FROM pg_database"
    found = ask(f"{owned} WHERE datname LIKE 'sophia%' ORDER BY 1", "postgres").splitlines()
    assert found == [f"{database}|sophia|t" for database in ("sophia", "sophia_ai", "sophia_vectors")]
    assert ask("SELECT datname FROM pg_database WHERE datname LIKE 'restore%'", "postgres") == ""
    ask("DELETE FROM knowledge.knowledge_base; DROP TABLE knowledge.newer")
    ask("DELETE FROM migrations.applied WHERE version = '9999_newer'")


def test_temporary_tables_of_other_sessions_are_no_part_of_a_backup(root: Root, ask: Ask, extra: str) -> None:
    statement = "CREATE TEMPORARY TABLE theirs AS SELECT 1"
    other = root.start('exec psql -Xc "$STATEMENT" -c "SELECT pg_sleep(600)"', told=environment(extra, statement))
    until(lambda: ask("SELECT count(*) FROM pg_class WHERE relname = 'theirs'", extra) == "1")
    kept = root.backup("postgresql", "backup", **REACHED)
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%(600)'", "postgres")
    other.communicate()
    assert "extra.public.guarded" in kept["checksums"]
    assert not [one for one in kept["checksums"] if "theirs" in one]


def test_rows_are_never_replaced(root: Root, ask: Ask, extra: str) -> None:
    root.backup("postgresql", "backup", **REACHED)
    ask("INSERT INTO guarded VALUES ('newer')", extra)
    told = root.backup("postgresql", "restore", **REACHED)
    assert "extra.public.guarded hold rows that a restore would replace; nothing was changed" in told["error"]
    assert ask("SELECT line FROM guarded", extra) == "newer"


def test_rows_that_come_during_a_restore_are_not_replaced_either(root: Root, ask: Ask, extra: str) -> None:
    ask("INSERT INTO guarded VALUES ('kept')", extra)
    guard(ask, "PERFORM pg_sleep(5);")
    root.backup("postgresql", "backup", **REACHED)
    ask("DELETE FROM guarded", extra)
    restored = root.start("exec python3 -m backup postgresql restore", told=root.environment(**REACHED))
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname <> 'extra'"
    until(lambda: ask(asleep, "postgres") == "1")
    ask("INSERT INTO guarded VALUES ('newer')", extra)
    assert "extra.public.guarded hold rows that a restore would replace; it was left" in root.said(restored)["error"]
    assert ask("SELECT line FROM guarded", extra) == "newer"
    assert ask("SELECT datconnlimit FROM pg_database WHERE datname = 'extra'", "postgres") == "-1"


def test_no_row_is_in_an_error(root: Root, ask: Ask, extra: str) -> None:
    canary = secrets.token_hex(16)
    ask(f"INSERT INTO guarded VALUES ('{canary}')", extra)  # noqa: S608 - made here
    guard(ask, "RAISE 'it is refused' USING DETAIL = 'a detail';")
    root.backup("postgresql", "backup", **REACHED)
    error = root.backup("postgresql", "drill", **REACHED)["error"]
    assert "it is refused" in error
    assert canary not in error
    assert "a detail" not in error
