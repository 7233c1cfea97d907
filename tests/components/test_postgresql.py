"""PostgreSQL's own program, started in its image as its pod starts it."""

from collections.abc import Callable
from pathlib import Path

import pytest

import catalog
from components.data import postgresql
from tests.toolchain.test_data_services import Run, archives, roots, start

pytestmark = pytest.mark.engine
__all__ = ["archives", "roots", "start"]

SERVE = """
sh /etc/postgresql/start.sh > /data/log 2>&1 &
until pg_isready --quiet --host=/data; do kill -0 $! || { cat /data/log >&2; exit 1; }; sleep 0.2; done
as() { PGPASSWORD=$1 psql --host=/data --username=postgres --no-psqlrc --quiet --tuples-only --command="$2" 2>&1; }
"""
END = "\nkill -TERM $!\nwait $!\n"


@pytest.fixture
def serve(start: Callable[[str], Run], roots: Path) -> Callable[[str, str], list[str]]:
    """Serves with a password of the superuser, from a volume that stays, and gives the lines of a script beside it."""
    run, root = start("postgresql"), roots / "postgresql"
    given = {
        **postgresql.files(catalog.load().data["postgresql"]),
        # Certificates are not what is tried, and it has no /var/run/postgresql.
        "own.conf": "include 'postgresql.conf'\nssl = off\nunix_socket_directories = '/data'\n",
    }
    folder, secrets = root / "etc/postgresql", root / "run/secrets/postgresql"
    for made in (folder, secrets, root / "var/lib/postgresql/data"):
        made.mkdir(parents=True, exist_ok=True)
        made.chmod(0o777)
    for name, text in given.items():
        (folder / name).write_text(text.replace("/postgresql.conf ", "/own.conf "), encoding="utf-8")

    def served(password: str, script: str) -> list[str]:
        (secrets / "superuser").write_text(password, encoding="utf-8")
        return run(999, SERVE + script + END)

    return served


def test_the_superusers_password_is_the_present_one_and_no_slow_statement_tells_another(
    serve: Callable[[str, str], list[str]],
) -> None:
    first, second = "it's the \\first", "the se''cond; one\n"
    slow = "SELECT pg_sleep(1.1), 'a password'"
    (root,) = [serve(first, f'as "{first}" "SELECT 1"')]
    assert [line.strip() for line in root if line.strip()] == ["1"]
    refused, worked, *log = serve(
        second,
        f"""
        as "{first}" "SELECT 2" | grep --only-matching "password authentication failed"
        as "{second.strip()}" "{slow}" | grep --only-matching "a password"
        cat /data/log
        """,
    )
    assert (refused, worked) == ("password authentication failed", "a password")
    assert log
    assert not [line for line in log if "a password" in line or "cond" in line], "the log tells a password"
