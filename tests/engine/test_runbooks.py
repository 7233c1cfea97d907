"""The runbooks lead out of what they are about: followed word by word, on dev."""

import pytest

from tests.engine.runbook import followed

pytestmark = pytest.mark.engine


@pytest.mark.soak
def test_who_is_locked_out_gets_in_again_and_leaves_nothing_open(dev):
    told = followed(dev, "locked-out.md")
    assert any("not reachable: no address answers" in printed for block, printed in told if "drift" in block)
    block, printed = told[-1]
    assert "No drift" in printed
    assert "198.19.255.20" not in printed, "what was let in is shut out again"
    assert "198.19.255.10" in printed, "the runner's own entry stays"
    assert "peers" in block


def test_a_host_key_that_changed_is_refused_until_somebody_has_looked_at_it(dev):
    told = followed(dev, "host-key-changed.md")
    refused = next(printed for block, printed in told if "ssh-keygen -A" in block)
    looked = next(printed for block, printed in told if "ssh-keygen -l" in block)
    assert "host key is SHA256:" in refused
    assert looked.split()[1] in refused, "the page compares two fingerprints"
    assert "No drift" in told[-1][1]


@pytest.mark.soak
def test_a_machine_that_was_launched_again_is_a_host_again(dev):
    told = followed(dev, "new-address-after-relaunch.md")
    assert "Endpoint = " in "".join(printed for _, printed in told)
    assert "155.248.194.183:51822" not in "".join(printed for _, printed in told), "the old address is nobody's"
    assert "No changes" in told[-1][1]


@pytest.mark.soak
def test_a_cluster_is_restored_from_a_snapshot_with_what_nothing_declares(dev):
    told = followed(dev, "restore-the-cluster.md")
    assert "by-hand" in "".join(printed for block, printed in told if "etcd-snapshot ls" in block)
    assert "No drift" in "".join(printed for block, printed in told if "./sophia drift" in block)
    assert "by-hand" in told[-1][1], "what was lost is there again"


@pytest.mark.soak
def test_a_cluster_that_was_forgotten_is_taken_over_without_a_restart(dev):
    told = followed(dev, "take-over-a-cluster.md")
    before, after = (printed for block, printed in told if "ActiveEnterTimestamp" in block)
    assert before.splitlines()[-2:] == after.splitlines()[:2]
    assert "No changes" in told[-1][1]
