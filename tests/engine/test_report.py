"""The page of a stack that runs: what it tells of it, and how it is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from benchmarks.checkout import Checkout
from tests.browser import chromium

pytestmark = pytest.mark.engine

READERS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}


@pytest.fixture(scope="module")
def told(dev: Checkout):
    """What is told of a dev that was looked at since it came up."""
    dev.sophia("drift", "dev")
    return dev.answer("report", "dev")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(params=READERS)
def opened(request: pytest.FixtureRequest, browser: Browser, told) -> Iterator[Page]:
    """The page as a reader sees it; whatever its own policy or code complains of fails the test."""
    context = browser.new_context(**READERS[request.param])
    shown, complaints = context.new_page(), []
    shown.on("console", lambda said: complaints.append(said.text))
    shown.goto(f"file://{told['file']}")
    yield shown
    context.close()
    assert complaints == []


def test_what_runs_is_told_and_nothing_is_left_untold(told):
    assert told["untold"] == {}
    ((machine,),) = [region["machines"] for region in told["regions"]]
    assert machine["ready"]
    runs = {place["workload"]: (place["pods"], place["ready"]) for place in machine["runs"]}
    assert runs["sophia-mcp/mcp-github"] == (1, 1)
    assert {"sophia-data/postgresql", "kube-system/coredns", "kube-system/traefik"} <= {*runs}
    assert told["drift"]["status"] == "in_sync"
    assert told["deployments"][0]["result"] == "succeeded"
    assert {row["name"] for row in told["secrets"]} >= {"LINEAR_API_KEY", "FINGERPRINT_KEY"}
    assert "locked-out" in {row["file"] for row in told["runbooks"]}
    assert Path(told["file"]).stat().st_size < 1_000_000


def test_it_can_be_read_by_everybody(opened):
    opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(opened).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    width, room = opened.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= room, "nobody scrolls sideways but within a table"


def test_it_is_used_by_the_keyboard_alone(opened):
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "To the summary"
    opened.keyboard.press("Enter")
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.getAttribute('href')") == "#topology"
    opened.locator("#runbook-locked-out summary").focus()
    opened.keyboard.press("Enter")
    assert opened.get_by_text("Who is locked out?").is_visible()
