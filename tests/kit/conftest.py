"""Providers made to measure, served by their own process."""

import re
from pathlib import Path

import pytest

from providers.kit.testing import Plugin

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def example(tmp_path):
    """The provider of the kit's page, as text."""
    page = (ROOT / "providers/kit/README.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```python\n(\"\"\"Files in a folder.*?)```", page, flags=re.DOTALL)
    return text
