"""The plugin of the sample provider."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from providers.kit import serve
from tests.kit.sample.provider import PROVIDER

if __name__ == "__main__":
    serve(PROVIDER, sys.argv[1:])
