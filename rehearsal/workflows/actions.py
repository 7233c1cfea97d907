"""What common actions do, as far as a run here needs it: a checkout, artefacts that jobs hand on."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rehearsal.workflows.workflow import WorkflowError

Words = Mapping[str, str]
"""What an action is given."""

_BUILT_FROM: Final = ("requirements.txt", "pyproject.toml")
"""Files by which make knows whether the virtual environment is old."""


class Skipped(Exception):  # noqa: N818 - it is no error: the action is told, and not done
    """An action is not carried out here; the message says what it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a job works, and with what."""

    workspace: Path
    """Its folder, empty before a checkout."""
    source: Path
    """The checkout that commits come from."""
    artefacts: Path
    """What jobs of a run hand on, by name."""
    commit: str
    """What is checked out."""
    permissions: Mapping[str, str]
    """What its token may do."""


def _known(words: Words, *names: str) -> None:
    if other := sorted({*words} - {*names}):
        msg = f"{', '.join(other)}: no input of this action that is evaluated here; known are {', '.join(names)}"
        raise WorkflowError(msg)


def _checkout(place: Place, words: Words) -> str:
    """Fetch as much of the history as is asked for, as `actions/checkout` does."""
    _known(words, "persist-credentials", "fetch-depth")
    depth = words.get("fetch-depth", "1")
    how_far = [] if depth == "0" else [f"--depth={depth}"]
    # A commit is asked for that may be the end of no branch.
    allowed = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
        "GIT_CONFIG_VALUE_0": "true",
    }
    url, environment = place.source.absolute().as_uri(), {**os.environ, **allowed}
    for step in (
        ("init", "--quiet"),
        ("fetch", "--quiet", *how_far, url, place.commit),
        ("checkout", "--quiet", "--detach", "FETCH_HEAD"),
    ):
        done = subprocess.run(
            ["git", *step],
            cwd=place.workspace,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise OSError(done.stderr.strip())
    # The packages are those of this checkout: what else would be proven takes minutes, and is proven by set-up.
    if (place.source / ".venv").exists():
        (place.workspace / ".venv").symlink_to(place.source.absolute() / ".venv")
        for name in _BUILT_FROM:
            if (file := place.workspace / name).exists():
                os.utime(file, (0, 0))
    return f"{place.commit}, depth {depth}"


def _upload(place: Place, words: Words) -> str:
    _known(words, "name", "path", "if-no-files-found", "retention-days")
    file = place.workspace / words["path"]
    if not file.exists():
        if words.get("if-no-files-found") == "error":
            msg = f"{words['path']}: no such file"
            raise OSError(msg)
        return "no files were found"
    target = place.artefacts / words["name"]
    target.mkdir(parents=True, exist_ok=True)
    if file.is_dir():
        # What is in a folder goes without its name, and without what is hidden (v4.4 on).
        shutil.copytree(file, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
    else:
        shutil.copy(file, target / file.name)
    return f"{words['name']}: {file.name}"


def _download(place: Place, words: Words) -> str:
    """Fetch one artefact by its name, or each of a pattern into a folder of its own name."""
    _known(words, "name", "pattern", "path")
    target = place.workspace / words.get("path", ".")
    if "pattern" in words:
        found = {one: target / one.name for one in sorted(place.artefacts.glob(words["pattern"]))}
    else:
        found = {place.artefacts / words["name"]: target}
    for source, into in found.items():
        if not source.is_dir():
            msg = f"Artifact not found for name: {source.name}"
            raise FileNotFoundError(msg)
        shutil.copytree(source, into, dirs_exist_ok=True)
    return ", ".join(sorted(file.name for source in found for file in source.iterdir())) or "no artefacts were found"


def _signed_in(place: Place, words: Words) -> str:
    """Refuse a job that could not ask for a token of Pulumi Cloud, which nobody asks for here."""
    if place.permissions.get("id-token") != "write":
        msg = "the job has no `id-token: write`, and so no token to exchange"
        raise OSError(msg)
    raise Skipped(", ".join(f"{name}: {value}" for name, value in words.items()))


ACTIONS: Final[Mapping[str, Callable[[Place, Words], str]]] = {
    "actions/checkout": _checkout,
    "actions/upload-artifact": _upload,
    "actions/download-artifact": _download,
    "pulumi/auth-actions": _signed_in,
    "pulumi/esc-action": _signed_in,
}
"""Those that are carried out, or looked at; every other one is told, and not done."""
