"""An API that answers from a script, for claims about single requests; an account and the plugin for all others."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from providers.kit import Operation
from providers.kit.testing import Plugin, Secret
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud import Account, Fake, serve

FOLDER = Path(__file__).parents[2] / "providers" / "lambda_cloud"
URN = "urn:pulumi:dev::sophia::lambda-cloud:index:Instance::machine"
# A second of the API's clock is half a millisecond: fast, and still long enough to be measured.
SPEED = 2000.0
T = TypeVar("T")


class Script:
    """What the API answers, in order, and what it was asked; the last answer of a route stays."""

    def __init__(self) -> None:
        self.key = secrets.token_hex(24)
        self.operation = Operation(urn=URN)
        self.clock = Clock(SPEED)
        self.asked: list[str] = []
        self.times: list[float] = []
        self.bodies: list[Any] = []
        self._answers: dict[str, deque[Any]] = {}

    def answer(self, route: str, *answers: Any) -> None:
        """Set the answers for `GET /path`: data, an `httpx.Response`, an exception, or a function of the request."""
        self._answers[route] = deque(answers)

    def error(self, status: int, code: str) -> httpx.Response:
        return httpx.Response(status, json={"error": {"code": code, "message": self.key}})

    async def handle(self, request: httpx.Request) -> httpx.Response:
        route = f"{request.method} {request.url.path.removeprefix('/api/v1')}"
        self.asked.append(route)
        self.times.append(self.clock.now())
        self.bodies.append(json.loads(request.content) if request.content else None)
        queue = self._answers[route]
        answer = queue.popleft() if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = await answer(request)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json={"data": answer})

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        """Give a client of this API."""
        transport = httpx.MockTransport(self.handle)
        client = Client(api_url="https://cloud.example", api_key=self.key, clock=self.clock, transport=transport)
        try:
            yield client
        finally:
            await client.close()

    def run(self, use: Callable[[Client], Awaitable[T]]) -> T:
        """Return what a coroutine function makes of a client."""

        async def whole() -> T:
            async with self.client() as client:
                return await use(client)

        # asyncio.run would leave this thread without a loop, which other tests in the same process need.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(whole())


@pytest.fixture
def script() -> Script:
    return Script()


def machine(**changes: Any) -> dict[str, Any]:
    """Return an instance as the API tells of it."""
    price = {"name": "gpu_1x_a10", "price_cents_per_hour": 129, "description": "1x A10", "specs": {"gpus": 1}}
    return {
        "id": "a" * 32,
        "status": "active",
        "name": "machine",
        "ip": "198.51.100.7",
        "region": {"name": "us-west-1", "description": "California"},
        "instance_type": price,
        "ssh_key_names": ["key"],
        "file_system_names": [],
        "actions": {},
        **changes,
    }


@pytest.fixture(name="machine")
def _machine() -> Callable[..., dict[str, Any]]:
    return machine


@pytest.fixture
def fake() -> Iterator[Fake]:
    """An account like the real one: five live machines, their SSH key, the global ruleset."""
    with serve(Account.born(), speed=SPEED) as served:
        yield served


@pytest.fixture(scope="session")
def process() -> Iterator[Plugin]:
    """The plugin's process; nothing of this process's environment reaches it."""
    with Plugin(FOLDER, project="sophia", stack="dev") as running:
        yield running


@pytest.fixture
def configuration(fake: Fake) -> dict[str, Any]:
    """How the plugin reaches the account."""
    secret = {"apiKey": fake.key, "fingerprintKey": secrets.token_hex(32)}
    marked = {key: Secret(value) for key, value in secret.items()}
    return {"apiUrl": fake.url, "clockSpeed": str(SPEED), **marked}


@pytest.fixture
def plugin(process: Plugin, configuration: dict[str, Any]) -> Plugin:
    """The plugin, configured for the account."""
    process.configure(configuration)
    return process
