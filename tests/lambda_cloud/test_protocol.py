"""Keys, file systems and firewalls as the engine meets them: checked, compared, imported."""

from typing import Any

import pytest

from providers.kit.testing import UNKNOWN, PluginError, State
from tests.lambda_cloud.resources import public_key

REGION = "us-west-1"
SSH: dict[str, Any] = {"protocol": "tcp", "portRange": [22, 22], "sourceNetwork": "203.0.113.7"}
PING: dict[str, Any] = {"protocol": "icmp", "sourceNetwork": "0.0.0.0/0"}
BORN = [{**PING, "description": "Ping"}, {**SSH, "sourceNetwork": "0.0.0.0/0", "description": "SSH"}]
DECLARED: dict[str, dict[str, Any]] = {
    "SshKey": {"name": "laptop", "publicKey": public_key()},
    "Filesystem": {"name": "data", "region": REGION},
    "FirewallRuleset": {"name": "door", "region": REGION, "rules": [SSH, PING]},
    "GlobalFirewallRuleset": {"rules": BORN},
}
kinds = pytest.mark.parametrize("kind", DECLARED)


def made(plugin, kind: str, **changes: Any) -> State:
    """Create a resource as the engine does, and return what is recorded."""
    checked = plugin.check(kind, {**DECLARED[kind], **changes})
    assert not checked.failures
    state: State = plugin.create(kind, checked.inputs)
    return state


def difference(plugin, kind: str, state: State, **changes: Any) -> Any:
    checked = plugin.check(kind, {**DECLARED[kind], **changes})
    assert not checked.failures
    return plugin.diff(kind, state.id, state.outputs, checked.inputs, old_inputs=state.inputs)


@kinds
def test_what_was_made_does_not_differ_from_what_is_declared(plugin, kind):
    assert not difference(plugin, kind, made(plugin, kind)).changes


@kinds
def test_after_a_refresh_nothing_differs(plugin, kind):
    state = made(plugin, kind)
    assert not difference(plugin, kind, plugin.read(kind, state.id, state.outputs, state.inputs)).changes


@kinds
def test_what_is_imported_does_not_differ_from_what_is_declared(plugin, kind):
    imported = plugin.read(kind, made(plugin, kind).id)
    assert not difference(plugin, kind, imported).changes


@kinds
def test_what_an_import_writes_passes_the_check_and_does_not_differ(plugin, kind):
    imported = plugin.read(kind, made(plugin, kind).id)
    checked = plugin.check(kind, imported.inputs)
    assert not checked.failures
    assert not plugin.diff(kind, imported.id, imported.outputs, checked.inputs, old_inputs=imported.inputs).changes


@kinds
def test_importing_what_does_not_exist_says_where_to_look(plugin, kind):
    with pytest.raises(PluginError, match=r"import"):
        plugin.read(kind, "0" * 32)


@kinds
def test_a_preview_asks_nothing_of_the_api(plugin, fake, kind):
    plugin.create(kind, plugin.check(kind, DECLARED[kind]).inputs, preview=True)
    assert fake.log.requests.total() == 0


@pytest.mark.parametrize(
    ("kind", "changes", "replaced"),
    [
        ("SshKey", {"name": "phone"}, ["name"]),
        ("SshKey", {"publicKey": public_key()}, ["publicKey"]),
        ("Filesystem", {"name": "other"}, ["name"]),
        ("Filesystem", {"region": "us-east-3"}, ["region"]),
        ("FirewallRuleset", {"region": "us-east-3"}, ["region"]),
        ("FirewallRuleset", {"name": "gate", "rules": [PING]}, []),
        ("GlobalFirewallRuleset", {"rules": [*BORN, SSH]}, []),
    ],
)
def test_only_what_cannot_change_in_place_replaces(plugin, kind, changes, replaced):
    found = difference(plugin, kind, made(plugin, kind), **changes)
    assert found.changes
    assert found.replaces == replaced


