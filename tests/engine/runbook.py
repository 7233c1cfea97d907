"""Runbooks as programs: every block that a page marks as shell is run as it stands, in a checkout."""

import re
import subprocess
from pathlib import Path

RUNBOOKS = Path(__file__).resolve().parents[2] / "docs/runbooks"


def followed(checkout, page: str) -> list[tuple[str, str]]:
    """Run the blocks of a page in their order, and return each with what it printed.

    Args:
        checkout: where they are run.
        page: the page's name.
    """
    text = (RUNBOOKS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks, f"{page} shows nothing that could be run"
    told = []
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euc", block],
            cwd=checkout.root,
            env=checkout.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, f"{page}:\n{block}\n{done.stdout}\n{done.stderr}"
        told.append((block, done.stdout))
    return told
