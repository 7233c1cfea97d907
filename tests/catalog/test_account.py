"""What the stacks share, when machines exist, what is open, and what a stack takes over."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime

import pytest

from catalog import Catalog, CatalogError, Offence, Stack
from catalog.account import Schedule

ACCOUNT, FIREWALL = "catalog/account.yaml", "catalog/firewall.yaml"
ID = "0123456789abcdef" * 2
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 somebody"
CI_KEY = b64encode(b"the public key of ci, 32 bytes..").decode()


def summary(offences: Iterable[Offence]) -> list[tuple[str, str]]:
    return sorted((offence.path, offence.value) for offence in offences)


def choose(committed: Catalog, stack: str, adopt: Mapping[str, str], key: str = PUBLIC_KEY) -> Stack:
    machines = [name for name, machine in committed.machines.items() if machine.owner == stack]
    return committed.stack(
        stack,
        machines=machines,
        image_lock="rehearsal",
        adopt=adopt,
        ssh_public_key=key,
        access_ci_public_key=CI_KEY,
    )


def refused(committed: Catalog, stack: str, adopt: Mapping[str, str]) -> tuple[Offence, ...]:
    with pytest.raises(CatalogError) as error:
        choose(committed, stack, adopt)
    return tuple(error.value.offences)


def prod_ids(committed: Catalog) -> dict[str, str]:
    own = [name for name, machine in committed.machines.items() if machine.owner == "prod"]
    return {name: f"{number:032x}" for number, name in enumerate([*own, "sophia2025"])}


@pytest.mark.parametrize(
    ("moment", "awake"),
    [
        ("2026-11-23T14:00:00+00:00", True),
        ("2026-11-23T13:59:59+00:00", False),
        ("2026-11-24T02:00:00+00:00", False),
        ("2026-11-21T18:00:00+00:00", False),
        ("2026-07-06T13:00:00+00:00", True),
    ],
)
def test_a_schedule_follows_the_clock_of_its_own_zone_summer_time_included(committed, moment, awake):
    assert committed.account.schedules["dev"].awake(datetime.fromisoformat(moment)) is awake


def test_dev_costs_what_its_schedule_leaves_and_staging_what_its_hours_take(committed):
    dev, staging = choose(committed, "dev", {}), choose(committed, "staging", {})
    assert dev.monthly_cents == 94170
    assert dev.expected_monthly_cents == 33632, "60 of the week's 168 hours"
    assert staging.expected_monthly_cents == 40 * (129 + 20 + 20)


def test_prod_is_paid_around_the_clock(committed):
    prod = choose(committed, "prod", prod_ids(committed))
    assert prod.expected_monthly_cents == prod.monthly_cents


def test_machines_that_are_pinned_have_no_schedule(broken):
    schedule = {"days": ["monday"], "start": "07:00", "end": "19:00", "timezone": "UTC"}
    offences = broken({"account.yaml": {"schedules": {"prod": schedule}, "on_demand_hours": {"prod": 3}}})
    assert [one for one in summary(offences) if one[0].startswith(ACCOUNT)] == [
        (f"{ACCOUNT}: on_demand_hours.prod", "prod"),
        (f"{ACCOUNT}: on_demand_hours.prod", "prod"),
        (f"{ACCOUNT}: schedules.prod", "prod"),
    ], "and a stack with a schedule is not on demand"


def test_a_schedule_that_ends_before_it_starts_and_an_unknown_zone_are_refused(broken):
    assert summary(broken({"account.yaml": {"schedules": {"dev": {"end": "06:00"}}}})) == [
        (f"{ACCOUNT}: schedules.dev.end", "06:00")
    ]
    offences = broken({"account.yaml": {"schedules": {"dev": {"timezone": "Mars/Olympus", "start": "25:00"}}}})
    assert [path for path, _ in summary(offences)] == [
        f"{ACCOUNT}: schedules.dev.start",
        f"{ACCOUNT}: schedules.dev.timezone",
    ]


def test_every_stack_that_the_account_names_exists(broken):
    offences = broken({"account.yaml": {"owner": "production", "on_demand_hours": {"qa": 1}}})
    assert summary(offences) == [(f"{ACCOUNT}: on_demand_hours.qa", "qa"), (f"{ACCOUNT}: owner", "production")]


def test_a_file_system_reaches_machines_of_its_own_region_only(broken):
    system = {"owner": "prod", "region": "us-east-3", "machines": ["sophia-ai-core", "sophia-data-pipeline"]}
    offences = broken({"account.yaml": {"file_systems": {"models": system}}})
    assert summary(offences) == [
        (f"{ACCOUNT}: file_systems.models.machines", "sophia-ai-core"),
        (f"{ACCOUNT}: file_systems.models.machines", "sophia-data-pipeline"),
    ], "one is elsewhere, the other pinned and so never launched"


def test_a_day_is_named_once(broken):
    offences = broken({"account.yaml": lambda tree: tree["schedules"]["dev"]["days"].append("monday")})
    assert summary(offences) == [(f"{ACCOUNT}: schedules.dev.days", "monday")]


def test_a_pinned_machine_has_a_known_address(broken):
    offences = broken({"machines.yaml": {"sophia-ai-core": {"expected_ip": None}}})
    assert summary(offences) == [("catalog/machines.yaml: sophia-ai-core.expected_ip", "absent")]


def test_a_tag_that_lambda_refuses_is_refused_here(broken):
    offences = broken({"account.yaml": {"tags": {"Owner": "AI-Cherry"}}})
    assert [path.rsplit(": ", 1)[1] for path, _ in summary(offences)] == ["tags.Owner"]


def test_ssh_and_the_kubernetes_api_cannot_be_opened_to_the_world(broken):
    offences = broken({"firewall.yaml": {"ports": {"kubernetes-api": {"sources": ["world"]}}}})
    assert summary(offences) == [(f"{FIREWALL}: ports.kubernetes-api.sources", "world")]
    offences = broken({"firewall.yaml": {"ports": {"ssh": {"sources": ["world"]}}}})
    assert (f"{FIREWALL}: ports.ssh.sources", "world") in summary(offences)


def test_a_port_is_given_to_every_protocol_but_icmp(broken):
    offences = broken({"firewall.yaml": {"ports": {"ping": {"port": 7}, "http": {"port": None}}}})
    assert summary(offences) == [(f"{FIREWALL}: ports.http.port", "absent"), (f"{FIREWALL}: ports.ping.port", "7")]


def test_more_rules_than_a_ruleset_holds_are_refused(broken):
    row = {"protocol": "tcp", "targets": "all", "reason": "x"}
    more = {f"more-{n}": {**row, "port": n, "sources": ["world"]} for n in range(1000, 1008)}
    offences = broken({"firewall.yaml": {"ports": more}})
    assert summary(offences) == [(f"{FIREWALL}: ports", "21")], "8, the four there are, and 3 for each of 3 nodes"


def test_networks_that_break_the_glass_count_among_the_rules_of_a_ruleset(broken):
    entry = {"reason": "x", "owner": "x", "expires": "2026-12-01T12:00:00Z"}
    entries = [{**entry, "cidr": f"203.0.113.{n}/32"} for n in range(4)]
    (offence,) = broken({"access.yaml": {"break_glass": entries}})
    assert (offence.path, offence.value) == (f"{FIREWALL}: ports", "21"), "each opens SSH and the Kubernetes API"


def test_only_what_the_world_may_reach_becomes_a_rule_of_lambda(committed):
    rules = {part: {(r.protocol, r.port) for r in committed.firewall.ruleset(part)} for part in ("server", "agent")}
    everywhere = {("icmp", None), ("udp", 51822)}
    assert rules == {"server": {*everywhere, ("tcp", 80), ("tcp", 443)}, "agent": everywhere}


def test_every_pinned_machine_needs_its_id(committed):
    offences = refused(committed, "prod", {"sophia-ai-core": ID})
    assert {path.rsplit(".", 1)[1] for path, _ in summary(offences)} == {
        "sophia-mcp-orchestrator",
        "sophia-data-pipeline",
        "sophia-production-instance",
    }
    assert "never launched" in offences[0].rule


def test_a_machine_that_is_launched_on_demand_is_never_taken_over(committed):
    (offence,) = refused(committed, "staging", {"staging-server": ID})
    assert (offence.value, offence.remedy) == ("staging-server", "remove it: this stack adopts nothing")


def test_an_id_has_lambdas_form_and_stands_for_one_thing(committed):
    ids = prod_ids(committed)
    ids |= {"sophia-ai-core": "i-0abc", "sophia-data-pipeline": ids["sophia-mcp-orchestrator"]}
    assert summary(refused(committed, "prod", ids)) == [
        ("Pulumi.prod.yaml: sophia:adopt", ids["sophia-data-pipeline"]),
        ("Pulumi.prod.yaml: sophia:adopt.sophia-ai-core", "'i-0abc'"),
    ]


def test_only_the_owner_of_the_account_takes_its_key_over(committed):
    (offence,) = refused(committed, "dev", {"sophia2025": ID})
    assert offence.path == "Pulumi.dev.yaml: sophia:adopt.sophia2025"
    assert choose(committed, "prod", prod_ids(committed)).owns_account


def test_the_owner_of_the_account_needs_the_public_half_of_its_key_and_a_private_one_is_never_shown(committed):
    pasted = "-----BEGIN " + "OPENSSH PRIVATE KEY-----"
    with pytest.raises(CatalogError) as error:
        choose(committed, "prod", prod_ids(committed), key=pasted)
    assert summary(error.value.offences) == [("Pulumi.prod.yaml: sophia:ssh_public_key", "a text")]
    assert pasted not in str(error.value)
    assert choose(committed, "dev", {}, key="").ssh_public_key == ""


def test_a_schedule_says_itself_in_one_line():
    schedule = Schedule(days=("monday", "friday"), start="07:00", end="19:00", timezone="UTC")
    assert str(schedule) == "mon-fri 07:00-19:00 UTC"
