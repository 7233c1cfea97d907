"""Sites at Vercel and in the cluster."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

import components
from components.gateway import browsers, objects
from components.sites import server
from components.vercel import plan
from render import Resource
from tests.components.conftest import output

KEY = "canary" + "-of-a-site"
PROJECT_ID = "prj_" + "0" * 28


@pytest.fixture
def built(facts, stack, build) -> Callable[..., Mapping[str, Resource]]:
    """Gives all resources of the sites by name, for what the stack chooses."""

    def make(**choice: Any) -> Mapping[str, Resource]:
        chosen = stack("prod", **choice)
        secrets = {secret: output(f"value of {secret}", known=True) for secret in facts.secrets}
        found = build(
            lambda: components.Sites(
                "sites",
                stack=chosen,
                gateway=output("mcp.example.test", known=True, secret=False),
                secrets=secrets,
                fingerprint_key=output("key", known=True),
            )
        )
        return {one.name: one for one in found.resources.values()}

    return make


def of_kind(found: Mapping[str, Resource], kind: str) -> dict[str, Resource]:
    return {name: one for name, one in found.items() if one.type.endswith(f":{kind}")}


def test_the_four_projects_are_what_the_specification_says(built):
    """Platform specification, 3.3."""
    found = {name: one.inputs for name, one in of_kind(built(), "Project").items()}
    assert {
        (one["name"], one.get("framework"), one["rootDirectory"], one["buildCommand"]) for one in found.values()
    } == {
        ("sophia-intel-ai-app", "vite", "frontend", "npm run build"),
        ("sophia-intel-ai-admin", "vite", "admin", "npm run build"),
        ("sophia-intel-ai-docs", None, "docs", "npm run build:docs"),
        ("sophia-intel-ai-status", None, "status", "npm run build:status"),
    }
    assert {one["gitForkProtection"] for one in found.values()} == {True}
    assert {one["vercelAuthentication"]["deploymentType"] for one in found.values()} == {"standard_protection_new"}


def test_hosts_answer_as_the_catalog_says(built):
    domains = {one.inputs["domain"]: one.inputs for one in of_kind(built(), "ProjectDomain").values()}
    assert domains["dev.app.sophia-intel.ai"]["gitBranch"] == "develop"
    assert (domains["www.sophia-intel.ai"]["redirect"], domains["www.sophia-intel.ai"]["redirectStatusCode"]) == (
        "app.sophia-intel.ai",
        308,
    )
    assert len(domains) == 8


def test_addresses_in_variables_flow_from_the_clusters_outputs(built):
    variables = of_kind(built(), "ProjectEnvironmentVariable")
    of_app = {
        (one.inputs["key"], *one.inputs["targets"]): one
        for name, one in variables.items()
        if name.startswith("sites-app")
    }
    assert ("VITE_MCP_ENDPOINT", "production") in of_app
    assert {len(one.inputs["targets"]) for one in variables.values()} == {1}, "what production has, no preview gets"
    assert {one.inputs["sensitive"] for one in variables.values()} == {False}


def test_a_secret_of_a_site_is_sensitive_and_for_functions_alone(stack, build):
    chosen = stack("prod")
    site = chosen.sites.sites["app"].model_copy(update={"secrets": {"API_KEY": "OPENAI_API_KEY"}})
    sites = chosen.sites.model_copy(update={"sites": {"app": site}})
    found = build(
        lambda: components.Site(
            "app",
            stack=replace(chosen, sites=sites),
            site="app",
            gateway="mcp.example.test",
            secrets={"OPENAI_API_KEY": output(KEY, known=True)},
        )
    )
    sensitive = [one for one in found.resources.values() if one.inputs.get("sensitive")]
    assert [one.inputs["targets"] for one in sensitive] == [["production"], ["preview"]]
    assert KEY not in json.dumps([one.inputs for one in found.resources.values()])


@pytest.mark.parametrize(
    ("choice", "protected"), [({}, True), ({"frontend": "cluster", "frontend_leaving": "vercel"}, False)]
)
def test_projects_and_hosts_are_protected_while_names_lead_there(built, choice, protected):
    found = built(**choice)
    guarded = [*of_kind(found, "Project").values(), *of_kind(found, "ProjectDomain").values()]
    assert {bool(one.options.get("protect")) for one in guarded} == {protected}


def test_with_the_cluster_alone_nothing_is_at_vercel(built):
    assert [name for name, one in built(frontend="cluster").items() if one.type.startswith("vercel:")] == []


def test_a_project_from_before_is_imported_and_kept_until_it_is_released(built):
    taken = built(legacy_projects={"dist": PROJECT_ID})["sites-legacy-dist"]
    assert (taken.options["import_id"], taken.options["protect"], taken.options["ignore_changes"]) == (
        PROJECT_ID,
        True,
        ["*"],
    )
    released = built(legacy_projects={"dist": PROJECT_ID}, released_projects=("dist",))["sites-legacy-dist"]
    assert not released.options.get("protect")


def test_one_table_gives_the_headers_of_both_sides(stack):
    chosen = stack("prod", frontend="cluster", frontend_leaving="vercel")
    routes = dict(plan.routes(chosen, chosen.sites.sites["app"]))
    at_vercel = {json.loads(one["target"])["key"]: json.loads(one["args"]) for one in routes["headers"]["transforms"]}
    in_cluster = browsers.of_sites(chosen)["headers"]["customResponseHeaders"]
    assert at_vercel == in_cluster == chosen.headers
    assert at_vercel["X-Frame-Options"] == "DENY"
    assert at_vercel["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "https://mcp.sophia-intel.ai" in at_vercel["Content-Security-Policy"]


def test_pages_of_the_sites_may_ask_the_gateway_and_nobody_elses(stack):
    """Platform specification, 3.4."""
    told = browsers.of_gateway(stack("dev"))["headers"]
    assert told["accessControlAllowMethods"] == ["GET", "POST", "PUT", "DELETE", "OPTIONS"]
    assert told["accessControlAllowHeaders"] == ["Authorization", "Content-Type", "X-API-Key"]
    assert (told["accessControlAllowCredentials"], told["accessControlMaxAge"]) == (True, 86400)
    assert "https://app.sophia-intel.ai" in told["accessControlAllowOriginList"]
    assert "*" not in "".join(told["accessControlAllowOriginList"])


@pytest.mark.parametrize(
    ("path", "page"),
    [("/", True), ("/some/page", True), ("/assets/a", False), ("/favicon.ico", False), ("/some/file.css", False)],
)
def test_a_path_of_a_page_is_no_files(stack, path, page):
    assert bool(re.search(stack("prod").sites.page_pattern, path)) == page


def test_only_a_single_page_answers_every_path_with_its_front_page(stack):
    chosen = stack("prod")
    told = {name: server.nginx(chosen, site, 8080) for name, site in chosen.sites.sites.items()}
    assert {name for name, text in told.items() if "/index.html; }" in text} == {"app", "admin"}
    assert all(r"^(/\.env" in text for text in told.values())


def test_every_host_has_a_listener_a_certificate_and_one_way_in(stack):
    chosen = stack("prod", frontend="cluster", issuer="own-ca")
    hosts = {host for site in chosen.sites.sites.values() for host in site.domains}
    listeners = objects.gateway(chosen)["listeners"]
    assert {one["hostname"] for one in listeners} == {*hosts, chosen.host}
    assert {*objects.certificates(chosen)["sites"]["dnsNames"]} == hosts
    served = [
        host
        for site in chosen.sites.sites.values()
        for host in objects.site_route(chosen, site, chosen.web[0])["hostnames"]
    ]
    led_on = [host for site in chosen.sites.sites.values() for host in server.redirects(site)]
    assert sorted([*served, *led_on]) == sorted(hosts)


def test_the_gateway_of_a_stack_without_sites_is_as_it_was(stack):
    assert {one["hostname"] for one in objects.gateway(stack("dev"))["listeners"]} == {stack("dev").host}
    assert "sites" not in objects.certificates(stack("dev"))
