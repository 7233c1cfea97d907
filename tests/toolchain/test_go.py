"""The programs of ours: their own tests, in Go, with the flags that they are built with, so that little is compiled."""

import os
import subprocess
from pathlib import Path

import pytest

from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.go import environment

pytestmark = pytest.mark.engine

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("tool", "packages"),
    [
        ("pod", "./..."),
        ("nvidia-device-plugin", "."),
        ("kubernetes", "./node"),
        ("mcp-gateway", "."),
        ("egress-proxy", "."),
    ],
)
def test_a_program_of_ours_passes_its_own_tests(go: Path, edges: Edges, tool: str, packages: str) -> None:
    variables = {**os.environ, **environment(edges)}
    command = [str(go), "test", "-trimpath", packages]
    done = subprocess.run(command, cwd=TOOLS / tool, env=variables, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_program_of_ours_is_formatted(go: Path) -> None:
    done = subprocess.run([go.parent / "gofmt", "-l", TOOLS], capture_output=True, check=True, text=True)
    assert done.stdout == ""
