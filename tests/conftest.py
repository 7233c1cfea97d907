"""How tests of the real engine are shared out between processes."""

from pathlib import Path

import pytest

_TESTS = Path(__file__).parent
_ENGINE = _TESTS / "engine"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares what takes minutes to bring up: the stacks of tests/engine, the machines of a file."""
    for item in items:
        together = _ENGINE if item.path.is_relative_to(_ENGINE) else item.path
        item.add_marker(pytest.mark.xdist_group(str(together.relative_to(_TESTS))))
