"""The account's rules are changed by their owner only, and nobody else's rule is dropped unasked."""

from typing import Any

import pytest

from providers.kit import Live, ProviderError
from providers.lambda_cloud.errors import ApiError
from providers.lambda_cloud.firewall import FirewallRule
from providers.lambda_cloud.global_firewall_ruleset import (
    GlobalFirewallRuleset,
    GlobalFirewallRulesetInputs,
    GlobalFirewallRulesetOutputs,
)
from rehearsal.lambda_cloud import Account, Fault, FaultKind, serve
from tests.lambda_cloud.resources import SPEED, Kind, emptied

# What every new account has.
PING = {"protocol": "icmp", "sourceNetwork": "0.0.0.0/0", "description": "Ping"}
SSH = {"protocol": "tcp", "portRange": [22, 22], "sourceNetwork": "0.0.0.0/0", "description": "SSH"}
BORN = (PING, SSH)
ACCESS = {"protocol": "udp", "portRange": [51822, 51822], "sourceNetwork": "0.0.0.0/0"}
FOREIGN = {"protocol": "tcp", "port_range": [8443, 8443], "source_network": "198.51.100.9/32", "description": "Mine"}


@pytest.fixture(scope="module")
def served():
    with serve(Account.empty(), speed=SPEED) as fake:
        yield fake


@pytest.fixture
def ruleset(served):
    with emptied(served) as fake:
        yield Kind(fake, GlobalFirewallRuleset, GlobalFirewallRulesetInputs)


def live_rules(ruleset) -> tuple[FirewallRule, ...]:
    live: tuple[FirewallRule, ...] = ruleset.found("global").inputs.rules
    return live


def rules(ruleset, *wanted: dict[str, Any]) -> tuple[FirewallRule, ...]:
    checked: tuple[FirewallRule, ...] = ruleset.wanted(rules=list(wanted)).rules
    return checked


def recorded(ruleset, *wanted: dict[str, Any]) -> Live[Any, Any]:
    """Return what the state holds after rules were written."""
    inputs = ruleset.wanted(rules=list(wanted))
    return Live(inputs, GlobalFirewallRulesetOutputs(owned_rules=inputs.rules))


def test_a_create_over_undeclared_rules_names_them_and_how_to_adopt(ruleset):
    with pytest.raises(ProviderError) as caught:
        ruleset.create(rules=[PING, ACCESS])
    assert "tcp 22 from 0.0.0.0/0 (SSH); adopt the ruleset with import_" in str(caught.value)
    assert live_rules(ruleset) == rules(ruleset, *BORN)


def test_a_create_that_declares_what_is_there_writes_nothing(ruleset):
    made = ruleset.create(rules=list(BORN))
    assert (made.id, made.outputs.owned_rules) == ("global", rules(ruleset, *BORN))
    assert ruleset.asked("change-global-ruleset") == []


def test_a_create_may_add(ruleset):
    ruleset.create(rules=[*BORN, ACCESS])
    assert live_rules(ruleset) == rules(ruleset, *BORN, ACCESS)


def test_a_create_may_be_told_to_remove(ruleset):
    ruleset.create(rules=[ACCESS], unmanaged_rules="remove")
    assert live_rules(ruleset) == rules(ruleset, ACCESS)


def test_what_this_resource_wrote_it_may_drop(ruleset):
    ruleset.create(rules=[*BORN, ACCESS])
    ruleset.update("global", recorded(ruleset, *BORN, ACCESS), "rules", rules=list(BORN))
    assert live_rules(ruleset) == rules(ruleset, *BORN)


def test_what_somebody_else_wrote_it_does_not_drop(ruleset):
    ruleset.create(rules=list(BORN))
    ruleset.fake.control.add_rule("global", FOREIGN)
    with pytest.raises(ProviderError, match=r"tcp 8443 from 198\.51\.100\.9/32 \(Mine\); declare these rules"):
        ruleset.update("global", recorded(ruleset, *BORN), "rules", rules=[*BORN, ACCESS])
    assert len(live_rules(ruleset)) == 3, "nothing was changed"


def test_what_somebody_else_wrote_goes_when_told_so(ruleset):
    ruleset.create(rules=list(BORN))
    ruleset.fake.control.add_rule("global", FOREIGN)
    outputs = ruleset.update("global", recorded(ruleset, *BORN), "rules", rules=[ACCESS], unmanaged_rules="remove")
    assert live_rules(ruleset) == outputs.owned_rules == rules(ruleset, ACCESS)


def test_after_an_import_nothing_counts_as_written(ruleset):
    live = ruleset.found("global")
    assert live.outputs.owned_rules == ()
    with pytest.raises(ProviderError, match="set unmanagedRules to remove"):
        ruleset.update("global", live, "rules", rules=[PING])


def test_after_an_import_rules_may_be_added(ruleset):
    outputs = ruleset.update("global", ruleset.found("global"), "rules", rules=[*BORN, ACCESS])
    assert live_rules(ruleset) == outputs.owned_rules == rules(ruleset, *BORN, ACCESS)


def test_a_refresh_keeps_what_was_written_and_shows_what_is_there(ruleset):
    ruleset.create(rules=list(BORN))
    ruleset.fake.control.add_rule("global", FOREIGN)
    live = ruleset.read("global", recorded(ruleset, *BORN))
    assert live.outputs.owned_rules == rules(ruleset, *BORN)
    assert len(live.inputs.rules) == 3


@pytest.mark.parametrize("kind", [FaultKind.ANSWER_LOST, FaultKind.INTERNAL_ERROR, FaultKind.SERVER_ERROR])
def test_a_change_that_loses_its_answer_is_made(ruleset, kind):
    ruleset.fake.faults.script(Fault(kind, operation="change-global-ruleset"))
    ruleset.create(rules=[*BORN, ACCESS])
    assert live_rules(ruleset) == rules(ruleset, *BORN, ACCESS)


def test_any_other_id_does_not_exist(ruleset):
    assert ruleset.read("0" * 32) is None
    assert ruleset.fake.log.requests.total() == 0


def test_a_read_that_is_refused_never_means_gone(ruleset):
    ruleset.fake.faults.script(Fault(FaultKind.UNAUTHORIZED, operation="get-global-ruleset"))
    with pytest.raises(ApiError, match="nothing was changed"):
        ruleset.read("global")


def test_deleting_leaves_the_rules_and_asks_nothing(ruleset):
    ruleset.delete("global", recorded(ruleset, *BORN))
    assert ruleset.fake.log.requests.total() == 0
