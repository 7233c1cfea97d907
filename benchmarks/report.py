"""What it takes to read the page of ``report``: ``python -m benchmarks.report FILE``, of a page that is there.

- Its bytes, and the first contentful paint of headless Chromium (Paint Timing, W3C), the middle of several loads, each
  in a context of its own so that nothing is kept from the one before.
"""

import statistics
import sys
from pathlib import Path

from playwright.sync_api import Browser

from benchmarks.samples import Row, show
from tests.browser import chromium

ROUNDS = 9
MOST_BYTES, MOST_SECONDS = 1_000_000, 1.0
_PAINTED = """() => new Promise(told => new PerformanceObserver(list => told(list.getEntries()[0].startTime))
.observe({type: "paint", buffered: true}))"""


def measure(file: Path) -> list[Row]:
    """Return the rows of a page.

    Args:
        file: the page.
    """
    size = file.stat().st_size
    with chromium() as browser:
        paint = statistics.median(_painted(browser, file) for _ in range(ROUNDS))
    return [
        Row("bytes of the page", f"{size:,}", f"under {MOST_BYTES:,}", size < MOST_BYTES),
        Row("first contentful paint", f"{paint:.2f} s", f"under {MOST_SECONDS:.0f} s", paint < MOST_SECONDS),
    ]


def _painted(browser: Browser, file: Path) -> float:
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.absolute().as_uri())
    milliseconds = float(page.evaluate(_PAINTED))
    context.close()
    return milliseconds / 1000


if __name__ == "__main__":
    show("Page of report", measure(Path(sys.argv[1])))
