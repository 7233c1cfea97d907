"""What the plugin does with the API, and what both refuse."""

from typing import Any

import pytest

from providers.kit.testing import Plugin, PluginError, Secret, State
from tests.vercel.conftest import (
    CRONS,
    DEPLOYMENT,
    DOMAIN,
    FIREWALL,
    FOLDER,
    PROJECT,
    RECORD,
    REPOSITORY,
    ROUTE,
    TEAM,
    TOKEN,
    VARIABLE,
)

HOST = "app.example.test"
WHOLE = {
    "name": "whole",
    "framework": "vite",
    "gitRepository": REPOSITORY,
    "gitForkProtection": True,
    "nodeVersion": "22.x",
    "skewProtection": "12 hours",
    "vercelAuthentication": {"deploymentType": "standard_protection_new"},
}


def test_a_project_is_what_it_was_made_and_a_change_behind_its_back_is_seen(plugin, vercel):
    made = plugin.create(PROJECT, WHOLE)
    assert not plugin.diff(
        PROJECT, made.id, plugin.read(PROJECT, made.id, made.outputs, made.inputs).outputs, WHOLE
    ).changes
    vercel.control.change("whole", gitForkProtection=False, nodeVersion="18.x")
    found = plugin.read(PROJECT, made.id, made.outputs, made.inputs)
    assert plugin.diff(PROJECT, made.id, found.outputs, WHOLE).diffs == ["gitForkProtection", "nodeVersion"]
    plugin.update(PROJECT, made.id, found.outputs, WHOLE)
    (kept,) = [one for one in vercel.control.account()["projects"].values() if one["name"] == "whole"]
    assert (kept["settings"]["gitForkProtection"], kept["settings"]["nodeVersion"]) == (True, "22.x")
    assert kept["link"]["productionBranch"] == "main"


def test_what_nobody_asked_for_is_the_apis_own_to_choose(plugin, vercel):
    made = plugin.create(PROJECT, {"name": "bare"})
    vercel.control.change("bare", nodeVersion="20.x")
    found = plugin.read(PROJECT, made.id, made.outputs, made.inputs)
    assert not plugin.diff(PROJECT, made.id, found.outputs, {"name": "bare"}).changes


def test_a_project_from_before_is_imported_with_all_that_it_is(plugin, vercel):
    (old,) = [one for one in vercel.control.account()["projects"].values() if one["name"] == "old"]
    found = plugin.read(PROJECT, old["id"])
    assert (found.outputs["name"], found.outputs["nodeVersion"]) == ("old", "18.x")


def test_a_project_of_nobody_is_not_imported(plugin):
    with pytest.raises(PluginError, match=r"no Project has the id"):
        plugin.read(PROJECT, "prj_" + "0" * 28)


def test_two_projects_do_not_have_one_name(plugin):
    with pytest.raises(PluginError, match=r"conflict: Project old already exists"):
        plugin.create(PROJECT, {"name": "old"})


def test_what_is_not_stood_in_for_is_refused_by_name(plugin):
    checked = plugin.check(PROJECT, {"name": "a", "trustedIps": {"addresses": []}, "gitLfs": True})
    assert "git_lfs, trusted_ips: not stood in for" in "".join(checked.failures.values())


def test_a_host_belongs_to_one_project_and_nothing_of_the_other_is_changed(plugin, project, vercel):
    plugin.create(DOMAIN, {"domain": HOST, "projectId": project.id})
    other = plugin.create(PROJECT, {"name": "other"})
    with pytest.raises(
        PluginError, match=r"domain_already_in_use: .* in use by your project site.*remove it there first"
    ):
        plugin.create(DOMAIN, {"domain": HOST, "projectId": other.id})
    holders = [one["name"] for one in vercel.control.account()["projects"].values() if HOST in one["domains"]]
    assert holders == ["site"]


def test_a_host_says_whether_its_name_leads_to_vercel(plugin, project, vercel):
    made = plugin.create(DOMAIN, {"domain": HOST, "projectId": project.id})
    assert made.outputs["misconfigured"]
    vercel.leads.add(HOST)
    assert not plugin.read(DOMAIN, made.id, made.outputs, made.inputs).outputs["misconfigured"]


