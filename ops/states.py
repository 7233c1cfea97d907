"""What the engine keeps of a stack: its resources, what it tells, its updates."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.error import StateError
from rehearsal.home import PROJECT
from rehearsal.state import State
from render import ROOT

_INSTANCE = "lambda-cloud:index:Instance"
_NO_SUCH_STACK = 6
"""The CLI's exit code for a stack that does not exist (declared stable since 3.227)."""
_EXPORT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the state of one stack holds."""

    instances: Mapping[str, str]
    """Logical names of its machines by id."""
    resources: int
    """How many resources there are, of every kind."""
    asleep: bool = False
    """Whether the stack was put to sleep."""


def of_rehearsal(state: State) -> Recorded | None:
    """Return what the state of a stack's rehearsal holds; None without a stack.

    Args:
        state: the state.

    Raises:
        RehearsalError: it cannot be read.
    """
    return _recorded(state.resources()) if state.kept.exists() else None


def exported(stack: str, environment: Mapping[str, str]) -> Recorded | None:
    """Return what the state of a stack holds in the backend that the caller is logged in to; None without a stack.

    Args:
        stack: name of the stack.
        environment: of the CLI, with a login.

    Raises:
        StateError: the CLI cannot give it.
    """
    found = resources(stack, environment)
    return None if found is None else _recorded(found)


def resources(stack: str, environment: Mapping[str, str]) -> Sequence[Mapping[str, Any]] | None:
    """Return the resources of a stack's state in the backend that the caller is logged in to; None without a stack.

    Args:
        stack: name of the stack.
        environment: of the CLI, with a login.

    Raises:
        StateError: the CLI cannot give it.
    """
    done = _pulumi(stack, environment, "stack", "export")
    if done.returncode == _NO_SUCH_STACK:
        return None
    return json.loads(_told(stack, done))["deployment"].get("resources") or ()


def output(stack: str, environment: Mapping[str, str], name: str) -> str:
    """Return what a stack tells under a name, a secret too: it is in plain, and never to be written down.

    Args:
        stack: name of the stack.
        environment: of the CLI, with a login.
        name: the output's.

    Raises:
        StateError: it tells nothing of that name, or the CLI cannot give it.
    """
    done = _pulumi(stack, environment, "stack", "output", name, "--show-secrets")
    if done.returncode:
        # What the CLI says names the output and the stack, and no value.
        msg = f"{stack} tells no {name}: {done.stderr.strip()}; `./sophia up {stack}` makes it"
        raise StateError(msg)
    return done.stdout


def configured(stack: str, environment: Mapping[str, str], name: str) -> Any:
    """Return what a stack is configured with under a name of the project, with what its environment gives; or None.

    Args:
        stack: name of the stack.
        environment: of the CLI, with a login.
        name: the key, without the project.

    Raises:
        StateError: the CLI cannot give it.
    """
    done = _pulumi(stack, environment, "config", "--json")
    return json.loads(_told(stack, done)).get(f"{PROJECT}:{name}", {}).get("objectValue")


def in_plain(stack: str, environment: Mapping[str, str]) -> str:
    """Return a stack's state with its secrets in plain: to be looked at, and never to be written down.

    Args:
        stack: name of the stack.
        environment: of the CLI, with a login.

    Raises:
        StateError: the CLI cannot give it.
    """
    return _told(stack, _pulumi(stack, environment, "stack", "export", "--show-secrets"))


def history(stack: str, environment: Mapping[str, str], most: int) -> Sequence[Mapping[str, Any]]:
    """Return the last updates of a stack as the CLI tells them, the newest first; none without a stack.

    Args:
        stack: name of the stack.
        environment: of the CLI, with a login.
        most: so many at most.

    Raises:
        StateError: the CLI cannot give it.
    """
    done = _pulumi(stack, environment, "stack", "history", "--json", "--page-size", str(most))
    return json.loads(_told(stack, done)) if done.returncode != _NO_SUCH_STACK else ()


def version(stack: str, environment: Mapping[str, str]) -> int:
    """Return the number of a stack's last update, which moves with its state; 0 before the first.

    Args:
        stack: name of the stack.
        environment: of the CLI, with a login.

    Raises:
        StateError: the CLI cannot give it.
    """
    return max((int(one["version"]) for one in history(stack, environment, 1)), default=0)


def _pulumi(stack: str, environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = ["pulumi", *words, "--stack", stack, "--non-interactive"]
    try:
        return subprocess.run(
            command,
            cwd=ROOT,
            env={**environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_EXPORT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        msg = f"the state of {stack} was not given within {_EXPORT_SECONDS} s; look at the backend, and try again"
        raise StateError(msg) from None


def _told(stack: str, done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        msg = f"the state of {stack} cannot be read: {done.stderr.strip()}; `pulumi login`, and try again"
        raise StateError(msg)
    return done.stdout


def _recorded(resources: Iterable[Mapping[str, Any]]) -> Recorded:
    found = list(resources)
    machines = [resource for resource in found if resource["type"] == _INSTANCE and resource.get("id")]
    return Recorded({machine["id"]: machine["urn"].rsplit("::", 1)[-1] for machine in machines}, len(found))
