"""Takes the pictures in docs/images of a report: ``python -m tests.pictures REPORT.html``."""

import sys
from pathlib import Path
from typing import Any, Final

from render import ROOT
from tests.browser import chromium

_READERS: Final[dict[str, dict[str, Any]]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 860}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 860}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
}


def main(page: Path) -> None:
    """Write one picture for each reader.

    Args:
        page: the report.
    """
    with chromium() as browser:
        for name, reader in _READERS.items():
            context = browser.new_context(**reader)
            shown = context.new_page()
            shown.goto(page.absolute().as_uri())
            shown.screenshot(path=ROOT / f"docs/images/report-{name}.png")
            context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
