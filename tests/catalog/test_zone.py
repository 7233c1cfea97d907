"""The zone, the sites, and the records that follow from them."""

import hashlib
from typing import Any

import pytest

from catalog import Catalog, CatalogError
from catalog.records import RecordSet, RecordType, addressed, expected, records, verification
from catalog.site import FrontEnd, Target
from catalog.zone_rules import filled, looks_secret, places
from tests.catalog.conftest import Broken

ZONE, SITES = "zone.yaml", "sites.yaml"
NAME = "sophia-intel.ai"
KEY = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT"


def summary(broken: Broken, edits: dict[str, Any]) -> list[tuple[str, str]]:
    return [(offence.path.partition("catalog/")[2], offence.value) for offence in broken(edits)]


def site(name: str = "app", **changes: Any) -> dict[str, Any]:
    return {SITES: {"sites": {name: changes}}}


def hosts(**changes: Any) -> dict[str, Any]:
    return {ZONE: {"hosts": changes}}


def told(committed: Catalog, frontend: FrontEnd = "vercel") -> dict[str, RecordSet]:
    return {one.key: one for one in addressed(records(committed, frontend), expected(committed))}


def test_names_lead_where_the_specification_says(committed: Catalog) -> None:
    """Platform specification, 3.2."""
    found = {key: one.values for key, one in told(committed).items()}
    core, dev, vercel = ("192.222.58.232",), ("155.248.194.183",), ("cname.vercel-dns.com.",)
    assert found == {
        f"{NAME} A": ("76.76.21.21",),
        f"www.{NAME} A": ("76.76.21.21",),
        **{f"{one}.{NAME} CNAME": vercel for one in ("app", "admin", "docs", "status", "dev.app", "staging")},
        **{f"{one}.{NAME} A": core for one in ("api", "mcp", "webhooks", "ws", "grafana", "monitor")},
        **{f"{one}.{NAME} A": dev for one in ("dev.api", "dev.mcp")},
        f"{NAME} CAA": (f'0 iodef "mailto:infra@{NAME}"', '0 issue "letsencrypt.org"', '0 issuewild ";"'),
    }


def test_a_cluster_that_serves_the_sites_is_led_to_by_all_their_names(committed: Catalog) -> None:
    """Set 3 of the platform specification, 3.2."""
    found = told(committed, "cluster")
    served = [host for one in committed.sites.sites.values() for host in one.domains]
    assert {found[f"{host} A"].values for host in served} == {("192.222.58.232",)}
    assert not any("vercel" in value for one in found.values() for value in one.values)


@pytest.mark.parametrize("frontend", ["vercel", "cluster"])
def test_nothing_stands_beside_another_name_and_none_is_the_zones_own(committed: Catalog, frontend: FrontEnd) -> None:
    found = told(committed, frontend)
    aliases = {one.host for one in found.values() if one.type is RecordType.CNAME}
    assert NAME not in aliases
    assert not [one.key for one in found.values() if one.host in aliases and one.type is not RecordType.CNAME]


def test_each_name_has_one_owner_and_the_same_one_on_both_sides(committed: Catalog) -> None:
    sides = [
        {one.host: one.owner for one in records(committed, side) if one.type != "CAA"} for side in ("vercel", "cluster")
    ]
    assert sides[0] == sides[1]


def test_a_machine_without_an_address_has_no_name_and_gets_one_with_it(committed: Catalog) -> None:
    planned = records(committed, "vercel")
    host = f"staging.mcp.{NAME} A"
    assert host not in {one.key for one in addressed(planned, expected(committed))}
    found = {one.key: one.values for one in addressed(planned, {"staging-server": "192.0.2.7"})}
    assert found[host] == ("192.0.2.7",)


def test_what_proves_ownership_stands_where_vercel_asks_for_it(committed: Catalog) -> None:
    one = verification(committed.zone, f"_vercel.{NAME}", ["vc-domain-verify=app,1234"])
    assert (one.key, one.values) == (f"_vercel.{NAME} TXT", ('"vc-domain-verify=app,1234"',))


def test_only_the_owner_of_the_zone_has_its_records(committed: Catalog) -> None:
    owned = {
        stack: bool(
            committed.stack(
                stack,
                machines=[name for name, one in committed.machines.items() if one.owner == stack],
                image_lock="rehearsal",
            ).records
        )
        for stack in committed.limits.stacks
    }
    assert owned == {"prod": True, "staging": False, "dev": False}


