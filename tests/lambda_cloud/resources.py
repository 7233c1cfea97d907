"""Resources of the provider at work in an account of the fake, without an engine between."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from providers.kit import Created, Live, Model, Operation, Resource
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud import Entry, Fake

InputsT = TypeVar("InputsT", bound=Model)
OutputsT = TypeVar("OutputsT", bound=Model)
T = TypeVar("T")

SPEED = 2000.0


def public_key() -> str:
    """Return a line as it stands in a .pub file, of a key that nobody has."""
    public = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return f"{public.decode()} somebody@example.org"


@contextmanager
def emptied(fake: Fake) -> Iterator[Fake]:
    """Give an account, and make it new at the end: that takes a fraction of what starting another does."""
    try:
        yield fake
    finally:
        fake.faults.clear()
        view = fake.account.view()
        there = (view.instances, view.ssh_keys, view.file_systems, view.rulesets)
        fake.control.reset(ids=["global", *(one.id for kind in there for one in kind)])
        fake.log.entries.clear()
        fake.log.requests.clear()


class Kind(Generic[InputsT, OutputsT]):
    """One kind of resource in one account.

    Args:
        fake: the account, being served.
        resource: the kind.
        inputs: its inputs.
    """

    def __init__(self, fake: Fake, resource: type[Resource[InputsT, OutputsT, Client]], inputs: type[InputsT]) -> None:
        self.fake = fake
        self._resource = resource
        self._inputs = inputs
        self.operation = Operation(urn=f"urn:pulumi:dev::sophia::lambda-cloud:index:{resource.__name__}::it")

    def wanted(self, **inputs: Any) -> InputsT:
        """Return inputs as the check leaves them."""
        return self._inputs.model_validate(inputs)

    def create(self, **inputs: Any) -> Created[OutputsT]:
        return self.run(lambda it: it.create(self.wanted(**inputs), self.operation))

    def read(self, resource_id: str, known: Live[InputsT, OutputsT] | None = None) -> Live[InputsT, OutputsT] | None:
        return self.run(lambda it: it.read(resource_id, known, self.operation))

    def found(self, resource_id: str) -> Live[InputsT, OutputsT]:
        """Return what exists, which must be."""
        live = self.read(resource_id)
        assert live is not None
        return live

    def update(self, resource_id: str, old: Live[InputsT, OutputsT], *changed: str, **inputs: Any) -> OutputsT:
        wanted = self.wanted(**inputs)
        return self.run(lambda it: it.update(resource_id, old, wanted, frozenset(changed), self.operation))

    def delete(self, resource_id: str, old: Live[InputsT, OutputsT]) -> None:
        self.run(lambda it: it.delete(resource_id, old, self.operation))

    def asked(self, operation: str) -> list[Entry]:
        """Return the requests of one operation that the API was sent."""
        return [entry for entry in self.fake.log.entries if entry.operation == operation]

    def run(self, use: Callable[[Resource[InputsT, OutputsT, Client]], Awaitable[T]]) -> T:
        async def whole() -> T:
            client = Client(
                api_url=self.fake.url,
                api_key=self.fake.key,
                clock=Clock(SPEED),
                transport=httpx.AsyncHTTPTransport(),
            )
            try:
                return await use(self._resource(client))
            finally:
                await client.close()

        # asyncio.run would leave this thread without a loop, which other tests in the same process need.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            return runner.run(whole())
