"""A copy of this checkout with a home of its own, driven as a person drives it: by ``./sophia`` and by hand."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

_RUNBOOKS = "docs/runbooks/"
"""Pages that a report holds; nothing else of the documents, and no test, is part of what runs."""


@dataclass(frozen=True)
class Checkout:
    """A copy of this checkout with a home of its own, so that files may be edited and nothing is shared."""

    root: Path
    """The copy."""
    home: Path
    """Where its rehearsals live."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables of its environment."""
    _shells: dict[str, Mapping[str, str]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """By stack, what a shell for kubectl was told: where it is, and where its credentials are written, stays."""

    def sophia(self, *words: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a verb and return what it printed.

        Raises:
            RuntimeError: it failed, and ``check`` is set.
        """
        done = subprocess.run(
            [str(self.root / "sophia"), *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if check:
            _require(done, 0)
        return done

    def answer(self, *words: str, code: int = 0) -> Mapping[str, Any]:
        """Run a verb with ``--json`` and return its answer.

        Raises:
            RuntimeError: it left with another exit code than ``code``.
        """
        done = self.sophia(*words, "--json", check=False)
        _require(done, code)
        document: Mapping[str, Any] = json.loads(done.stdout)
        return document

    def commit(self, message: str) -> str:
        """Commit what is edited, if anything is, and return the commit."""
        _git(self.root, "commit", "--quiet", "--all", "--allow-empty", f"--message={message}")
        return self._run(self.environment(), "git", "rev-parse", "HEAD").strip()

    def by_hand(self, stack: str, *words: str) -> str:
        """Run a program as a person would after ``eval "$(./sophia env STACK)"``, and return what it printed.

        Raises:
            RuntimeError: it failed.
        """
        return self._run(self.engine_environment(stack), *words)

    def kubectl(self, stack: str, *words: str) -> str:
        """Run kubectl on the stack's cluster and return what it printed."""
        if stack not in self._shells:
            self._shells[stack] = self.engine_environment(stack)
        return self._run(self._shells[stack], "kubectl", *words)

    def _run(self, environment: Mapping[str, str], *words: str) -> str:
        done = subprocess.run(words, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        _require(done, 0)
        return done.stdout

    def objects(self, stack: str, *words: str) -> Sequence[Mapping[str, Any]]:
        """Return the objects that ``kubectl get`` finds."""
        items: Sequence[Mapping[str, Any]] = json.loads(self.kubectl(stack, "get", *words, "-o", "json"))["items"]
        return items

    def environment(self) -> dict[str, str]:
        """Return the environment of ``./sophia``."""
        return {**os.environ, "SOPHIA_HOME": str(self.home), **self.settings}

    def engine_environment(self, stack: str) -> dict[str, str]:
        """Return the environment that ``./sophia env`` sets in a shell."""
        script = 'eval "$(./sophia env "$0")"; env -0'
        words = ["bash", "-euc", script, stack]
        done = subprocess.run(words, cwd=self.root, env=self.environment(), capture_output=True, text=True, check=False)
        _require(done, 0)
        return dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)


def copied(folder: Path, **settings: str) -> Checkout:
    """Return a copy of this checkout, as it is now, with one commit; the virtual environment is shared.

    Args:
        folder: where it is copied to.
        settings: variables of its environment.
    """
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        source, target = ROOT / name, folder / "checkout" / name
        if source.is_file() and (name.startswith(_RUNBOOKS) or not name.startswith(("tests/", "docs/"))):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for step in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message=As it is")):
        _git(folder / "checkout", *step)
    (folder / "checkout/.venv").symlink_to(ROOT / ".venv")
    return Checkout(folder / "checkout", folder / "home", settings)


@contextmanager
def temporary(**settings: str) -> Iterator[Checkout]:
    """Give a copy that is gone afterwards, with whatever was brought up in it.

    Args:
        settings: variables of its environment.
    """
    with tempfile.TemporaryDirectory(prefix="sophia-bench-") as folder:
        made = copied(Path(folder), **settings)
        try:
            yield made
        finally:
            made.sophia("down", "--all")


def _git(folder: Path, *words: str) -> None:
    """Run git as nobody in particular."""
    person = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", *person, *words], cwd=folder, env=environment, check=True)


def _require(done: subprocess.CompletedProcess[str], code: int) -> None:
    if done.returncode != code:
        msg = f"{done.args}: exit code {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
        raise RuntimeError(msg)
