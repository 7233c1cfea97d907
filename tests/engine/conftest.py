import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Checkout:
    """A copy of this checkout with a home of its own, so that a test may edit files and share nothing."""

    root: Path
    home: Path

    def sophia(self, *words: str, check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(self.root / "sophia"), *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if check:
            assert done.returncode == 0, f"sophia {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def answer(self, *words: str, code: int = 0) -> Mapping[str, Any]:
        done = self.sophia(*words, "--json", check=False)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        document: Mapping[str, Any] = json.loads(done.stdout)
        return document

    def by_hand(self, stack: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program as a person would after `eval "$(./sophia env STACK)"`."""
        script = f'eval "$(./sophia env {stack})"; exec "$@"'
        return subprocess.run(
            ["bash", "-euc", script, "bash", *words],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=check,
            timeout=300,
        )

    def kubectl(self, stack: str, *words: str) -> str:
        return self.by_hand(stack, "kubectl", *words).stdout

    def objects(self, stack: str, *words: str) -> Sequence[Mapping[str, Any]]:
        items: Sequence[Mapping[str, Any]] = json.loads(self.kubectl(stack, "get", *words, "-o", "json"))["items"]
        return items

    def environment(self) -> dict[str, str]:
        return {**os.environ, "SOPHIA_HOME": str(self.home)}


def copied(folder: Path) -> Checkout:
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(words, cwd=ROOT, capture_output=True, check=True)
    for name in tracked.stdout.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file() and not name.startswith(("tests/", "docs/")):
            target = folder / "checkout" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    (folder / "checkout/.venv").symlink_to(ROOT / ".venv")
    return Checkout(folder / "checkout", folder / "home")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout without a running stack; whatever a test brings up is ended."""
    made = copied(tmp_path_factory.mktemp("lane"))
    try:
        yield made
    finally:
        made.sophia("down", "--all")


@pytest.fixture(scope="module")
def dev(checkout: Checkout) -> Checkout:
    """A checkout whose dev stack is up."""
    checkout.sophia("up", "dev")
    return checkout
