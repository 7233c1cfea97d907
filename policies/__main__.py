"""The policy pack's process, started by the engine: `pulumi preview --policy-pack policies`."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# A pack runs with its own folder first on the path: `policies` is not found there, and `rules` must not be.
sys.path[:] = [str(FOLDER.parent), *(entry for entry in sys.path if Path(entry).resolve() != FOLDER)]

from catalog import CatalogError  # noqa: E402 - the path comes first
from policies.rules import RULES  # noqa: E402 - the same
from policies.servicer import serve  # noqa: E402 - the same

if __name__ == "__main__":
    try:
        serve(RULES)
    except CatalogError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(0)
