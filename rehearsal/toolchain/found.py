"""Programs that are already on PATH, taken when they are exactly the pinned version."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.tool import Probe, Tool

_ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Found:
    """A tool as a folder on PATH has it."""

    folder: Path
    version: str
    """What its programs answered; several answers stand side by side when they differ."""


def ask(probe: Probe, file: Path) -> str | None:
    """The version that a program tells, or None when it tells none.

    Args:
        probe: the question.
        file: the program, which may have any file name.
    """
    with tempfile.TemporaryDirectory() as home:  # the Pulumi CLI writes a log file even for `version`
        environment = {**os.environ, "PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        try:
            done = subprocess.run(
                [probe.program, *probe.arguments],
                executable=file,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_ANSWER_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    answer = re.search(probe.pattern, (done.stdout + done.stderr).decode(errors="replace"), re.MULTILINE)
    return answer[1] if answer else None


def wrong_answers(tool: Tool, version: str, folder: Path, shared: str = "") -> list[str]:
    """What the programs in a folder say that is not the version, one text per program.

    Args:
        tool: the tool.
        version: the version that every program must answer.
        folder: where the programs are.
        shared: the file behind every program that has none of its own name.
    """
    wrong = []
    for probe in tool.probes:
        if probe.program in tool.programs:
            own = folder / probe.program
            answer = ask(probe, own if own.exists() or not shared else folder / shared)
            if answer != version:
                wrong.append(f"{probe.program} answers {answer or 'no version'}")
    return wrong


def on_path(tool: Tool, edges: Edges) -> Iterator[Found]:
    """Every folder on PATH that has all programs of a tool, with the version they tell.

    Args:
        tool: the tool; one of our own, or without programs or probes, is never taken from PATH.
        edges: the machine.
    """
    if tool.own or not tool.programs or not tool.probes:
        return
    folders = [Path(folder) for folder in edges.search_path.split(os.pathsep) if folder]
    wanted = {*tool.programs, *(probe.program for probe in tool.probes)}
    seen: set[Path] = set()
    for folder in folders:
        files = {name: shutil.which(name, path=str(folder)) for name in wanted}
        if all(files.values()) and folder.resolve() not in seen:
            seen.add(folder.resolve())
            answers = [ask(probe, folder / probe.program) or "no version" for probe in tool.probes]
            yield Found(folder, " and ".join(dict.fromkeys(answers)))


def copy_found(tool: Tool, found: Found, staging: Path) -> None:
    """The staging folder has the tool's programs as they are on PATH, each a file of its own.

    They are copied, so that a later upgrade on PATH cannot change what the cache holds.

    Args:
        tool: the tool.
        found: where they are.
        staging: where they go.
    """
    for name in tool.programs:
        shutil.copyfile(found.folder / name, staging / name)
        (staging / name).chmod(0o755)
