"""Which commit this checkout is."""

import subprocess
from typing import Final

from render import ROOT

DIRTY: Final = "-dirty"
"""What is said of a checkout beside its commit, where files were edited."""


def head() -> str:
    """Return the commit of this checkout, marked where files of it were edited; empty outside of a repository."""
    told = [
        subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
    ]
    commit, edited = (one.stdout.strip() for one in told)
    return f"{commit}{DIRTY if edited else ''}" if commit and not told[0].returncode else ""
