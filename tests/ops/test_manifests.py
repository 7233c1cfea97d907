"""Checking any folder of manifests: a row for every rule that says something, and what is wrong named by its place."""

import json
import time
from pathlib import Path

import jsonschema
import pytest

from ops.exit_code import ExitCode

SCHEMA = Path(__file__).resolve().parents[2] / "docs/schema/policy-check-manifests.json"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {containers: [{name: a, image: a}]}\n"
RESTRICTED = """\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
    - {name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
"""

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def check(sophia, tmp_path):
    """Checks files, and gives how it left."""

    def run(*words: str, **files: str | bytes):
        for name, text in files.items():
            path = tmp_path / "manifests" / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return sophia("policy", "check-manifests", str(tmp_path / "manifests"), *words)

    return run


@pytest.fixture
def rows(check):
    """Gives the rows of files, each as its schema says."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)

    def found(*words: str, **files: str | bytes):
        lines = [json.loads(line) for line in check("--json", *words, **files).out.splitlines()]
        for line in lines:
            validator.validate(line)
            assert set(line) == set(schema["properties"])
        return lines

    return found


def verdicts(rows, level: str) -> dict[str, str]:
    return {
        row["standard"]["check"]: row["verdict"]
        for row in rows
        if row["standard"] and row["standard"]["level"] == level
    }


def test_every_check_of_the_standards_has_a_row_and_passes_are_among_them(rows):
    found = rows(a=RESTRICTED)
    assert set(verdicts(found, "baseline").values()) == {"pass"}
    assert set(verdicts(found, "restricted").values()) == {"pass"}
    assert len(verdicts(found, "baseline")) == 12
    assert set(verdicts(found, "restricted")) == {
        *("volumes", "allowPrivilegeEscalation", "runAsNonRoot", "runAsUser", "seccomp", "capabilities", "procMount")
    }
    assert [row for row in found if row["message"] and row["verdict"] == "pass"] == []


def test_rows_name_file_document_kind_and_name_and_lists_are_told_apart(rows):
    items = f"apiVersion: v1\nkind: List\nitems: [{json.dumps({'apiVersion': 'v1', 'kind': 'ConfigMap'})}]\n"
    found = rows(below__a=f"---\n# nothing\n---\n{POD}---\n{items}", b=items.replace("ConfigMap", "Secret"))
    places = {(row["file"], row["document"], row["kind"], row["name"]) for row in found}
    assert places == {
        ("below/a.yaml", 1, "Pod", "a"),
        ("below/a.yaml", 2, "ConfigMap", "document-3-item-1"),
        ("b.yaml", 0, "Secret", "document-1-item-1"),
    }


def test_anchors_and_merges_are_what_they_stand_for(rows):
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- &pod {apiVersion: v1, kind: Pod, metadata: {name: a},\n"
        "  spec: &spec {hostNetwork: true, containers: []}}\n- {<<: *pod, metadata: {name: b}}\n"
        "- {apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {<<: *spec, hostNetwork: false}}\n"
    )
    found = {row["name"]: row["verdict"] for row in rows(a=text) if row["rule"] == "PSS-B-hostNamespaces"}
    assert found == {"a": "fail", "b": "fail", "c": "pass"}


def test_a_rule_that_needs_several_sees_all_files_of_the_folder(rows):
    policy = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: all, namespace: shop}\n"
        "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
    )
    assert [row["verdict"] for row in rows(a=POD) if row["rule"] == "K8S-NET-1"] == ["fail"]
    assert [row["verdict"] for row in rows(a=POD, b=policy) if row["rule"] == "K8S-NET-1"] == ["pass"]


def test_a_version_says_which_checks_there_are(rows):
    probe = RESTRICTED.replace("{name: a, sec", "{name: a, livenessProbe: {httpGet: {port: 1, host: b}}, sec")
    newer, older = (verdicts(rows("--version", version, a=probe), "baseline") for version in ("v1.34", "1.33"))
    assert (newer["hostProbes"], older["hostProbes"]) == ("fail", "pass")


@pytest.mark.parametrize(
    ("text", "stack", "code"),
    [
        (RESTRICTED.replace("drop: [ALL]", "drop: []"), "prod", ExitCode.POLICY),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\n", "prod", ExitCode.OK),
        ("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a, namespace: shop}\n", "prod", ExitCode.OK),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\nspec: {type: 7}\n", "prod", 3),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: shop}\nspec: {type: 7}\n", "dev", 0),
    ],
    ids=["fails", "passes", "is not about manifests", "unknown blocks", "unknown warns"],
)
def test_it_leaves_with_3_when_something_is_found_at_a_level_that_blocks(check, text, stack, code):
    assert check("--stack", stack, a=text).code == code


def test_exemptions_of_the_platform_s_own_reach_no_other_manifest(rows):
    text = POD.replace("kind: Pod", "kind: Deployment").replace("apiVersion: v1", "apiVersion: apps/v1")
    found = rows(a=text.replace("spec: {", "spec: {template: {spec: {").rstrip() + "}}\n")
    assert "exempt" not in {row["verdict"] for row in found}
    exempt = rows(a=text.replace("name: a, namespace", "name: k3s-a-device-plugin, namespace"))
    assert "exempt" in {row["verdict"] for row in exempt}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1\n", "a.yaml, document 1: it is a list: a manifest is a mapping"),
        (f"{POD}---\na\n", "a.yaml, document 2: it is a single value"),
        (f"{POD}---\nkind: Pod\n", "a.yaml, document 2: it has no apiVersion or no kind"),
        (f"{POD}---\na: [1\n", "a.yaml, document 2, line 7: it is not YAML"),
        ("a: 1\na: 2\n", "a.yaml, document 1, line 2: a is given twice"),
        ("apiVersion: v1\nkind: List\nitems: [7]\n", "a.yaml, document 1, item 1: it is a single value"),
        ("apiVersion: v1\nkind: List\nitems: 7\n", "a.yaml, document 1: its items are no list"),
        ("a: !!python/object:os.system x\n", "a.yaml, document 1, line 1: it is not YAML"),
        (b"a: \xff\n", "a.yaml: byte 3 is no UTF-8"),
        (b"a: \x00\n", "a.yaml, document 1"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_told_with_its_place_and_nothing_is_judged(check, text, said):
    left = check("--json", a=text, b=POD)
    assert (left.code, left.out) == (ExitCode.BAD_INPUT, "")
    assert said in left.err


def test_all_that_cannot_be_read_is_told_at_once(check):
    left = check(a="- 1\n", b="- 2\n")
    assert "a.yaml, document 1" in left.err
    assert "b.yaml, document 1" in left.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stack", "nowhere"), "--stack nowhere: choose one of: dev, staging, prod"),
        (("--version", "2.0"), "--version 2.0: it is a version of the Pod Security Standards"),
    ],
)
def test_a_stack_and_a_version_that_there_are_not_are_told(check, words, said):
    left = check(*words, a=POD)
    assert left.code == ExitCode.BAD_INPUT
    assert said in left.err


def test_a_folder_that_is_not_there_or_has_none_is_told(check, sophia, tmp_path):
    (tmp_path / "manifests").mkdir()
    assert check().code == ExitCode.BAD_INPUT
    assert sophia("policy", "check-manifests", str(tmp_path / "nowhere")).code == ExitCode.BAD_INPUT


def test_ten_megabytes_of_text_are_judged_in_time_and_not_told(rows):
    text = "A" * (10 << 20)
    pod = POD.replace("image: a", f"image: a, env: [{{name: B, value: {text}}}], args: [{text}]")
    started = time.monotonic()
    found = rows(a=pod)
    assert time.monotonic() - started < 30
    assert max(len(row["message"]) for row in found) < 2000
    assert verdicts(found, "baseline")["privileged"] == "pass"


def test_people_get_a_table_of_what_does_not_pass(check):
    left = check(a=POD)
    assert "PSS-R-allowPrivilegeEscalation" in left.out
    assert "1 objects" in left.out
    assert " fail, " in left.out
