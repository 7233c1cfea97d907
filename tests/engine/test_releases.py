"""Another release of K3s, other tokens and other machines, by the runbooks, on staging with real nodes."""

from collections.abc import Iterator

import pytest
import yaml

from benchmarks.checkout import Checkout
from tests.engine.by_hand import on
from tests.engine.clusters import addresses, choose, floors_held, ready, releases
from tests.engine.runbook import followed

pytestmark = [pytest.mark.engine, pytest.mark.soak]

FAULTS = "/etc/rehearsal/k3s-faults"
SERVER, AGENT, OTHER = "staging-server", "staging-agent-1", "staging-agent-2"


@pytest.fixture(scope="module")
def known(lane) -> dict[str, str]:
    """The release of the catalog, and the one before."""
    document = yaml.safe_load((lane.root / "catalog/k3s.yaml").read_text(encoding="utf-8"))
    return {name: document[name] for name in ("version", "previous")}


@pytest.fixture(scope="module")
def staging(lane, known) -> Iterator[Checkout]:
    """The checkout of all, its staging up with the release before."""
    choose(lane, "staging", k3s_version=known["previous"])
    try:
        servers = lane.answer("up", "staging")["servers"]
        assert all(server["ready"] == server["wanted"] for server in servers)
        yield lane
    finally:
        # Three nodes with nothing to do take a third of a core from all that come after.
        lane.sophia("down", "staging")


def test_a_release_that_does_not_become_ready_is_undone_and_the_error_says_why(staging, known):
    assert releases(staging, "staging") == dict.fromkeys((SERVER, AGENT, OTHER), known["previous"])
    on(staging, AGENT, f"mkdir -p {FAULTS}; echo {known['version']} > {FAULTS}/exit-at-start")
    choose(staging, "staging", k3s_version=known["version"])
    left = staging.sophia("up", "staging", check=False)
    assert left.returncode == 1
    assert f"k3s-{AGENT}" in left.stderr
    assert "exit-at-start" in left.stderr, "the journal's last lines are told"
    now = releases(staging, "staging")
    assert (now[SERVER], now[AGENT]) == (known["version"], known["previous"])
    assert ready(staging, "staging") == {SERVER, AGENT, OTHER}
    on(staging, AGENT, f"rm -r {FAULTS}")
    choose(staging, "staging", k3s_version=known["version"])


def test_an_upgrade_goes_node_by_node_and_everything_goes_on_serving(staging, known):
    with floors_held(staging, "staging", {"mcp-slack": 1, "mcp-ai-memory": 1}):
        told = followed(staging, "upgrade-kubernetes.md")
    assert releases(staging, "staging") == dict.fromkeys((SERVER, AGENT, OTHER), known["version"])
    assert any("before-" in printed for block, printed in told if "etcd-snapshot ls" in block)
    assert "No drift" in told[-1][1]


def test_tokens_are_rotated_by_the_runbook(staging):
    told = followed(staging, "rotate-tokens.md")
    assert "No drift" in told[-1][1]
    assert ready(staging, "staging") == {SERVER, AGENT, OTHER}


def test_nodes_are_replaced_by_the_runbook(staging):
    before = addresses(staging, "staging")
    told = followed(staging, "replace-a-node.md")
    after = addresses(staging, "staging")
    assert "No drift" in told[-1][1]
    assert {name for name in before if before[name] != after[name]} == {AGENT, OTHER}
