"""How tests of the real engine are shared out between processes."""

import pytest
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_SHARING = "tests/engine"
_WITH_PROD = ("test_beside.py", "test_drift.py", "test_hosts.py", "test_k3s.py", "test_sites.py")
"""Those that share a prod: the first of them brings it up beside a dev, and the last ends it."""
_APART = ("test_data.py", "test_machines.py", "test_pull_request.py", "test_recovery.py", "test_releases.py")
"""Those of its files that bring up stacks of their own alone, or to keep two processes busy for as long."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Keeps together what shares what takes minutes to bring up: stacks of tests/engine, the machines of a file."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if not file.startswith(f"{_SHARING}/") or file.endswith(_APART):
            return file
        return f"{_SHARING}: prod" if file.endswith(_WITH_PROD) else _SHARING


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together | None:
    """Return it for runs by scope; runs without one are shared out test by test."""
    return Together(config, log) if config.getvalue("dist") == "loadscope" else None
