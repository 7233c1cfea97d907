"""What one process that serves a provider holds: its configuration, its client, the secrets it has seen."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from providers.kit.checking import Checked, check
from providers.kit.errors import ProviderError
from providers.kit.fingerprint import Fingerprints
from providers.kit.marking import marked
from providers.kit.model import Config
from providers.kit.operation import CANCELLED
from providers.kit.provider import Provider
from providers.kit.redaction import Redaction
from providers.kit.resource import Resource
from providers.kit.shape import Property
from providers.kit.values import Values

_OF_THE_ENGINE = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})


class Session:
    """One process's configuration and client.

    Args:
        provider: what is served.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.redaction = Redaction()
        self.cancelled = asyncio.Event()
        self.fingerprints = Fingerprints(None)
        self.configured = False
        self.client: Any = None
        self._resources: dict[type[Resource[Any, Any, Any]], Resource[Any, Any, Any]] = {}
        self._gate = asyncio.Semaphore(provider.concurrency)
        self._keeper: asyncio.Task[None] | None = None
        self._end = asyncio.Event()

    def check(self, given: Values) -> Checked:
        """Return configuration as it would be used, and everything that is wrong with it.

        Args:
            given: what configuration gives; the environment adds to it.
        """
        checked = check(self.provider.settings, self._completed(given))
        failures = tuple(replace(one, reason=f"{one.reason}{self._source(str(one))}") for one in checked.failures)
        return replace(checked, failures=failures)

    def recorded(self, given: Values) -> Values:
        """Return configuration as it is recorded: as given, secrets marked, nothing from the environment."""
        return marked(self.provider.settings.secrets, given.plain, given)

    async def configure(self, given: Values) -> None:
        """Open the client; with a configuration that is not all known yet there is none.

        Args:
            given: what configuration gives.

        Raises:
            ProviderError: the configuration is wrong, or the client cannot be opened.
        """
        await self.close()
        checked = self.check(given)
        self.redaction.learn(checked.values, self.provider.settings)
        if checked.failures:
            what = "; ".join(str(one) for one in checked.failures)
            what = f"{self.provider.name} cannot be configured: {what}"
            raise ProviderError(what, "correct it and run again")
        if isinstance(checked.model, Config):
            self.fingerprints = Fingerprints(checked.model.fingerprint_key)
            CANCELLED.set(self.cancelled)
            opened: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._keeper = asyncio.ensure_future(self._keep(checked.model, opened))
            self.client = await opened
            self._resources = {}
            self.configured = True

    def resource(self, kind: type[Resource[Any, Any, Any]]) -> Resource[Any, Any, Any]:
        """Return the one object that does the work for a kind, so that what it holds serves all operations on it."""
        if kind not in self._resources:
            self._resources[kind] = kind(self.client)
        return self._resources[kind]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Any]:
        """Give the client, to as many at a time as the provider allows.

        Raises:
            ProviderError: there is no client, because the configuration is not known.
        """
        if not self.configured:
            what = f"{self.provider.name} is not configured"
            raise ProviderError(what, "give its configuration values that are known before this resource is made")
        async with self._gate:
            yield self.client

    async def close(self) -> None:
        """Close the client."""
        self.configured = False
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            self._end.set()
            await keeper
            self._end.clear()

    async def _keep(self, config: Config, opened: asyncio.Future[Any]) -> None:
        """Open and close the client in one task: what it holds may not be closed from another."""
        try:
            async with self.provider.connect(config) as client:
                opened.set_result(client)
                await self._end.wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    def _completed(self, given: Values) -> Values:
        plain = {key: value for key, value in given.plain.items() if key not in _OF_THE_ENGINE}
        for prop in self.provider.settings.properties:
            from_environment = os.environ.get(prop.environment or "")
            if plain.get(prop.wire) is None and from_environment:
                plain[prop.wire] = from_environment
            if isinstance(plain.get(prop.wire), str):
                plain[prop.wire] = _parsed(prop, plain[prop.wire])
        return Values(plain, frozenset(path for path in given.secrets if path[0] in plain))

    def _source(self, failure: str) -> str:
        """Return where the value that a failure is about comes from."""
        name = failure.partition(":")[0].partition("[")[0].partition(".")[0]
        prop = self.provider.settings.by_wire.get(name)
        if prop is None:
            return ""
        environment = f", or the environment variable {prop.environment}" if prop.environment else ""
        return f" (configuration {self.provider.name}:{name}{environment})"


def _parsed(prop: Property, text: str) -> Any:
    """Return what a text stands for: whatever is no text travels through configuration as JSON."""
    try:
        prop.adapter.validate_python(text)
    except ValidationError:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
