"""Every message is held against the contract, and what breaks it is refused before anything happens."""

import httpx
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rehearsal.lambda_cloud import Account, BreachError, contract, serve
from rehearsal.lambda_cloud.errors import ApiError
from rehearsal.lambda_cloud.routes import ROUTES

LAUNCH = {"region_name": "us-west-1", "instance_type_name": "gpu_1x_a10", "ssh_key_names": ["sophia2025"]}
INVALID = (400, "global/invalid-parameters")


def test_the_contract_is_json_schema():
    text = yaml.safe_load(contract._FILE.read_text(encoding="utf-8"))  # noqa: SLF001 - the file is what is tested
    for schemas in text["operations"].values():
        for schema in schemas.values():
            Draft202012Validator.check_schema({**schema, "$defs": text["definitions"]})


def test_every_endpoint_is_in_the_contract_and_the_contract_has_no_other():
    assert {route.operation for route in ROUTES} == contract.operations()


@pytest.mark.parametrize(
    "wrong",
    [
        {"ssh_key_names": []},
        {"ssh_key_names": ["sophia2025", "other"]},
        {"hostname": "Upper"},
        {"hostname": "-dash"},
        {"hostname": "x" * 64},
        {"name": "x" * 65},
        {"tags": [{"key": "Upper", "value": "x"}]},
        {"tags": [{"key": "k" * 56, "value": "x"}]},
        {"tags": [{"key": "key", "value": "x" * 129}]},
        {"file_system_mounts": [{"mount_point": "/etc", "file_system_id": "x"}]},
        {"image": {"id": "x", "family": "y"}},
        {"image": "ubuntu"},
        {"user_data": "x" * (1024 * 1024 + 1)},
        {"region_name": None},
        {"regionName": "us-west-1"},
        {"quantity": 5},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_a_launch_that_breaks_a_rule_is_refused(fake, ask, code, wrong):
    assert code(ask("POST", "/instance-operations/launch", {**LAUNCH, **wrong})) == INVALID
    assert fake.control.counters()["launches"] == 0


@pytest.mark.parametrize("missing", sorted(LAUNCH))
def test_a_launch_without_a_required_field_is_refused(ask, code, missing):
    body = {key: value for key, value in LAUNCH.items() if key != missing}
    assert code(ask("POST", "/instance-operations/launch", body)) == INVALID


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/filesystems", {"name": "9data", "region": "us-west-1"}),
        ("POST", "/filesystems", {"name": "x" * 61, "region": "us-west-1"}),
        ("POST", "/ssh-keys", {"name": ""}),
        ("POST", "/ssh-keys", {"name": "k", "public_key": "x" * 4097}),
        ("POST", "/firewall-rulesets", {"name": "x" * 65, "region": "us-west-1", "rules": []}),
        ("POST", "/firewall-rulesets", {"name": "web", "region": "us-moon-1", "rules": []}),
        ("PATCH", "/firewall-rulesets/global", {"name": "other", "rules": []}),
        ("PUT", "/firewall-rules", {"rules": []}),
        ("PUT", "/firewall-rules", {"data": [{"protocol": "tcp", "source_network": "0.0.0.0/0", "description": "x"}]}),
        ("PUT", "/firewall-rules", {"data": [{"protocol": "icmp", "source_network": "0.0.0.0/0"}]}),
        ("POST", "/instance-operations/terminate", {"instance_ids": []}),
        ("POST", "/instance-operations/terminate", []),
    ],
    ids=str,
)
def test_a_body_that_breaks_a_rule_is_refused(ask, code, method, path, body):
    assert code(ask(method, path, body)) == INVALID


def test_a_body_that_is_not_json_is_refused(api, code):
    assert code(api.post("/instance-operations/launch", content=b"{")) == INVALID


def test_a_body_where_none_is_taken_is_refused(ask, code):
    assert code(ask("DELETE", "/ssh-keys/x", {"force": True})) == INVALID


def test_an_unknown_query_is_refused(ask, code):
    assert code(ask("GET", "/instances?name=sophia-ai-core")) == INVALID


def test_a_refusal_repeats_no_value_because_bodies_hold_secrets(ask):
    text = ask("POST", "/instance-operations/launch", {**LAUNCH, "user_data": ["do-not-tell"]}).text
    assert "do-not-tell" not in text
    assert "user_data" in text


@pytest.mark.parametrize("path", [route.path for route in ROUTES if route.reads and "{id}" not in route.path])
def test_every_list_answers_as_the_contract_says(ask, path):
    assert ask("GET", path).status_code == 200, "an answer that breaks the contract is a 500"


def test_no_instance_belongs_to_a_cluster(ask):
    assert ask("GET", "/instances?cluster_id=any").json() == {"data": []}


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Basic d3Jvbmc6", "Basic !", "Digest x"])
def test_only_the_key_opens_the_api(fake, code, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    for path in ("/instances", "/no-such-path"):
        answer = httpx.get(f"{fake.url}/api/v1{path}", headers=headers, trust_env=False)
        assert code(answer) == (401, "global/invalid-api-key")


def test_the_key_may_come_as_the_user_of_basic_authentication(fake):
    answer = httpx.get(f"{fake.url}/api/v1/ssh-keys", auth=(fake.key, ""), trust_env=False)
    assert answer.status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/filesystems/x/y"), ("GET", "/quotas"), ("DELETE", "/regions")])
def test_an_unknown_path_or_method_is_not_found(ask, code, method, path):
    assert code(ask(method, path)) == (404, "global/not-found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/instances/none"),
        ("GET", "/firewall-rulesets/none"),
        ("DELETE", "/firewall-rulesets/none"),
        ("DELETE", "/filesystems/none"),
    ],
)
def test_what_does_not_exist_is_told_by_its_code(ask, code, method, path):
    assert code(ask(method, path)) == (404, "global/object-does-not-exist")


def test_the_two_spellings_of_file_systems_are_not_interchangeable(ask, code):
    assert code(ask("GET", "/filesystems")) == (404, "global/not-found")
    assert code(ask("POST", "/file-systems", {"name": "data", "region": "us-west-1"})) == (404, "global/not-found")


def test_an_answer_that_breaks_the_contract_is_the_fakes_own_fault_and_fails_whoever_serves_it():
    account = Account.born()
    account.state.prices["gpu_1x_a10"] = -1
    statuses = []

    def asked() -> None:
        with serve(account) as fake:
            answer = httpx.get(f"{fake.url}/api/v1/instances", auth=(fake.key, ""), trust_env=False)
            statuses.append(answer.status_code)

    with pytest.raises(BreachError, match="price_cents_per_hour"):
        asked()
    assert statuses == [500]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_BODIES = {
    "launch": [*LAUNCH, "name", "tags", "image", "hostname", "quantity", "firewall_rulesets", "file_system_mounts"],
    "add-ssh-key": ["name", "public_key"],
    "create-ruleset": ["name", "region", "rules"],
    "set-firewall-rules": ["data"],
    "create-file-system": ["name", "region"],
    "terminate": ["instance_ids"],
}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_body_at_all_makes_an_endpoint_fail_otherwise_than_with_an_error_of_the_api(data):
    operation = data.draw(st.sampled_from(sorted(_BODIES)))
    keys = st.sampled_from(_BODIES[operation]) | st.text(max_size=4)
    body = data.draw(st.dictionaries(keys, _JSON, max_size=5) | _JSON)
    try:
        contract.check_body(operation, body)
    except ApiError as refusal:
        contract.check_error(operation, {"error": {"code": refusal.code, "message": refusal.message}})
