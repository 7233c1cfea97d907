"""How tests of the real engine are shared out between processes, and what tests of several folders have."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from rehearsal.workflows.expressions import Expressions

_SHARING = "tests/engine"
_WITH_PROD = ("test_beside.py", "test_drift.py", "test_hosts.py", "test_k3s.py", "test_sites.py")
"""Those that share a prod: the first of them brings it up beside a dev, and the last ends it."""
_APART = ("test_machines.py", "test_pull_request.py", "test_recovery.py", "test_releases.py")
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


@pytest.fixture(scope="module")
def expressions() -> Iterator["Expressions"]:
    """What evaluates expressions of workflows; it needs Node.js and GitHub's library, as set-up brings them."""
    from catalog.versions import read_versions  # noqa: PLC0415 - what they import takes a third of a second
    from rehearsal.toolchain import progress_for  # noqa: PLC0415 - for that reason
    from rehearsal.toolchain.edges import Edges  # noqa: PLC0415 - for that reason
    from rehearsal.workflows.expressions import Expressions  # noqa: PLC0415 - for that reason
    from rehearsal.workflows.tree import tree  # noqa: PLC0415 - for that reason

    with Expressions(tree(Edges.here(read_versions().go), progress_for())) as running:
        yield running