def test_a_key_is_replaced_after_the_old_one_is_gone(plugin):
    assert difference(plugin, "SshKey", made(plugin, "SshKey"), name="phone").delete_before_replace


@pytest.mark.parametrize("rules", [[PING, SSH], [SSH, PING, SSH], [{**SSH, "sourceNetwork": "203.0.113.7/32"}, PING]])
def test_order_repetition_and_spelling_of_rules_are_no_difference(plugin, rules):
    assert not difference(plugin, "FirewallRuleset", made(plugin, "FirewallRuleset"), rules=rules).changes


def test_an_address_that_is_not_known_yet_is_an_update_never_a_replacement(plugin):
    state = made(plugin, "FirewallRuleset")
    found = difference(plugin, "FirewallRuleset", state, rules=[{**SSH, "sourceNetwork": UNKNOWN}, PING])
    assert found.changes
    assert found.replaces == []


def test_a_rule_that_somebody_added_is_a_difference_and_an_update_removes_it(plugin, fake):
    kind, state = "FirewallRuleset", made(plugin, "FirewallRuleset")
    fake.control.add_rule(
        state.id, {"protocol": "udp", "port_range": [1, 1], "source_network": "0.0.0.0/0", "description": ""}
    )
    live = plugin.read(kind, state.id, state.outputs, state.inputs)
    assert difference(plugin, kind, live).changes
    plugin.update(kind, state.id, live.outputs, state.inputs, old_inputs=live.inputs)
    again = plugin.read(kind, state.id, live.outputs, live.inputs)
    assert not difference(plugin, kind, again).changes


def test_every_wrong_rule_is_named_by_its_place(plugin):
    rules = [{**PING, "portRange": [1, 2]}, SSH, {**SSH, "portRange": [70000, 70001], "sourceNetwork": "10.0.0.1/8"}]
    failures = plugin.check("FirewallRuleset", {**DECLARED["FirewallRuleset"], "rules": rules}).failures
    assert {"rules[0]", "rules[2].portRange", "rules[2].sourceNetwork"} == set(failures)


def test_protecting_a_file_system_asks_nothing_of_the_api_and_refuses_its_end(plugin, fake):
    kind, state = "Filesystem", made(plugin, "Filesystem")
    assert difference(plugin, kind, state, deletionProtection=True).changes
    wanted = plugin.check(kind, {**DECLARED[kind], "deletionProtection": True}).inputs
    asked = fake.log.requests.total()
    protected = plugin.update(kind, state.id, state.outputs, wanted, old_inputs=state.inputs)
    assert fake.log.requests.total() == asked
    with pytest.raises(PluginError, match="is protected"):
        plugin.delete(kind, state.id, protected.outputs)


def test_a_protected_file_system_is_not_replaced_in_the_preview_already(plugin):
    state = made(plugin, "Filesystem", deletionProtection=True)
    with pytest.raises(PluginError, match="another region would replace it, which destroys its data"):
        difference(plugin, "Filesystem", state, region="us-east-3", deletionProtection=True)


def test_the_global_ruleset_is_adopted_as_it_is_and_then_extended(plugin, fake):
    kind = "GlobalFirewallRuleset"
    adopted = plugin.read(kind, "global")
    wanted = plugin.check(kind, {"rules": [*BORN, SSH]}).inputs
    changed = plugin.update(kind, "global", adopted.outputs, wanted, old_inputs=adopted.inputs)
    assert changed.outputs["ownedRules"] == changed.outputs["rules"]
    assert len(fake.control.state().global_rules) == 3


def test_a_private_key_in_the_place_of_the_public_one_is_printed_by_nobody(plugin):
    pasted = "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + "canary" * 4
    failures = plugin.check("SshKey", {"name": "laptop", "publicKey": pasted}).failures
    assert set(failures) == {""}, "the engine prints the value of the property that a failure names"
    assert failures[""].startswith("publicKey: this is a private key")
    assert "canary" not in failures[""]
