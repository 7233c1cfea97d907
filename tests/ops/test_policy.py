"""``policy``: what people, comments and code scanning services are told, and that up and preview refuse with 3."""

import json
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import pytest

import policies
from ops.events import Judged, parse
from ops.exit_code import ExitCode
from ops.preview import PACK, found

SCHEMA = Path(__file__).parent / "sarif-schema-2.1.0.json"
ROOT = Path(__file__).resolve().parents[2]
URN = "urn:pulumi:dev::sophia::sophia:lambda:Machine::sophia-development"
REFUSAL = {
    "resourceUrn": URN,
    "message": "instance_type must be one of the stack's; choose another (docs/policies.md#lmb-ins-1)\n",
    "policyName": "LMB-INS-1",
    "enforcementLevel": "mandatory",
    "severity": "high",
}
"""What the engine said of a pack's finding (pulumi 3.259.0)."""


def test_a_stack_that_passes_shows_every_rule_and_every_exemption_with_owner_reason_and_end(sophia):
    left = sophia("policy", "prod")
    assert left.code == ExitCode.OK
    assert all(rule.id in left.out for rule in policies.RULES)
    assert "core_team" in left.out
    assert "2027-05-01" in left.out
    assert "prod, render: " in left.out


@pytest.mark.usefixtures("later")
def test_what_blocks_leaves_with_3_and_names_rule_resource_property_place_and_remedy(sophia):
    left = sophia("policy", "prod")
    assert left.code == ExitCode.POLICY
    (line, *_) = [line for line in left.out.splitlines() if line.startswith("block: PSS-B-hostPath k3s-")]
    assert " (components/k3s/cluster.py:" in line
    assert "spec.template.spec.volumes[0].hostPath must be unset" in line
    assert "use a claim, an emptyDir or a projected volume (docs/policies.md#pss-b-hostpath)" in line
    assert "its exemption ended on 2027-05-01" in line
    assert "catalog/policy.yaml: exemptions[0]: the exemption ended" in left.out


def test_the_answer_as_json_tells_each_rule_of_each_resource(sophia):
    document = json.loads(sophia("policy", "--json", "dev").out)
    rules = {rule["id"]: rule for rule in document["rules"]}
    assert rules.keys() == {rule.id for rule in policies.RULES}
    assert any(urn.endswith("::mcp-github-deployment") for urn in rules["PSS-B-privileged"]["passes"])
    assert rules["PROT-1"]["level"] == "skip"
    assert {one["state"] for one in document["exemptions"]} == {"used", "elsewhere"}
    assert {one["verdict"] for one in document["findings"]} == {"exempt", "deferred"}
    assert all(one["owner"] and one["reason"] for one in document["findings"] if one["verdict"] == "exempt")


@pytest.mark.usefixtures("later")
def test_markdown_fits_a_comment_and_tells_the_same(sophia):
    left = sophia("policy", "prod", "--markdown")
    assert left.code == ExitCode.POLICY
    assert len(left.out) < 65_000
    assert "### Policies of prod" in left.out
    assert "| block | `PSS-B-hostPath` | `k3s-" in left.out
    assert "| core_team | 2027-05-01 | expired |" in left.out


def test_sarif_is_valid_and_keeps_what_is_exempt_with_its_reason(sophia, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    sophia("policy", "prod", "--sarif", str(tmp_path / "prod.sarif"))
    document = json.loads((tmp_path / "prod.sarif").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    pages = [rule["helpUri"] for rule in rules]
    assert all(page.partition("#")[0] == "docs/policies.md" for page in pages)
    assert all(0 < float(rule["properties"]["security-severity"]) <= 10 for rule in rules)
    assert run["results"]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        (suppression,) = one["suppressions"]
        assert "core_team, until 2027-05-01; catalog/policy.yaml" in suppression["justification"]
        (place,) = [location["physicalLocation"] for location in one["locations"]]
        text = (ROOT / place["artifactLocation"]["uri"]).read_text(encoding="utf-8")
        assert place["region"]["startLine"] <= len(text.splitlines())
    prints = [one["partialFingerprints"]["ruleAndResourceAndPath/v1"] for one in run["results"]]
    assert len(set(prints)) == len(prints)


@pytest.mark.usefixtures("later")
def test_sarif_of_what_blocks_is_an_error_whose_identity_does_not_change_with_the_day(sophia, tmp_path):
    left = sophia("policy", "prod", "--sarif", str(tmp_path / "prod.sarif"))
    assert left.code == ExitCode.POLICY
    document = json.loads((tmp_path / "prod.sarif").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(document)
    results = document["runs"][0]["results"]
    assert {one["level"] for one in results} == {"error", "warning"}
    assert {tuple(one["suppressions"]) for one in results} == {()}
    files = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results}
    assert files >= {"components/k3s/cluster.py", "catalog/policy.yaml"}


def test_links_lead_to_the_commit_in_a_run_of_githubs(sophia, tmp_path, monkeypatch):
    for name, value in {"SERVER_URL": "https://github.com", "REPOSITORY": "a/b", "SHA": "0f0f"}.items():
        monkeypatch.setenv(f"GITHUB_{name}", value)
    sophia("policy", "dev", "--sarif", str(tmp_path / "dev.sarif"))
    document = json.loads((tmp_path / "dev.sarif").read_text(encoding="utf-8"))
    page = document["runs"][0]["tool"]["driver"]["rules"][0]["helpUri"]
    assert page.startswith("https://github.com/a/b/blob/0f0f/docs/policies.md#")


def state(*resources: Mapping[str, object], **about: object) -> str:
    deployment = {"secrets_providers": {"type": "service"}, "resources": resources, **about}
    return json.dumps({"version": 3, "deployment": deployment})


def test_an_exported_state_is_judged_with_its_own_places_and_outputs(sophia, tmp_path):
    stack = {
        "urn": "urn:pulumi:prod::sophia::pulumi:pulumi:Stack::sophia-prod",
        "type": "pulumi:pulumi:Stack",
        "outputs": {"kubeconfig": "words"},
    }
    collection = {
        "urn": "urn:pulumi:prod::sophia::weaviate:index:Collection::memory-a",
        "type": "weaviate:index:Collection",
        "inputs": {"deletionProtection": True},
        "provider": "urn:pulumi:prod::sophia::pulumi:providers:weaviate::memory::1",
        "sourcePosition": "project:///components/weaviate/memory.py#88,9",
    }
    file = tmp_path / "state.json"
    file.write_text(state(stack, collection, secrets_providers={"type": "passphrase"}), encoding="utf-8")
    left = sophia("policy", "prod", "--from", "state", "--file", str(file))
    assert left.code == ExitCode.POLICY
    assert "block: PROT-1 memory-a (components/weaviate/memory.py:88): options.protect must be true" in left.out
    assert "block: OUT-1 sophia-prod: outputs.kubeconfig must be a secret" in left.out
    assert "block: STATE-1 prod: secretsProvider.type must be" in left.out
    assert "words" not in left.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "nowhere"), "--from nowhere: it names what is judged; choose one of: render, state, preview"),
        (("--file", "x.json"), "only a state is read from a file; add --from state"),
        (("--from", "state", "--file", "/nowhere/x.json"), "/nowhere/x.json: it cannot be read: No such file"),
        (("--sarif", "/dev/null/x.sarif"), "/dev/null/x.sarif: it cannot be written (File exists)"),
    ],
)
def test_an_argument_that_is_wrong_leaves_with_2(sophia, words, said):
    left = sophia("policy", "dev", *words)
    assert left.code == ExitCode.BAD_INPUT
    assert said in left.err


