"""Valkey's backups, with the real server."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.backup.root import Root, until

pytestmark = pytest.mark.engine

REACHED = {"VALKEY_HOST": "localhost", "VALKEY_PORT": "6379", "VALKEY_USER": "backup", "VALKEY_CA": "/data/crt"}
STARTED = """
openssl req -x509 -newkey rsa:2048 -nodes -keyout /data/key -out /data/crt -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2>/dev/null
exec valkey-server --port 0 --tls-port 6379 --tls-cert-file /data/crt --tls-key-file /data/key \
    --tls-ca-cert-file /data/crt --tls-auth-clients no --unixsocket /data/valkey.sock --dir /data --save '' \
    --maxmemory 32mb --maxmemory-policy allkeys-lru >/data/valkey.log
"""
KEYS = 200
Ask = Callable[[str], str]


@pytest.fixture(scope="module")
def served(root: Root) -> Iterator[Ask]:
    """Asks a server with room for little, which the backup's user may read and restore keys of."""
    server = root.start(STARTED)

    def asked(words: str) -> str:
        return root.run(f"valkey-cli -e -s /data/valkey.sock {words}").strip()

    until((root.place / "data/valkey.sock").exists)
    may = "~* +@read +@connection +dump +restore +del"
    asked(f"ACL SETUSER backup on '>{root.canaries['VALKEY_PASSWORD']}' {may}")
    yield asked
    root.run("valkey-cli -s /data/valkey.sock SHUTDOWN NOSAVE || true")
    server.communicate()


@pytest.fixture
def ask(root: Root, served: Ask) -> Ask:
    """Asks the server, which holds nothing; what is backed up is of this test alone."""
    root.repository = secrets.token_hex(4)
    served("FLUSHALL")
    return served


def filled(ask: Ask, kibibytes: int = 1) -> None:
    """Write keys of each kind."""
    ask(f"EVAL \"for i = 1, {KEYS} do redis.call('SET', 'key ' .. i, string.rep('x', {kibibytes} * 1024)) end\" 0")
    ask("RPUSH list b a c")
    ask("SADD set c b a")
    ask("HSET hash one 1 two 2")
    ask("ZADD ranking 1 a 2.5 b")
    ask("XADD stream 1-1 name value")
    ask("SET lasting yes EX 3600")


def test_a_drill_takes_no_key_of_the_server_that_has_room_for_no_more(root: Root, ask: Ask) -> None:
    filled(ask, kibibytes=100)
    kept = root.backup("valkey", "backup", **REACHED)
    held = ask("DBSIZE")
    assert int(held) == KEYS + 6
    assert root.backup("valkey", "drill", **REACHED)["checksums"] == kept["checksums"]
    assert ask("DBSIZE") == held
    assert "db15" not in ask("INFO keyspace")
    assert "evicted_keys:0" in ask("INFO stats").splitlines()


def test_what_is_lost_comes_back_for_as_long_as_it_would_have_lasted(root: Root, ask: Ask) -> None:
    filled(ask)
    kept = root.backup("valkey", "backup", **REACHED)
    ask("FLUSHALL")
    assert root.backup("valkey", "restore", **REACHED)["checksums"] == kept["checksums"]
    assert 3000 < int(ask("TTL lasting")) <= 3600
    assert ask("TTL list") == "-1"
    assert ask("LRANGE list 0 -1").split() == ["b", "a", "c"]
    assert "it holds keys" in root.backup("valkey", "restore", **REACHED)["error"]


def test_a_key_that_somebody_writes_during_a_restore_is_not_replaced(root: Root, ask: Ask) -> None:
    """The check has passed: the program is asked for what comes after it."""
    ask("SET mine old")
    root.run(f"{PROGRAM} dump", told=root.environment(**REACHED))
    ask("SET mine new")
    assert "BUSYKEY" in root.run(f"{PROGRAM} load", told=root.environment(**REACHED))
    assert ask("GET mine") == "new"


PROGRAM = '''python3 -c "
import sys
from pathlib import Path
from backup import valkey
from backup.service import BackupError
valkey._keys = lambda server, keys=valkey._keys: keys(server) if sys.argv[1] == 'dump' else iter(())
try:
    getattr(valkey.Valkey(), sys.argv[1])(Path('/data'))
except BackupError as error:
    print(error)
"'''


def test_keys_that_change_or_expire_are_as_they_were_at_one_moment(root: Root, ask: Ask) -> None:
    """One writer counts, pushes, and has keys expire all the time."""
    filled(ask)
    body = "redis.call('INCR', 'counter'); redis.call('RPUSH', 'queue', 'x'); redis.call('LTRIM', 'queue', -50, -1)"
    body += "; for i = 1, 50 do redis.call('SET', 'short ' .. i, i, 'PX', 5) end"
    writer = root.start(f'while test ! -e /data/stop; do valkey-cli -s /data/valkey.sock EVAL "{body}" 0; done')
    until(lambda: ask("EXISTS counter") == "1")
    for _ in range(3):
        kept = root.backup("valkey", "backup", **REACHED)
        assert root.backup("valkey", "drill", **REACHED)["checksums"] == kept["checksums"]
        assert int(kept["checksums"]["keys"].partition(":")[0]) == KEYS + 8
    (root.place / "data/stop").touch()
    writer.communicate()
