"""What the tests of the fake share: an account that stands still, one that is served, and somebody who asks it."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from rehearsal.lambda_cloud import Account, Fake, serve
from rehearsal.lambda_cloud.instances import Fate

LAUNCH = {"region_name": "us-west-1", "instance_type_name": "gpu_1x_a10", "ssh_key_names": ["sophia2025"]}


@pytest.fixture
def account() -> Account:
    """An account as it is born, whose clock stands."""
    return Account.born()


@pytest.fixture
def launch(account: Account) -> Callable[..., str]:
    """Launches an instance in the standing account, and returns its id."""

    def one(fate: Fate = Fate(), **what: Any) -> str:  # noqa: B008 - a Fate is frozen
        (made,) = account.instances.launch({**LAUNCH, **what}, fate)["instance_ids"]
        return str(made)

    return one


@pytest.fixture
def fake() -> Iterator[Fake]:
    """An account that is served; a breach of the contract fails the test."""
    with serve(Account.born(), speed=600.0) as served:
        yield served


@pytest.fixture
def api(fake: Fake) -> Iterator[httpx.Client]:
    """A client of the served account."""
    headers = {"Authorization": f"Bearer {fake.key}"}
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    base = f"{fake.url}/api/v1"
    with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=10.0, verify=nobody) as client:
        yield client


@pytest.fixture
def ask(fake: Fake, api: httpx.Client) -> Callable[..., httpx.Response]:
    """Asks the served account, never faster than it lets itself be asked."""

    def send(method: str, path: str, body: Any = None) -> httpx.Response:
        fake.account.clock.advance(60.0)
        return api.request(method, path, json=body) if body is not None else api.request(method, path)

    return send


@pytest.fixture
def launched(ask: Callable[..., httpx.Response]) -> Callable[..., str]:
    """Launches an instance in the served account, and returns its id."""

    def one(**what: Any) -> str:
        answer = ask("POST", "/instance-operations/launch", {**LAUNCH, **what})
        return str(answer.json()["data"]["instance_ids"][0])

    return one


@pytest.fixture
def code() -> Callable[[httpx.Response], tuple[int, str]]:
    """Reads the status and the code of an error."""
    return lambda answer: (answer.status_code, answer.json()["error"]["code"])
