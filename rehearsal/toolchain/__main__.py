"""Every tool is at hand: ``python -m rehearsal.toolchain``."""

import signal
import sys
from types import FrameType

from catalog.offence import CatalogError
from catalog.versions import read_versions
from rehearsal.toolchain import ToolError, ensure, progress_for

_FAILED, _BAD_INPUT, _INTERRUPTED = 1, 2, 130


def main() -> int:
    """The exit code: 0 when every tool is there, 1 when one cannot be had, 2 for a broken catalog file."""
    progress = progress_for()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        toolchain = ensure(read_versions(), progress=progress)
    except CatalogError as error:
        progress.line(str(error))
        return _BAD_INPUT
    except ToolError as error:
        progress.line(str(error))
        return _FAILED
    except KeyboardInterrupt:
        progress.line("Interrupted; nothing half-made is left, and the next run goes on from here")
        return _INTERRUPTED
    progress.line(f"The tool chain is ready: {toolchain.bin}")
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Ended by a signal as by Ctrl-C: what was started is ended too."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