def test_a_file_that_is_no_state_leaves_with_2(sophia, tmp_path):
    file = tmp_path / "state.json"
    file.write_text("{}", encoding="utf-8")
    left = sophia("policy", "dev", "--from", "state", "--file", str(file))
    assert left.code == ExitCode.BAD_INPUT
    assert "it is not what `pulumi stack export` prints" in left.err


@pytest.mark.parametrize("words", [("policy",), ("policy", "list", "dev"), ("policy", "--json")], ids=str)
def test_without_a_stack_it_is_dev_and_the_spelling_of_a_listing_works(sophia, words):
    assert sophia(*words).code == ExitCode.OK


def test_a_stack_that_there_is_not_is_told(sophia):
    left = sophia("policy", "live")
    assert left.code == ExitCode.BAD_INPUT
    assert "Pulumi.live.yaml does not exist; choose one of: dev, prod, staging" in left.err


@pytest.fixture
def refusing(stand_in):
    """An engine whose preview refuses, and that says whether anything else was asked of it."""
    lines = [json.dumps({"policyEvent": REFUSAL}), json.dumps({"summaryEvent": {"result": "failed"}})]
    body = "open('asked', 'a').write(sys.argv[1] + '\\n')\n" + "\n".join(f"print({line!r})" for line in lines)
    return stand_in(f"{body}\nsys.exit(1)")


def test_a_preview_that_is_refused_leaves_with_3_and_tells_the_finding(sophia, deployment, monkeypatch, refusing):
    monkeypatch.setattr("ops.cli.rehearsed", lambda *_: deployment(refusing))
    left = sophia("preview", "dev", "--json")
    assert left.code == ExitCode.POLICY
    (one,) = json.loads(left.out)["policies"]
    assert (one["rule"], one["name"], one["path"], one["level"]) == (
        "LMB-INS-1",
        "sophia-development",
        "instance_type",
        "block",
    )


def test_an_up_whose_update_is_refused_leaves_with_3_and_asks_the_engine_once(
    sophia, deployment, monkeypatch, refusing, tmp_path
):
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("ops.up.rehearsed", lambda *_: deployment(refusing))
    left = sophia("up", "dev")
    assert left.code == ExitCode.POLICY
    assert "LMB-INS-1: sophia-development: instance_type must be one of the stack's; choose another" in left.err
    assert (tmp_path / "project/asked").read_text(encoding="utf-8").split() == ["up"]


@pytest.mark.usefixtures("later")
def test_an_up_whose_render_is_refused_starts_no_engine_and_no_machine(sophia, monkeypatch):
    monkeypatch.setattr("ops.deployment.require_root", lambda: pytest.fail("something was started"))
    left = sophia("up", "prod")
    assert left.code == ExitCode.POLICY
    assert "PSS-B-hostPath: k3s-" in left.err


def test_the_engine_is_given_the_pack():
    assert ("--policy-pack", str(ROOT / "policies")) == PACK


@pytest.mark.parametrize(
    ("message", "path", "verdict"),
    [
        ("spec.x[0].y must be false; remove it", "spec.x[0].y", "violation"),
        ('records["*.a.b A"] must not be of a wildcard; name it', 'records["*.a.b A"]', "violation"),
        ("could not evaluate rules[0]: only the deployment will know it; say it", "rules[0]", "unknown"),
        ("could not evaluate it: the rule itself broke (ValueError)", "it", "unknown"),
        ("must have an explicit provider; pass it", "", "violation"),
    ],
)
def test_the_path_of_a_finding_is_read_from_what_the_engine_tells(message, path, verdict):
    event = parse(json.dumps({"policyEvent": {**REFUSAL, "message": message}}))
    assert isinstance(event, Judged)
    row = found(event)
    assert (row.path, row.verdict, row.level) == (path, verdict, "block")