def test_a_host_that_another_team_has_says_by_which_text_it_is_proven(plugin, project, vercel):
    vercel.control.claim(HOST, "vc-domain-verify=app,1234")
    made = plugin.create(DOMAIN, {"domain": HOST, "projectId": project.id})
    (asked,) = made.outputs["verifications"]
    assert (asked["type"], asked["domain"], asked["value"]) == (
        "TXT",
        "_vercel.example.test",
        "vc-domain-verify=app,1234",
    )
    vercel.control.prove(HOST)
    found = plugin.read(DOMAIN, made.id, made.outputs, made.inputs)
    assert found.outputs["verified"]
    wanted = {"domain": HOST, "projectId": project.id}
    assert not plugin.diff(DOMAIN, made.id, found.outputs, wanted).changes, "what it says is no input"


def test_a_host_leads_on_to_one_of_its_own_project_alone(plugin, project):
    wanted = {"domain": f"www.{HOST}", "projectId": project.id, "redirect": HOST, "redirectStatusCode": 308}
    with pytest.raises(PluginError, match=r"cannot redirect to app.example.test: it is not a domain of the project"):
        plugin.create(DOMAIN, wanted)
    plugin.create(DOMAIN, {"domain": HOST, "projectId": project.id})
    assert plugin.create(DOMAIN, wanted).outputs["redirect"] == HOST


def test_a_variable_is_one_for_each_target(plugin, project):
    wanted = {"projectId": project.id, "key": "VITE_A", "value": "a", "sensitive": False, "targets": ["production"]}
    plugin.create(VARIABLE, wanted)
    with pytest.raises(PluginError, match=r"ENV_CONFLICT"):
        plugin.create(VARIABLE, wanted)
    plugin.create(VARIABLE, {**wanted, "targets": ["preview"]})


def test_a_sensitive_variable_is_never_shown_again(plugin, project):
    canary = "canary" + "0123456789"
    wanted = {
        "projectId": project.id,
        "key": "API_KEY",
        "value": Secret(canary),
        "sensitive": True,
        "targets": ["production"],
    }
    made = plugin.create(VARIABLE, wanted)
    assert isinstance(made.outputs["value"], Secret)
    found = plugin.read(VARIABLE, made.id, made.outputs, made.inputs)
    assert not plugin.diff(VARIABLE, made.id, found.outputs, wanted).changes
    assert canary not in plugin.printed
    with pytest.raises(PluginError) as error:
        plugin.create(VARIABLE, wanted)
    assert canary not in str(error.value)


def test_a_sensitive_variable_is_not_for_development(plugin):
    wanted = {"projectId": "prj_1", "key": "A", "value": "b", "sensitive": True, "targets": ["development"]}
    assert "not for development" in "".join(plugin.check(VARIABLE, wanted).failures.values())


def rule(project: State, name: str, **route: str) -> dict[str, Any]:
    return {"projectId": project.id, "name": name, "enabled": True, "route": {"src": "^/.*$", **route}}


def test_rules_stand_in_their_order(plugin, project, vercel):
    first = plugin.create(ROUTE, {**rule(project, "first"), "position": {"placement": "start"}})
    after = {"placement": "after", "referenceRouteId": first.id}
    second = plugin.create(ROUTE, {**rule(project, "second", dest="/index.html"), "position": after})
    plugin.create(ROUTE, {**rule(project, "zeroth"), "position": {"placement": "start"}})
    kept = vercel.control.account()["projects"][project.id]["routes"]
    assert [one["name"] for one in kept] == ["zeroth", "first", "second"]
    assert second.outputs["routeType"] == "rewrite"
    plugin.delete(ROUTE, first.id, first.outputs)
    assert len(vercel.control.account()["projects"][project.id]["routes"]) == 2


def test_rules_that_somebody_staged_are_not_overwritten(plugin, project, vercel):
    vercel.control.stage("site", staged=True)
    with pytest.raises(PluginError, match=r"unpublished staged routing-rules version"):
        plugin.create(ROUTE, rule(project, "first"))
    vercel.control.stage("site", staged=False)
    plugin.create(ROUTE, rule(project, "first"))


def test_a_project_that_is_gone_takes_its_parts_with_it(plugin, project):
    route = plugin.create(ROUTE, rule(project, "first"))
    firewall = plugin.create(FIREWALL, {"projectId": project.id, "enabled": True})
    crons = plugin.create(CRONS, {"projectId": project.id, "enabled": False})
    domain = plugin.create(DOMAIN, {"projectId": project.id, "domain": HOST})
    plugin.delete(PROJECT, project.id, project.outputs)
    for kind, one in ((ROUTE, route), (FIREWALL, firewall), (CRONS, crons), (DOMAIN, domain)):
        assert not plugin.read(kind, one.id, one.outputs, one.inputs).id
        plugin.delete(kind, one.id, one.outputs)


