"""What is in the images of the data services runs: each archive, unpacked, is the root of a process of its own."""

import json
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog.versions import read_versions
from rehearsal.machines import image
from rehearsal.toolchain import ToolError, ensure, progress_for
from rehearsal.toolchain.debian import bootstrap

pytestmark = pytest.mark.engine

Run = Callable[[int, str], list[str]]
VERSIONS = read_versions()
SECONDS = 120
MOUNTED = """
mount --rbind /dev "$0/dev"
mount -t tmpfs none "$0/dev/shm"
mount -t proc proc "$0/proc"
root=$0 user=$1
shift
exec chroot --userspec="$user:$user" --groups="" "$root" /usr/bin/env --ignore-environment "$@"
"""
COMPLETE = """
set +e
for loader in /lib64/ld-linux-*.so.* /lib/ld-linux-*.so.*; do [ -x "$loader" ] && break; done
for file in /usr/bin/* /usr/lib/postgresql/*/bin/* /usr/lib/postgresql/*/lib/*.so /usr/lib/python3*/lib-dynload/*.so; do
    [ -e "$file" ] || continue
    case $("$loader" --list "$file" 2>&1) in
        *"cannot open shared object"*) echo "lacking $file" ;;
        *" => "* | *"statically linked"*) echo "complete $file" ;;
    esac
done
true
"""
"""One line for each program and library; for a script there is none."""


@pytest.fixture(scope="module")
def archives() -> Path:
    """The archives as machines get them."""
    return (
        ensure(catalog.load(), progress=progress_for(), root=image.ensure(progress_for())).machine_programs / "images"
    )


def _unpack(archive: Path, root: Path) -> tuple[str, ...]:
    """Unpack the layers of an image and return its environment."""
    with tarfile.open(archive) as packed:

        def blob(described: Any) -> Any:
            return packed.extractfile(f"blobs/{described['digest'].replace(':', '/')}")

        index = json.load(packed.extractfile("index.json") or pytest.fail("an archive without an index"))
        manifest = json.load(blob(index["manifests"][0]))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=blob(layer)) as files:
                files.extractall(root, filter="tar")
        return tuple(json.load(blob(manifest["config"]))["config"]["Env"])


