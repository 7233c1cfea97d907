"""How the account is reached, and what is said when it cannot be."""

import asyncio
import io
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import yaml

import catalog
from catalog.machine import Lifecycle
from ops import account
from ops.engine import EngineError
from ops.error import AccountError
from ops.machine_rows import Standing
from ops.machines import Found, listed
from ops.states import Recorded
from rehearsal import RehearsalError
from rehearsal.home import Folder
from rehearsal.lambda_cloud import Account, serve
from rehearsal.pulumi_cloud.environments import DATABASE, ORGANISATION, Environments
from rehearsal.toolchain import progress_for

MACHINE = {
    "id": "1" * 32,
    "status": "active",
    "region": {"name": "us-west-1"},
    "instance_type": {"name": "gpu_1x_a10", "price_cents_per_hour": 129},
}
OFFERS = {
    "gpu_1x_a10": {
        "instance_type": {"name": "gpu_1x_a10", "price_cents_per_hour": 129},
        "regions_with_capacity_available": [],
    }
}
DATA = {"/api/v1/instances": [MACHINE], "/api/v1/instance-types": OFFERS}

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def key() -> str:
    return secrets.token_hex(16)


@pytest.fixture
def environment(key) -> dict[str, str]:
    """What the provider is told, with a clock that makes nobody wait."""
    return {
        "LAMBDA_CLOUD_API_KEY": key,
        "LAMBDA_CLOUD_API_URL": "http://127.0.0.1:1",
        "LAMBDA_CLOUD_CLOCK_SPEED": "1000000",
    }


def answering(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": DATA[request.url.path]})


def test_the_account_is_read_with_the_key_and_the_address_of_the_environment(environment, key):
    asked: list[httpx.Request] = []

    def remembering(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answering(request)

    instances, offers = account.holdings(environment, httpx.MockTransport(remembering))
    assert ([instance.id for instance in instances], [*offers]) == (["1" * 32], ["gpu_1x_a10"])
    assert {request.headers["Authorization"] for request in asked} == {f"Bearer {key}"}
    assert {(request.method, str(request.url)) for request in asked} == {
        ("GET", f"http://127.0.0.1:1{path}") for path in DATA
    }


def test_the_account_as_it_is_born_is_the_catalogs_to_adopt():
    with serve(Account.born(), speed=10_000) as fake:
        environment = {
            "LAMBDA_CLOUD_API_KEY": fake.key,
            "LAMBDA_CLOUD_API_URL": fake.url,
            "LAMBDA_CLOUD_CLOCK_SPEED": "10000",
        }
        instances, offers = account.holdings(environment)
    facts = catalog.load()
    result = listed(Found(instances=instances, offers=offers, states={}), facts)
    existing = {name: m.owner for name, m in facts.machines.items() if m.lifecycle is not Lifecycle.ON_DEMAND}
    assert {row.name: row.owner for row in result.machines} == existing
    assert {row.standing for row in result.machines} == {Standing.ADOPTABLE}
    assert result.hourly_usd == "7.35", "the sum of the price book of 2026"
    assert all(row.regions for row in result.capacity), "the fake can launch what the catalog needs"
    assert result.warnings == ()


def test_reading_the_account_leaves_the_threads_event_loop_as_it_is(environment):
    def kept() -> bool:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        account.holdings(environment, httpx.MockTransport(answering))
        loop.close()
        return asyncio.get_event_loop_policy().get_event_loop() is loop

    with ThreadPoolExecutor(1) as pool:  # a thread of its own, for the other tests have theirs
        assert pool.submit(kept).result(), "a program that is rendered afterwards asks for it"


def test_a_refused_key_is_told_with_its_remedy_and_never_shown(environment, key):
    refusal = {"error": {"code": "global/invalid-api-key", "message": f"{key} is invalid"}}
    with pytest.raises(AccountError, match="LAMBDA_CLOUD_API_KEY") as raised:
        account.holdings(environment, httpx.MockTransport(lambda _: httpx.Response(401, json=refusal)))
    assert key not in str(raised.value)


def test_a_missing_key_is_named_before_anything_is_asked(environment):
    del environment["LAMBDA_CLOUD_API_KEY"]
    with pytest.raises(AccountError, match=r"cannot be reached: LAMBDA_CLOUD_API_KEY: .*; set what is named"):
        account.holdings(environment, httpx.MockTransport(answering))


def test_a_wrong_address_is_named_and_the_key_is_not_shown(environment, key):
    environment["LAMBDA_CLOUD_API_URL"] = "http://cloud.example.com"
    with pytest.raises(AccountError, match=r"LAMBDA_CLOUD_API_URL: .*https") as raised:
        account.holdings(environment, httpx.MockTransport(answering))
    assert key not in str(raised.value)


def test_without_a_rehearsal_there_is_no_account_and_nothing_is_started(tmp_path):
    with pytest.raises(RehearsalError, match=r"no rehearsal is up.*\./sophia up dev"):
        account.in_rehearsal(tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PULUMI_BACKEND_URL", "file:///home/me/state"),
        ("LAMBDA_CLOUD_API_URL", "http://127.9.8.7:8480"),
    ],
)
def test_a_shell_that_points_at_a_rehearsal_is_not_the_cloud(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(EngineError, match=f"{name} point this shell at a rehearsal"):
        account.in_cloud(progress_for(io.StringIO()))


@pytest.fixture
def rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Path:
    """A home with an account that answers, dev's state and configuration, and a stack that was only just begun."""

    class Running:
        running = True

    class Account:
        def __init__(self, home: Path) -> None:
            assert home == tmp_path

        def status(self) -> Running:
            return Running()

        def environment(self) -> dict[str, str]:
            return environment

    monkeypatch.setattr("ops.account.Account", Account)
    monkeypatch.setattr("ops.account.httpx.AsyncHTTPTransport", lambda: httpx.MockTransport(answering))
    for stack in ("dev", "begun"):
        Folder(tmp_path, stack).path.mkdir(parents=True)
    dev = Folder(tmp_path, "dev")
    given = {"values": {"pulumiConfig": {"sophia:adopt": {"sophia-development": "1" * 32}}}}
    kept = Environments(dev.state / DATABASE, Path("/nonexistent"), ORGANISATION)
    for name, document in (("sophia/dev", {}), ("sophia/dev-secrets", given)):
        kept.create(name, yaml.safe_dump(document))
    state = dev.state / ".pulumi/stacks/sophia/dev.json"
    state.parent.mkdir(parents=True)
    urn = "urn:pulumi:dev::sophia::lambda-cloud:index:Instance::sophia-development"
    resource = {"urn": urn, "type": "lambda-cloud:index:Instance", "id": "1" * 32}
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [resource]}}}), encoding="utf-8")
    return tmp_path


def test_a_rehearsal_is_read_with_its_states_and_what_they_are_to_take_over(rehearsed):
    found = account.in_rehearsal(rehearsed)
    assert [instance.id for instance in found.instances] == ["1" * 32]
    assert found.states == {"dev": Recorded({"1" * 32: "sophia-development"}, 1)}
    assert found.adopt == {"begun": {}, "dev": {"sophia-development": "1" * 32}}
