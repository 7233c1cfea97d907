"""``rollback``: workloads as an earlier commit declares them, by that commit's own program; nothing else is touched.

Data, machines and names stay as they are: what a later commit made of them has no way back that loses nothing.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from ops.answers import FOLDER
from ops.commit import DIRTY, git, of_update, resolved
from ops.deployment import Target, folder_of
from ops.error import InputError
from ops.results import UpResult
from rehearsal.home import private
from render import ROOT

PARTS: Final = ("sophia:mcp:McpFleet", "sophia:gateway:Gateway")
"""Types of the components that go back: MCP servers, and what leads to them."""

_PINS: Final = "requirements.txt"
_CHECKOUT: Final = "rollback"
"""The folder of a stack that holds the commit."""


def last_good(history: Sequence[Mapping[str, Any]]) -> str:
    """Return the commit of the last update that succeeded before the one that is in force.

    Args:
        history: updates of the stack as the engine tells them, the newest first.

    Raises:
        InputError: there is none that git could check out.
    """
    updates = [(of_update(one), one["result"]) for one in history if one["kind"] == "update"]
    for commit, result in updates[1:]:
        # Of edited files there is no commit: nobody has those any more.
        if result == "succeeded" and commit not in {"", updates[0][0]} and not commit.endswith(DIRTY):
            return commit
    msg = "no earlier commit was brought up as it is committed; name one that was good: --to COMMIT"
    raise InputError(msg)


def rolled_back(stack: str, target: Target, commit: str) -> UpResult:
    """Bring the workloads of a stack to what a commit declares, and return what runs then.

    The commit stays checked out until the next return: a rehearsal's plugins are read from where `up` ran last.

    Args:
        stack: name of the stack.
        target: where it is.
        commit: any name of a commit that git knows.

    Raises:
        InputError: there is no such commit, or its program needs other packages than are here.
    """
    folder = _checked_out(commit, folder_of(stack, target) / _CHECKOUT)
    words = ["up", stack, "--target", target.value, "--only", "workloads", "--yes", "--json"]
    # Its answer is a part of this one.
    environment = {name: value for name, value in os.environ.items() if name != FOLDER}
    done = subprocess.run(
        [folder / "sophia", *words], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    try:
        return UpResult.model_validate_json(done.stdout)
    except ValidationError:
        why = f"the program of {commit} ended with code {done.returncode}; what it said stands above"
        return UpResult(stack=stack, errors=(why,))


def _checked_out(commit: str, folder: Path) -> Path:
    """Fill a folder with a commit, which shares the packages of this checkout, and return the folder."""
    found = resolved(commit, "--to", folder=ROOT)
    if git("show", f"{found}:{_PINS}", folder=ROOT).stdout != (ROOT / _PINS).read_text(encoding="utf-8"):
        msg = (
            f"--to {commit}: its {_PINS} is another, so its program would run with packages that it was not tested "
            "with; check it out, and run `make venv` and `./sophia up --only workloads` there"
        )
        raise InputError(msg)
    shutil.rmtree(folder, ignore_errors=True)
    private(folder.parent)
    _require(git("clone", "--quiet", "--shared", "--no-checkout", str(ROOT), folder.name, folder=folder.parent))
    _require(git("checkout", "--quiet", "--detach", found, folder=folder))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def _require(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        msg = f"{' '.join(done.args)}: {done.stderr.strip()}"
        raise InputError(msg)
