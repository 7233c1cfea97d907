"""SSH keys, file systems and rulesets keep the rules of the API."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key

from rehearsal.lambda_cloud.errors import ApiError
from rehearsal.lambda_cloud.keys import pair

ICMP = {"protocol": "icmp", "source_network": "0.0.0.0/0", "description": "ping"}
WEB = {"protocol": "tcp", "port_range": [443, 443], "source_network": "0.0.0.0/0", "description": "web"}


def refused(act: Callable[..., Any], *arguments: Any) -> tuple[int, str]:
    with pytest.raises(ApiError) as error:
        act(*arguments)
    return error.value.status, error.value.code


def test_a_key_without_a_public_half_is_a_pair_whose_private_half_is_told_once(account):
    made = account.ssh_keys.add({"name": "drawn"})
    private = load_ssh_private_key(made["private_key"].encode(), None)
    assert private.public_key() == load_ssh_public_key(made["public_key"].encode())
    assert all("private_key" not in key for key in account.ssh_keys.all())
    assert made["private_key"] not in account.snapshot()


def test_a_public_key_is_kept_as_it_was_given(account):
    _, public = pair()
    made = account.ssh_keys.add({"name": "mine", "public_key": public})
    assert made["public_key"] == public
    assert "private_key" not in made


def test_what_is_no_public_key_is_refused(account):
    assert refused(account.ssh_keys.add, {"name": "bad", "public_key": "ssh-ed25519 nonsense"}) == (
        400,
        "global/invalid-parameters",
    )


def test_a_name_of_a_key_is_taken_once_because_launches_refer_to_it(account):
    assert refused(account.ssh_keys.add, {"name": "sophia2025"}) == (400, "global/invalid-parameters")


def test_deleting_an_unknown_key_is_the_one_not_found_that_keys_document(account):
    assert refused(account.ssh_keys.delete, "none") == (404, "global/not-found")


def test_a_deleted_key_stays_on_the_instances_that_have_it(account):
    (key,) = account.ssh_keys.all()
    account.ssh_keys.delete(key["id"])
    assert account.ssh_keys.all() == []
    assert account.instances.all()[0]["ssh_key_names"] == ["sophia2025"]


def test_a_file_system_name_is_taken_once(account):
    account.file_systems.create({"name": "data", "region": "us-west-1"})
    assert refused(account.file_systems.create, {"name": "data", "region": "us-east-3"}) == (400, "global/duplicate")


def test_a_mounted_file_system_cannot_be_deleted_until_its_instance_is_gone(account, launch):
    made = account.file_systems.create({"name": "data", "region": "us-west-1"})
    one = launch(file_system_names=["data"])
    assert account.file_systems.all()[0]["is_in_use"]
    account.instances.terminate([one])
    assert refused(account.file_systems.delete, made["id"]) == (400, "filesystems/filesystem-in-use")
    account.clock.advance(30)
    assert account.file_systems.delete(made["id"]) == {"deleted_ids": [made["id"]]}


def test_an_attached_ruleset_names_its_instances_and_cannot_be_deleted(account, launch):
    made = account.firewall.create({"name": "web", "region": "us-west-1", "rules": [WEB]})
    one = launch(firewall_rulesets=[{"id": made["id"]}])
    assert account.firewall.get(made["id"])["instance_ids"] == [one]
    assert refused(account.firewall.delete, made["id"]) == (400, "firewall-rulesets/firewall-ruleset-in-use")
    account.instances.terminate([one])
    account.clock.advance(30)
    assert account.firewall.delete(made["id"]) == {}


def test_rules_of_an_attached_ruleset_change_in_place(account, launch):
    made = account.firewall.create({"name": "web", "region": "us-west-1", "rules": []})
    launch(firewall_rulesets=[{"id": made["id"]}])
    assert account.firewall.change(made["id"], {"rules": [WEB]})["rules"] == [WEB | {"port_range": [443, 443]}]


def test_a_ruleset_may_share_its_name(account):
    body = {"name": "web", "region": "us-west-1", "rules": []}
    assert account.firewall.create(body)["id"] != account.firewall.create(body)["id"]


@pytest.mark.parametrize(
    "rule",
    [
        {**WEB, "port_range": None, "protocol": "tcp"},
        {**WEB, "port_range": None, "protocol": "udp"},
        {**WEB, "port_range": None, "protocol": "all"},
        {**ICMP, "port_range": [1, 1]},
        {**WEB, "port_range": [443, 80]},
        {**WEB, "source_network": "2001:db8::/32"},
        {**WEB, "source_network": "10.0.0.1/8"},
        {**WEB, "source_network": "everywhere"},
    ],
    ids=lambda rule: f"{rule['protocol']} {rule['port_range']} {rule['source_network']}",
)
def test_a_rule_that_prose_forbids_is_refused(account, rule):
    given = {key: value for key, value in rule.items() if value is not None}
    body = {"name": "bad", "region": "us-west-1", "rules": [given]}
    assert refused(account.firewall.create, body) == (400, "global/invalid-parameters")
    assert account.firewall.all() == []


def test_a_bare_address_is_a_range_of_one(account):
    rule = {**WEB, "source_network": "203.0.113.9"}
    made = account.firewall.create({"name": "one", "region": "us-west-1", "rules": [rule]})
    assert made["rules"][0]["source_network"] == "203.0.113.9/32"


def test_more_than_twenty_rules_are_refused(account):
    account.firewall.set_global_rules([WEB] * 20)
    assert refused(account.firewall.set_global_rules, [WEB] * 21) == (400, "global/invalid-parameters")


def test_the_legacy_rules_and_the_global_ruleset_are_the_same_rules(account):
    account.firewall.set_global_rules([ICMP])
    assert account.firewall.global_rules() == account.firewall.global_ruleset()["rules"] == [ICMP]


def test_the_audit_log_comes_in_pages(account):
    account.journal.page_size = 2
    for number in range(5):
        account.file_systems.create({"name": f"data{number}", "region": "us-west-1"})
    seen, token, pages = [], None, 0
    while token is not None or not pages:
        events, token = account.journal.page({"page_token": token} if token else {})
        seen += events
        pages += 1
    assert pages == 3
    assert [event["action"] for event in seen] == ["created"] * 5


def test_the_audit_log_can_be_asked_for_a_time_and_a_kind(account, launch):
    launch()
    account.clock.advance(100)
    begin = account.clock.today.isoformat()
    account.file_systems.create({"name": "data", "region": "us-west-1"})
    launch()
    events, _ = account.journal.page({"start": begin, "resource_type": "cloud.instance"})
    assert [(event["resource_name"], event["action"]) for event in events] == [("instance", "launched")]
    assert account.journal.page({"end": account.clock.date(50).isoformat()})[0][0]["action"] == "launched"


@pytest.mark.parametrize("query", [{"start": "yesterday"}, {"start": "2026-11-01T00:00:00"}, {"page_token": "!"}])
def test_an_audit_query_that_is_not_understood_is_refused(account, query):
    assert refused(account.journal.page, query) == (400, "global/invalid-parameters")