@pytest.fixture(scope="module")
def roots() -> Iterator[Path]:
    """Where images are unpacked, each into the folder of its name; nothing is left there."""
    with tempfile.TemporaryDirectory(prefix="sophia-images-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def start(archives: Path, roots: Path) -> Callable[[str], Run]:
    """Unpacks an image; what is given runs a script in it as a user, with /data as that user's, and gives its lines."""
    return cache(partial(_unpacked, archives, roots))


def _unpacked(archives: Path, folder: Path, name: str) -> Run:
    root = folder / name
    environment = _unpack(archives / f"{name}.tar", root)
    for one in ("data", "dev", "proc", "tmp"):
        (root / one).mkdir()
        (root / one).chmod(0o1777)

    def run(user: int, script: str) -> list[str]:
        # Mounts, processes and sockets end with it, however it ends.
        apart = ("unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child")
        command = [*apart, "sh", "-euc", MOUNTED, str(root), str(user), *environment, "/bin/sh", "-euc", script]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return run


def test_postgresql_keeps_vectors_and_is_backed_up(start: Callable[[str], Run]) -> None:
    script = """
    id --user --name
    exec 3>&1 >/data/log 2>&1
    initdb --pgdata=/data/db --auth=trust --no-sync
    pg_ctl --pgdata=/data/db --options="-k /data -c listen_addresses=''" --log=/data/server.log --wait start
    ask() { psql --host=/data --no-psqlrc --quiet --tuples-only --no-align --command="$1" postgres >&3; }
    ask "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = 'postgres'"
    ask "SELECT split_part(current_setting('server_version'), '.', 1)"
    ask "CREATE EXTENSION vector"
    ask "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
    ask "CREATE TABLE kept (name text, place vector(2)); INSERT INTO kept VALUES ('up', '[0,1]'), ('right', '[1,0]')"
    ask "CREATE INDEX ON kept USING hnsw (place vector_cosine_ops)"
    ask "SELECT name, round((place <=> '[3,0]')::numeric, 3) FROM kept ORDER BY place <=> '[3,0]'"
    pg_dump --host=/data --format=custom --file=/data/dump postgres
    pg_restore --list /data/dump | grep --only-matching "TABLE public kept" >&3
    pg_basebackup --host=/data --pgdata=/data/copy --wal-method=stream --checkpoint=fast --no-sync
    pg_verifybackup /data/copy >&3
    pg_ctl --pgdata=/data/db --mode=fast --wait stop
    """
    assert start("postgresql")(999, script) == [
        "postgres",
        "C.UTF-8|UTF8",
        VERSIONS.postgresql,
        VERSIONS.pgvector,
        "right|0.000",
        "up|1.000",
        "TABLE public kept",
        "backup successfully verified",
    ]


def test_valkey_answers_and_can_speak_tls(start: Callable[[str], Run]) -> None:
    script = """
    id --user --name
    valkey-server --port 0 --unixsocket /data/socket --dir /data --save '' >/data/log &
    ask() { valkey-cli -s /data/socket "$@"; }
    until ask ping 2>/data/errors | grep PONG; do sleep 0.1; done
    ask info server | grep --only-matching "valkey_version:[0-9.]*"
    ask config get tls-port
    ask set a b
    ask save
    ask shutdown nosave
    wait
    valkey-check-rdb /data/dump.rdb | grep --only-matching "RDB looks OK"
    """
    version = f"valkey_version:{VERSIONS.valkey}"
    assert start("valkey")(999, script) == ["valkey", "PONG", version, "tls-port", "0", "OK", "OK", "RDB looks OK"]


def test_the_programs_of_backups_work(start: Callable[[str], Run]) -> None:
    script = """
    id --user
    export HOME=/data
    head --bytes=16 /dev/urandom | sha256sum > /data/random
    kept() { restic --quiet --repo /data/kept --password-file /data/random "$@"; }
    restic version | grep --only-matching "^restic [0-9]"
    kept init
    echo whole | kept backup --stdin --stdin-filename=dump
    kept check
    kept dump latest dump
    for program in pg_dump pg_restore psql pg_basebackup; do
        "$program" --version | grep --only-matching "PostgreSQL) [0-9]*"
    done
    valkey-cli --version | grep --only-matching "[0-9.]*" | head -n 1
    echo '{"a": 1}' | python3 -m json.tool --compact | jq .a
    python3 -c "import hashlib, ssl, subprocess, urllib.request as _
    print(len(ssl.create_default_context().get_ca_certs()) > 100)"
    curl --version | grep --only-matching "^curl"
    """.replace("\n    ", "\n")
    lines = start("backup")(1000, script)
    assert lines == [
        "1000",
        "restic 0",
        "whole",
        *[f"PostgreSQL) {VERSIONS.postgresql}"] * 4,
        VERSIONS.valkey,
        "1",
        "True",
        "curl",
    ]


@pytest.mark.parametrize(
    ("name", "programs"),
    [
        ("postgresql", {"postgres", "initdb", "vector.so"}),
        ("valkey", {"valkey-server", "valkey-cli"}),
        ("backup", {"restic", "pg_dump", "valkey-cli", "curl"}),
    ],
)
def test_every_program_finds_its_libraries(name: str, programs: set[str], start: Callable[[str], Run]) -> None:
    found = [line.split(" ", 1) for line in start(name)(1000, COMPLETE)]
    assert [file for what, file in found if what == "lacking"] == []
    assert {Path(file).name for _, file in found} >= programs
    assert len(found) > 50, found


def test_a_version_that_debian_does_not_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"valkey-server=1\.2\.3"):
        bootstrap(tmp_path / "root", "trixie", ("valkey-server=1.2.3+*",), "--variant=extract")
