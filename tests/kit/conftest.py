"""The sample provider in its own process, and the provider of the kit's page."""

import asyncio
import json
import re
import secrets
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from providers.kit.testing import Plugin, Secret

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests/kit/sample"


@pytest.fixture(scope="session")
def process():
    """The sample provider's process, shared by the tests of one worker."""
    with Plugin(SAMPLE) as plugin:
        yield plugin


@pytest.fixture
def store(tmp_path):
    """The file the boxes are in."""
    return tmp_path / "store.json"


@pytest.fixture
def settings(store):
    """The sample provider's configuration."""
    return {"store": str(store), "apiKey": Secret(secrets.token_hex(8)), "fingerprintKey": Secret(secrets.token_hex(8))}


@pytest.fixture
def plugin(process, settings):
    """The sample provider, configured with a store of its own."""
    process.configure(settings)
    return process


@pytest.fixture
def boxes(store):
    """Gives the boxes there are."""
    return lambda: json.loads(store.read_text())["boxes"] if store.is_file() else {}


@pytest.fixture
def calls(store):
    """Gives the calls that changed something."""
    return lambda: json.loads(store.read_text())["calls"] if store.is_file() else []


@pytest.fixture
def canary():
    """A secret nobody else has."""
    return f"canary-{secrets.token_hex(8)}"


@pytest.fixture
def example():
    """The provider of the kit's page, as text."""
    page = (ROOT / "providers/kit/README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```python\n(\"\"\"Files in a folder.*?)```", page, flags=re.DOTALL)
    return text


def run_alone(work: Coroutine[Any, Any, None]) -> None:
    """Run on a loop of its own: asyncio.run would leave this thread without one, and other tests need it."""
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()
