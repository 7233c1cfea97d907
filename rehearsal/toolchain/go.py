"""The Go that builds tools: finding one that is new enough, running it, and ending it when set-up ends."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.tool import ToolError

_RUNNING = "go-process.json"
_GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Go:
    """An installed Go that is new enough."""

    program: Path
    release: str
    build_cache: Path
    module_cache: Path


def environment(edges: Edges) -> dict[str, str]:
    """The variables that Go runs with: this machine's own, and those that make a build the same everywhere.

    The checksum database does not know every pinned pseudo-version, so it is not asked; the committed go.sum pins
    every hash instead.

    Args:
        edges: the machine.
    """
    return {
        **edges.environment,
        "CGO_ENABLED": "0",
        "GOARCH": edges.platform.architecture,
        "GOFLAGS": "-buildvcs=false",
        "GOOS": edges.platform.os,
        "GOSUMDB": "off",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def candidates(edges: Edges) -> Iterator[Go]:
    """Every Go on the search path that answers, in order.

    Args:
        edges: the machine.
    """
    for folder in dict.fromkeys(edges.search_path.split(os.pathsep)):
        program = shutil.which("go", path=folder) if folder else None
        if program is None:
            continue
        command = [program, "env", "-json", "GOVERSION", "GOCACHE", "GOMODCACHE"]
        with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError, KeyError):
            answer = subprocess.run(command, env=environment(edges), capture_output=True, check=True, timeout=30)
            told = json.loads(answer.stdout)
            yield Go(Path(program), told["GOVERSION"], Path(told["GOCACHE"]), Path(told["GOMODCACHE"]))


def new_enough(go: Go, wanted: str) -> bool:
    """Whether a Go is at least the wanted release; one without a number, such as ``devel``, is not.

    Args:
        go: the installed Go.
        wanted: the oldest release that will do, such as 1.26.
    """
    numbers = re.match(r"go(\d+)\.(\d+)", go.release)
    major, minor = wanted.split(".")
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= (int(major), int(minor))


def require_go(edges: Edges, purpose: str) -> Go:
    """A Go that is new enough.

    Args:
        edges: the machine.
        purpose: what it is needed for, as a sentence's subject.

    Raises:
        ToolError: there is none.
    """
    found = []
    for go in candidates(edges):
        if new_enough(go, edges.go):
            return go
        found.append(f"{go.program} is {go.release}")
    there = "; ".join(found) or "none is installed"
    problem = f"Go {edges.go} or newer is needed to build {purpose}, and {there}"
    raise ToolError(problem, f"install it with `{install_command(edges)}` and run `./sophia setup` again")


def install_command(edges: Edges) -> str:
    """The command that installs Go, as https://go.dev/doc/install gives it for Linux.

    Args:
        edges: the machine.
    """
    archive = f"https://go.dev/dl/go{edges.go}.0.{edges.platform.os}-{edges.platform.architecture}.tar.gz"
    return f"sudo rm -rf /usr/local/go && curl -fsSL {archive} | sudo tar -C /usr/local -xz"


def run(command: list[str], *, cwd: Path, variables: Mapping[str, str], log: Path, record: Path) -> int:
    """The exit code of a command that ran to its end.

    It has a process group of its own, which ends with this call whatever ends it; a record of it lets the next
    set-up end what a killed one left running.

    Args:
        command: the program and its arguments.
        cwd: where it runs.
        variables: its environment.
        log: the file that takes its output.
        record: the folder that keeps the record while it runs.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            born = psutil.Process(process.pid).create_time()
            (record / _RUNNING).write_text(json.dumps({"pid": process.pid, "born": born}), encoding="utf-8")
            return process.wait()
        finally:
            if process.poll() is None:
                _end_group(process.pid)
                process.wait()
            (record / _RUNNING).unlink(missing_ok=True)


def end_leftover(record: Path) -> bool:
    """Whether a killed set-up had left a command running; it is ended.

    Args:
        record: the folder that kept the record.
    """
    try:
        told = json.loads((record / _RUNNING).read_text(encoding="utf-8"))
        process = psutil.Process(told["pid"])
        same = bool(process.create_time() == told["born"])
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return False
    if same:
        _end_group(process.pid)
    return same


def _end_group(leader: int) -> None:
    """The process group is gone: asked first, forced when it does not listen."""
    members = [process for process in psutil.process_iter() if _group(process.pid) == leader]
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, signal_number)
        _, members = psutil.wait_procs(members, timeout=_GRACE_SECONDS)
        if not members:
            return


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
