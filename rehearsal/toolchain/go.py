"""The Go that builds tools: finding one that is new enough, running it, and ending it when set-up ends."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from rehearsal import marked
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.tool import ToolError

_MARK = "SOPHIA_BUILD"
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
        wanted: the oldest release that will do, such as 1.26.3.
    """
    numbers = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", go.release)
    return numbers is not None and [int(one or 0) for one in numbers.groups()] >= [*map(int, wanted.split("."))]


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
    archive = f"https://go.dev/dl/go{edges.go}.{edges.platform.os}-{edges.platform.architecture}.tar.gz"
    return f"sudo rm -rf /usr/local/go && curl -fsSL {archive} | sudo tar -C /usr/local -xz"


def run(command: list[str], *, cwd: Path, variables: Mapping[str, str], log: Path, mark: Path) -> int:
    """The exit code of a command that ran to its end.

    It and all it starts end with this call, whatever ends it. They carry a mark in their environment, by which the next
    set-up finds what a killed one left running: a record written after the start could come too late.

    Args:
        command: the program and its arguments.
        cwd: where it runs.
        variables: its environment.
        log: the file that takes its output.
        mark: the folder it works for, which no other run has.
    """
    process = None
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**variables, _MARK: str(mark)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            return process.wait()
        finally:
            # It may run already when its start is interrupted.
            if process is None or process.poll() is None:
                end_marked(mark)
            if process:
                process.wait()


def end_marked(mark: Path) -> bool:
    """Whether processes carried the mark; they are gone: asked first, forced when they do not listen.

    Args:
        mark: the folder they worked for.
    """
    left = _marked(mark)
    marked.end(left, patience=_GRACE_SECONDS)
    marked.end(_marked(mark), patience=_GRACE_SECONDS)  # what they started while they were ended
    return bool(left)


def _marked(mark: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if marked.mark_of(process, _MARK) == str(mark)]
