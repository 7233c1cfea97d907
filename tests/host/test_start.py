"""A preview without changes does not pay for what only connections need."""

import subprocess
import sys
from pathlib import Path


def test_the_provider_starts_without_the_ssh_library():
    text = "import sys, providers.host.provider; print(sorted({'asyncssh', 'cryptography'} & sys.modules.keys()))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", text], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
