"""The programs of ours: their own tests, in Go, with the flags that they are built with, so that little is compiled."""

import os
import subprocess
from pathlib import Path

import pytest

from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.go import environment

pytestmark = pytest.mark.engine

TOOLS = Path(__file__).parents[2] / "tools"


def _tested() -> dict[str, list[str]]:
    """The packages with tests, by module; others may need files that only a build puts beside them."""
    found: dict[str, set[str]] = {}
    for path in TOOLS.rglob("*_test.go"):
        tool, *folders = path.parent.relative_to(TOOLS).parts
        found.setdefault(tool, set()).add("/".join((".", *folders)))
    return {tool: sorted(found[tool]) for tool in sorted(found)}


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("tool", "packages"), _tested().items())
def test_a_program_of_ours_passes_its_own_tests(go: Path, edges: Edges, tool: str, packages: list[str]) -> None:
    variables = {**os.environ, **environment(edges)}
    command = [str(go), "test", "-trimpath", *packages]
    done = subprocess.run(command, cwd=TOOLS / tool, env=variables, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_program_of_ours_is_formatted(go: Path) -> None:
    done = subprocess.run([go.parent / "gofmt", "-l", TOOLS], capture_output=True, check=True, text=True)
    assert done.stdout == ""
