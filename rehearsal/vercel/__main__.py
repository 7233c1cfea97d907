"""The plugin's process, started by the engine."""

import gc
import sys
from pathlib import Path

# What is imported stays: looking through it for garbage takes a sixth of the start.
gc.disable()
FOLDER = Path(__file__).resolve().parent
# Its own folder comes first on the path, and has modules of common names.
sys.path[:] = [str(FOLDER.parents[1]), *(entry for entry in sys.path if Path(entry).resolve() != FOLDER)]

from providers.kit import serve  # noqa: E402 - the path comes first
from rehearsal.vercel.provider import PROVIDER  # noqa: E402 - the same

if __name__ == "__main__":
    serve(PROVIDER, sys.argv[1:])
