"""The plugin's process, started by the engine."""

import gc
import sys
from pathlib import Path

# What is imported stays: looking through it for garbage takes a sixth of the start.
gc.disable()
FOLDER = Path(__file__).resolve().parent
# A plugin runs with its own folder first on the path: `providers` is not found there, and `property` must not be.
sys.path[:] = [str(FOLDER.parents[1]), *(entry for entry in sys.path if Path(entry).resolve() != FOLDER)]
# httpx would import all that its command line needs, which other packages have brought here: 0.04 s.
sys.modules["httpx._main"] = None  # type: ignore[assignment]  # how Python is told that a module is absent

from providers.kit import serve  # noqa: E402 - the path comes first
from providers.weaviate.provider import PROVIDER  # noqa: E402 - the same

if __name__ == "__main__":
    serve(PROVIDER, sys.argv[1:])