def test_a_firewall_is_what_is_declared(plugin, project):
    group = {"conditions": [{"type": "path", "op": "pre", "value": "/.env"}]}
    denying = {"name": "scanners", "active": True, "action": {"action": "deny"}, "conditionGroups": [group]}
    wanted = {"projectId": project.id, "enabled": True, "rules": {"rules": [denying]}}
    made = plugin.create(FIREWALL, wanted)
    found = plugin.read(FIREWALL, made.id, made.outputs, made.inputs)
    assert not plugin.diff(FIREWALL, made.id, found.outputs, wanted).changes


def test_a_deployment_waits_until_it_is_built(plugin, project, vercel):
    made = plugin.create(DEPLOYMENT, {"projectId": project.id, "ref": "main", "production": True})
    assert made.outputs["url"].endswith(f"-{TEAM}.vercel.app")
    (kept,) = vercel.control.account()["projects"][project.id]["deployments"]
    assert kept["production"]
    plugin.delete(DEPLOYMENT, made.id, made.outputs)
    assert plugin.read(DEPLOYMENT, made.id, made.outputs, made.inputs).id, "it stays unless asked for"


def test_a_ref_of_no_repository_cannot_be_deployed(plugin):
    bare = plugin.create(PROJECT, {"name": "bare"})
    with pytest.raises(PluginError, match=r"connected to a repository; give the project a git_repository"):
        plugin.create(DEPLOYMENT, {"projectId": bare.id, "ref": "main"})


def test_a_record_stands_in_the_zone_that_vercel_keeps(plugin, vercel):
    wanted = {"domain": "example.test", "name": "app", "type": "A", "value": "192.0.2.1", "ttl": 300}
    made = plugin.create(RECORD, wanted)
    changed = {**wanted, "value": "192.0.2.2"}
    assert plugin.diff(RECORD, made.id, made.outputs, changed).diffs == ["value"]
    plugin.update(RECORD, made.id, made.outputs, changed)
    assert plugin.read(RECORD, made.id, made.outputs, made.inputs).outputs["value"] == "192.0.2.2"
    with pytest.raises(PluginError, match=r"a CNAME record stands alone"):
        plugin.create(RECORD, {**wanted, "type": "CNAME", "value": "elsewhere.test."})
    plugin.delete(RECORD, made.id, made.outputs)
    assert vercel.control.account()["records"] == {}


def refused(environment: dict[str, str], team: str) -> tuple[str, str]:
    """Return what a plugin is told that may do nothing, and all that it printed."""
    with Plugin(FOLDER, environment) as plugin:
        try:
            plugin.configure({"team": team})
            plugin.create(PROJECT, {"name": "a"})
        except PluginError as error:
            return str(error), plugin.printed
    pytest.fail("nothing was refused")


@pytest.mark.parametrize("wrong", ["short", "x" * 25, "rehearsal-with-a-hyphen0"])
def test_a_token_of_another_shape_is_refused_before_anything_is_asked(vercel, wrong):
    said, printed = refused({**vercel.environment, "VERCEL_API_TOKEN": wrong}, TEAM)
    assert "it must contain 24 characters" in said
    assert wrong not in said + printed
    assert vercel.control.log() == []


def test_without_a_token_the_variable_is_named_that_gives_it(vercel):
    assert "VERCEL_API_TOKEN" in refused({"VERCEL_API_URL": vercel.url}, TEAM)[0]


def test_a_token_that_is_not_valid_is_told_with_what_to_do(vercel):
    other = TOKEN[::-1]
    said, printed = refused({**vercel.environment, "VERCEL_API_TOKEN": other}, TEAM)
    assert "Not authorized: the token is not valid" in said
    assert other not in said + printed


def test_a_team_of_somebody_else_is_refused_before_anything_is_made(vercel):
    said, _ = refused(vercel.environment, "theirs")
    assert 'Trying to access resource under scope "theirs"' in said
    assert "nothing was changed" in said
    assert vercel.writes() == []


def test_an_api_that_fails_has_changed_nothing_and_says_so(plugin, vercel):
    vercel.control.fail([503])
    with pytest.raises(PluginError, match=r"POST /v8/projects: internal_server_error.*run the command again"):
        plugin.create(PROJECT, {"name": "a"})
    assert [one["name"] for one in vercel.control.account()["projects"].values()] == ["old"]