def test_public_variables_name_hosts_of_the_zone(committed: Catalog) -> None:
    known = {**places(committed.zone), "gateway": committed.gateway.hosts["prod"]}
    found = {(name, target): filled(value, known) for name, target, value in committed.sites.sites["app"].values()}
    assert found["VITE_API_ENDPOINT", Target.PRODUCTION] == f"https://api.{NAME}"
    assert found["VITE_API_ENDPOINT", Target.PREVIEW] == f"https://dev.api.{NAME}"
    assert found["VITE_MCP_ENDPOINT", Target.PREVIEW] == f"https://mcp.{NAME}"


def test_a_name_is_owned_once(broken: Broken) -> None:
    found = summary(broken, hosts(app={"machine": "sophia-ai-core", "description": "The same"}))
    assert found == [(f"sites.yaml: sites.app.domains.app.{NAME}", f"app.{NAME}")]


def test_a_gateway_owns_its_name(broken: Broken) -> None:
    found = summary(broken, hosts(mcp={"machine": "sophia-ai-core", "description": "The same"}))
    assert found == [("gateway.yaml: hosts.prod", f"mcp.{NAME}")]


def test_two_sites_do_not_share_a_name(broken: Broken) -> None:
    found = summary(broken, site("docs", domains={f"admin.{NAME}": {}}))
    assert found == [(f"sites.yaml: sites.docs.domains.admin.{NAME}", f"admin.{NAME}")]


@pytest.mark.parametrize(
    ("edits", "path", "value"),
    [
        (site(domains={"app.cherry-ai.me": {}}), "sites.yaml: sites.app.domains.app.cherry-ai.me", "app.cherry-ai.me"),
        ({ZONE: {"owner": "qa"}}, "zone.yaml: owner", "qa"),
        ({SITES: {"owner": "qa"}}, "sites.yaml: owner", "qa"),
        (hosts(api={"machine": "nobody"}), "zone.yaml: hosts.api.machine", "nobody"),
        (
            hosts(blog={"alias": f"api.{NAME}", "description": "x"}),
            "zone.yaml: hosts.blog.alias",
            f"api.{NAME}",
        ),
        (site("docs", project="sophia-intel-ai-app"), "sites.yaml: sites.app.project", "sophia-intel-ai-app"),
        (
            site(domains={f"www.{NAME}": {"redirect": f"docs.{NAME}"}}),
            f"sites.yaml: sites.app.domains.www.{NAME}.redirect",
            f"docs.{NAME}",
        ),
        (
            site(domains={f"www.{NAME}": {"redirect": NAME}}),
            f"sites.yaml: sites.app.domains.www.{NAME}.redirect",
            NAME,
        ),
        (
            site(domains={f"staging.{NAME}": {"branch": "main"}}),
            f"sites.yaml: sites.app.domains.staging.{NAME}.branch",
            "main",
        ),
        (site("docs", domains={f"docs.{NAME}": {"branch": "next"}}), "sites.yaml: sites.docs.domains", "none"),
        (site(environment={"VITE_X": "{nowhere}"}), "sites.yaml: sites.app.environment.VITE_X.preview", "nowhere"),
        (site(secrets={"TOKEN": "NOT_THERE"}), "sites.yaml: sites.app.secrets.TOKEN", "NOT_THERE"),
        (site(secrets={"VITE_GH": "GH_API_TOKEN"}), "sites.yaml: sites.app.secrets.VITE_GH", "VITE_GH"),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    broken: Broken, edits: dict[str, Any], path: str, value: str
) -> None:
    assert (path, value) in summary(broken, edits)


def test_a_host_has_a_machine_or_an_alias(broken: Broken) -> None:
    ((path, _),) = summary(broken, hosts(api={"alias": "example.com"}))
    assert path == "zone.yaml: hosts.api"


@pytest.mark.parametrize("name", ["VITE_PORTKEY_API_KEY", "VITE_ACCESS_TOKEN", "NEXT_PUBLIC_DB_PASSWORD"])
def test_a_public_variable_that_is_called_a_secret_is_refused(broken: Broken, name: str) -> None:
    assert summary(broken, site(environment={name: "x"})) == [(f"sites.yaml: sites.app.environment.{name}", name)]


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        "ghp_" + "a1B2" * 9,
        "https://user:pass" + "word@db.example.com",
        hashlib.sha256(b"a key").hexdigest(),
        "xoxb-" + "123456789012-abcdefghij",
    ],
)
def test_a_public_value_that_looks_like_a_secret_is_refused_and_not_shown(broken: Broken, value: str) -> None:
    (first, *_) = offences = broken(site(environment={"VITE_X": value}))
    assert {one.value for one in offences} == {"[not shown]"}
    assert value not in str(first)


