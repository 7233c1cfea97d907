"""The account is born like the real one."""

import catalog
from rehearsal.lambda_cloud import Account
from rehearsal.lambda_cloud.records import Status

LIVE = {
    "sophia-ai-core",
    "sophia-mcp-orchestrator",
    "sophia-data-pipeline",
    "sophia-production-instance",
    "sophia-development",
}


def test_the_five_live_machines_are_active_with_the_address_the_catalog_expects(account):
    machines = catalog.load().machines
    found = {one["name"]: (one["status"], one["ip"]) for one in account.instances.all()}
    assert found == {name: ("active", machines[name].expected_ip) for name in LIVE}


def test_live_machines_have_the_type_region_key_and_host_name_of_the_catalog(account):
    machines = catalog.load().machines
    for one in account.instances.all():
        machine = machines[one["name"]]
        assert one["instance_type"]["name"] == machine.instance_type
        assert (one["region"]["name"], one["hostname"]) == (machine.region, one["name"])
        assert one["ssh_key_names"] == ["sophia2025"]


def test_live_machines_have_no_tags_and_no_rulesets_because_both_are_fixed_at_launch(account):
    assert [(one["tags"], one["firewall_rulesets"]) for one in account.instances.all()] == [([], [])] * 5


def test_ids_are_drawn_per_account(account):
    other = Account.born()
    assert not {one["id"] for one in account.instances.all()} & {one["id"] for one in other.instances.all()}


def test_the_ssh_key_is_there_under_its_name(account):
    assert [key["name"] for key in account.ssh_keys.all()] == ["sophia2025"]


def test_the_global_ruleset_lets_in_ssh_and_ping(account):
    rules = account.firewall.global_ruleset()["rules"]
    assert {(rule["protocol"], *rule.get("port_range", ()), rule["source_network"]) for rule in rules} == {
        ("icmp", "0.0.0.0/0"),
        ("tcp", 22, 22, "0.0.0.0/0"),
    }


def test_the_quota_is_ten_machines(account):
    assert account.view().quota == 10


def test_the_private_half_of_the_key_is_written_only_when_asked_for(tmp_path):
    file = tmp_path / "key"
    account = Account.born(private_key=file)
    private = file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert private.splitlines()[1] not in account.snapshot(), "the state must not hold what opens machines"


def test_an_empty_account_has_no_machines_and_no_keys():
    account = Account.empty()
    assert account.instances.all() == account.ssh_keys.all() == []


def test_every_machine_of_the_catalog_can_be_launched_where_it_belongs(account):
    offers = account.market.types()
    for machine in catalog.load().machines.values():
        regions = [region["name"] for region in offers[machine.instance_type]["regions_with_capacity_available"]]
        assert machine.region in regions


def test_prices_are_those_of_the_default_price_book(account):
    known = catalog.load()
    book = known.price_books[known.limits.default_price_book].hourly_cents
    offers = account.market.types()
    assert {name: offer["instance_type"]["price_cents_per_hour"] for name, offer in offers.items()} == dict(book)


def test_born_machines_do_not_count_as_launches(account):
    assert account.counters() == dict.fromkeys(account.counters(), 0)
    assert all(one.status(account.clock.now) is Status.ACTIVE for one in account.state.instances.values())
