"""Lets one run at a time migrate a collection: an alias whose name says until when, renewed while the run lives."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from providers.kit import Operation, ProviderError
from providers.weaviate.client import Client

LASTS_SECONDS: Final = 30
RENEWED_SECONDS: Final = 8


class Lease:
    """The right to migrate one collection.

    Args:
        client: the server's API.
        operation: what waits for it.
        name: the collection's name, which is an alias.
    """

    def __init__(self, client: Client, operation: Operation, name: str) -> None:
        self._client = client
        self._operation = operation
        self._name = name
        self._own = secrets.token_hex(4)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold it, and give it back at the end; one that a killed run left ends by itself.

        Raises:
            ProviderError: somebody else holds it.
        """
        await self._free()
        held = await self._take()
        if any(one < held for one in await self._others()):
            await self._drop(held)
            self._refuse()
        renewing = asyncio.ensure_future(self._renew(held))
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            for one in await self._leases():
                if one.endswith(self._own):
                    await self._drop(one)

    async def _free(self) -> None:
        """Wait until what others hold has ended."""
        for _ in range(LASTS_SECONDS + 2):
            if not await self._others():
                return
            await self._operation.sleep(1)
        self._refuse()

    def _refuse(self) -> None:
        what = f"another run is migrating {self._name}"
        raise ProviderError(what, "wait for its end, and run again")

    async def _take(self) -> str:
        name = f"{self._name}_lease_{int(time.time()) + LASTS_SECONDS}_{self._own}"
        leads_to = await self._client.alias(self._name, self._operation.sleep)
        body = {"alias": name, "class": leads_to}
        await self._client.call("POST", "/aliases", self._operation.sleep, body=body)
        return name

    async def confirm(self) -> None:
        """See that it is still held: the server may have been away for longer than it lasts.

        Raises:
            ProviderError: it has ended, or somebody else has taken it.
        """
        own = [one for one in await self._leases() if one.endswith(self._own) and _until(one) > time.time()]
        if not own or await self._others():
            what = f"{self._name} could not be kept for this run, because the server was away for too long"
            raise ProviderError(what, "run again: it goes on from what was done")

    async def _renew(self, held: str) -> None:
        while True:
            await asyncio.sleep(RENEWED_SECONDS)
            with suppress(ProviderError):  # tried again in time, or found at the end
                later = await self._take()
                await self._drop(held)
                held = later

    async def _drop(self, name: str) -> None:
        await self._client.remove_alias(name, self._operation.sleep)

    async def _leases(self) -> list[str]:
        names = await self._client.aliases(self._operation.sleep)
        return [one for one in names if re.fullmatch(rf"{re.escape(self._name)}_lease_\d+_[0-9a-f]+", one)]

    async def _others(self) -> list[str]:
        """Return what others hold now, and remove what has ended."""
        found = []
        for one in await self._leases():
            if one.endswith(self._own):
                continue
            if _until(one) < time.time():
                await self._drop(one)
            else:
                found.append(one)
        return found


def _until(lease: str) -> int:
    return int(lease.rsplit("_", 2)[1])
