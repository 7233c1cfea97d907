"""A root with the programs of all images of data services, and processes in it that end with the tests."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from catalog.versions import read_versions

SECONDS = 120
VERSIONS = read_versions()
PATH = f"/usr/bin:/usr/lib/postgresql/{VERSIONS.postgresql}/bin"
MOUNTED = """
mount --rbind /dev "$0/dev"
mount -t tmpfs none "$0/dev/shm"
mount -t proc proc "$0/proc"
ip link set lo up
echo ready
exec sleep infinity
"""


class Root:
    """The root, in namespaces of its own.

    Args:
        place: where it is; paths in it are short, because sockets have names in it.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.repository = "kept"
        self.canaries = {name: secrets.token_hex(16) for name in ("RESTIC_PASSWORD", "PGPASSWORD", "VALKEY_PASSWORD")}
        # However the tests end.
        dying = ("setpriv", "--pdeathsig=KILL")
        apart = (*dying, "unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child")
        self._holder = subprocess.Popen([*apart, "sh", "-euc", MOUNTED, str(place)], stdout=subprocess.PIPE, text=True)
        assert self._holder.stdout
        assert self._holder.stdout.readline() == "ready\n"
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children")
        self._within = children.read_text().split()[0]

    def close(self) -> None:
        """End all that runs in it."""
        self._holder.kill()
        self._holder.communicate()

    def start(self, script: str, *, user: int = 1000, told: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a script in it."""
        enter = ("nsenter", f"--target={self._within}", "--mount", "--pid", "--net", "--ipc")
        into = ("chroot", f"--userspec={user}:{user}", "--groups=", str(self.place))
        environment = {"PATH": PATH, "LANG": "C.UTF-8", "PYTHONPATH": "/srv", "HOME": "/data", **(told or {})}
        # What is secret is in the environment alone.
        command = [*enter, *into, "/bin/sh", "-euc", script]
        return subprocess.Popen(
            command,
            env={**environment, "PATH": f"{PATH}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: str, *, user: int = 1000, told: Mapping[str, str] | None = None) -> str:
        """Return what a script says that goes well."""
        started = self.start(script, user=user, told=told)
        out, err = started.communicate(timeout=SECONDS)
        assert started.returncode == 0, out + err
        return out

    def environment(self, **more: str) -> dict[str, str]:
        """Return what the program is told, beside what leads to a service."""
        return {
            "STACK": "dev",
            "BACKUP_RETENTION": '{"daily": 30}',
            "RESTIC_REPOSITORY": f"/data/{self.repository}",
            "RESTIC_CACHE_DIR": "/data/cache",
            **self.canaries,
            **more,
        }

    def backup(self, service: str, verb: str, **told: str) -> Mapping[str, Any]:
        """Return what the program says in its last line; no secret is in what it says."""
        return self.said(self.start(f"exec python3 -m backup {service} {verb}", told=self.environment(**told)))

    def said(self, started: subprocess.Popen[str]) -> Mapping[str, Any]:
        """Return what the program says in its last line, once it has ended."""
        out, err = started.communicate(timeout=SECONDS)
        assert not [one for one in self.canaries.values() if one in out + err]
        assert out.startswith("{"), out + err
        answer: Mapping[str, Any] = json.loads(out.splitlines()[-1])
        assert started.returncode == ("error" in answer)
        return answer


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, "it does not come to hold"
        time.sleep(0.1)
