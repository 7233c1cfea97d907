"""How tests of the real engine are shared out between processes."""

import pytest
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_SHARING = "tests/engine"
_APART = ("test_data.py", "test_machines.py", "test_recovery.py", "test_releases.py")
"""Those of its files that bring up stacks of their own alone, or to keep two processes busy for as long."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Keeps together what shares what takes minutes to bring up: the stacks of tests/engine, the machines of a file."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return _SHARING if file.startswith(f"{_SHARING}/") and not file.endswith(_APART) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together | None:
    """Return it for runs by scope; runs without one are shared out test by test."""
    return Together(config, log) if config.getvalue("dist") == "loadscope" else None