@pytest.mark.parametrize(
    "value",
    [
        "https://api.sophia-intel.ai/docs",
        "Sophia AI",
        "true",
        "wss://ws.sophia-intel.ai",
        "sophia-intel-ai-frontend-app",
    ],
)
def test_a_plain_value_looks_like_none(value: str) -> None:
    assert not looks_secret(value)


def test_a_table_of_headers_has_what_every_answer_says(broken: Broken) -> None:
    found = summary(broken, {SITES: lambda tree: tree["headers"].pop("X-Frame-Options")})
    assert found == [("sites.yaml: headers.X-Frame-Options", "absent")]


def test_a_header_names_hosts_of_the_zone_alone(broken: Broken) -> None:
    found = summary(broken, {SITES: {"headers": {"Content-Security-Policy": "connect-src https://{nowhere}"}}})
    assert found == [("sites.yaml: headers.Content-Security-Policy", "nowhere")]


def test_a_header_is_one_line(broken: Broken) -> None:
    (offence,) = broken({SITES: {"headers": {"X-Frame-Options": "DENY\nSet-Cookie: a=b"}}})
    assert offence.path.endswith("headers.X-Frame-Options")


def test_a_project_of_a_site_is_none_from_before(broken: Broken) -> None:
    found = summary(broken, {SITES: lambda tree: tree["legacy"].append("sophia-intel-ai-app")})
    assert found == [("sites.yaml: legacy[12]", "sophia-intel-ai-app")]


def test_each_site_has_its_server_and_each_server_its_site(broken: Broken) -> None:
    found = summary(broken, {"web/site-docs.yaml": None, "web/site-blog.yaml": "title: Blog\ndescription: A blog\n"})
    named = {value for path, value in found if path.startswith("sites.yaml")}
    assert named == {"site-docs", "site-blog"}


PROJECT_ID = "prj_" + "0" * 28


@pytest.mark.parametrize(
    ("choice", "key", "value"),
    [
        ({"frontend_leaving": "vercel"}, "frontend_leaving", "vercel"),
        ({"legacy_projects": {"nobodys": PROJECT_ID}}, "legacy_projects", "nobodys"),
        ({"legacy_projects": {"dist": "dist"}}, "legacy_projects.dist", "dist"),
        ({"released_projects": ("sophia-intel-ai-app",)}, "released_projects", "sophia-intel-ai-app"),
        ({"legacy_projects": {"dist": PROJECT_ID, "frontend": PROJECT_ID}}, "legacy_projects.frontend", PROJECT_ID),
    ],
)
def test_a_choice_about_sites_is_refused_by_key(committed: Catalog, choice: Any, key: str, value: str) -> None:
    machines = [name for name, one in committed.machines.items() if one.owner == "prod"]
    with pytest.raises(CatalogError) as error:
        committed.stack("prod", machines=machines, image_lock="rehearsal", **choice)
    (offence,) = error.value.offences
    assert (offence.path, offence.value) == (f"Pulumi.prod.yaml: sophia:{key}", value)


def test_projects_are_taken_over_by_the_stack_that_owns_the_sites(committed: Catalog) -> None:
    with pytest.raises(CatalogError, match="projects at Vercel are managed by prod"):
        committed.stack(
            "dev", machines=["sophia-development"], image_lock="rehearsal", legacy_projects={"dist": PROJECT_ID}
        )


def test_a_secret_that_the_program_reads_is_every_stacks(broken: Broken) -> None:
    found = summary(broken, {"secrets.yaml": lambda tree: tree["secrets"]["LINEAR_API_KEY"].update(stacks=["prod"])})
    assert found == [("secrets.yaml: secrets.LINEAR_API_KEY.stacks", "prod")]


def test_only_the_owner_of_the_sites_has_their_token(committed: Catalog) -> None:
    having = [stack for stack in committed.limits.stacks if "VERCEL_API_TOKEN" in committed.provider_variables(stack)]
    assert having == ["prod"]
    assert "VERCEL_API_TOKEN" not in committed.secrets_of("prod"), "the program never reads it"
