"""Brings the objects of a collection to a new version of it, behind an alias that readers use all the while.

The stages: make `<name>_vN`; copy; copy again what changed meanwhile, until little is left; close the fence; copy the
rest; compare counts and a sample; let the alias lead to the new version; open the fence; look for writes that were
under way. A run that ends early, however it does, leaves what the next one needs to go on.
"""

import re
import time
from collections.abc import Sequence
from typing import Final

from providers.kit import Operation, ProviderError
from providers.weaviate import spelling
from providers.weaviate.changes import against
from providers.weaviate.client import Client, Json, part
from providers.weaviate.conversion import Conversion
from providers.weaviate.copying import CopyError, Copying
from providers.weaviate.declaration import CollectionInputs, Known
from providers.weaviate.fence import Fence
from providers.weaviate.lease import Lease

ROUNDS: Final = 20
LITTLE: Final = 500
"""So few objects are copied while the fence is closed."""
SOON_SECONDS: Final = 3.0
"""A round that took no longer is followed by the fence: another one would find as much again."""
UNDER_WAY_SECONDS: Final = 1.0
"""What a write that was let in before the fence closed may still take."""
SAMPLE: Final = 100
TENANTS_AT_ONCE: Final = 100


class Migration:
    """One migration.

    Args:
        client: the server's API.
        operation: the update it is part of.
        wanted: what is declared.
        old: what is recorded.
    """

    def __init__(self, client: Client, operation: Operation, wanted: CollectionInputs, old: Known) -> None:
        self._client = client
        self._operation = operation
        self._sleep = operation.sleep
        self._wanted = wanted
        self._old = old
        self._name = wanted.name
        self._fence = Fence(client, operation, self._name)
        self._lease = Lease(client, operation, self._name)

    async def run(self) -> int:
        """Let the alias lead to a new version that holds every object, and return how many.

        Raises:
            ProviderError: something would be lost, somebody else migrates, or the copy is not the same; nothing that
                readers or writers use has changed then.
        """
        async with self._lease.held():
            await self._open()
            live = await self._client.schema(self._name, self._sleep)
            if live is None:
                what = f"the collection {self._name} is gone"
                raise ProviderError(what, "run `pulumi refresh`, which finds that out, and then `pulumi up`")
            source = live["class"]
            if self._as_wanted(live):
                # Somebody else has come to the end meanwhile.
                await self._tidy(source)
                return await self._client.count(source, self._sleep) or 0
            there = spelling.declared(live, self._name, behind_alias=True, known=self._old)
            problems = [*self._conversion(there, "").problems(self._foreign(there))]
            if problems:
                what = f"{self._name} cannot be migrated without loss: {'; '.join(problems)}"
                raise ProviderError(what, "nothing was changed")
            await self._client.bulk.reached()
            target = await self._target(source)
            try:
                return await self._bring(source, target, there)
            except CopyError as error:
                what = f"{error.target} refuses {error.count} objects of {source}: {error.message}"
                raise ProviderError(what, f"{self._name} still leads to {source}; correct the declaration") from None

    def _conversion(self, there: CollectionInputs, target: str) -> Conversion:
        return Conversion(there, self._wanted, target, self._old.outputs.vectorizer_settings)

    def _foreign(self, there: CollectionInputs) -> set[str]:
        """Return the properties that somebody else added, and that the declaration says are to be removed."""
        if self._wanted.undeclared_properties != "remove":
            return set()
        return {one.name for one in there.properties} - {*self._old.outputs.declared_properties}

    async def _bring(self, source: str, target: str, there: CollectionInputs) -> int:
        conversion = self._conversion(there, target)
        tenants = await self._tenants(source, target) if conversion.tenants else [None]
        copies = [
            Copying(
                self._client,
                self._sleep,
                conversion,
                source=source,
                target=target,
                tenant=tenant,
                say=self._operation.say,
            )
            for tenant in tenants
        ]
        for _ in range(ROUNDS):
            began = time.monotonic()
            left = [await copying.left() for copying in copies]
            if sum(len(one.stale) + len(one.gone) for one in left) <= LITTLE:
                break
            for copying, rest in zip(copies, left, strict=True):
                await copying.catch_up(rest)
            if time.monotonic() - began <= SOON_SECONDS:
                break
        total = await self._switch(source, target, copies, there)
        for copying in copies:
            await copying.bring_late()
        await self._client.remove_alias(marker(self._name), self._sleep)
        return total

    async def finish(self, live: str) -> None:
        """End what a run that was killed left: the fence, and a new version that nothing leads to.

        Args:
            live: own name of the version that the name leads to.
        """
        async with self._lease.held():
            await self._open()
            await self._tidy(live)

    async def _open(self) -> None:
        async with self._client.fencing:
            await self._fence.open()

    async def _begun(self) -> str | None:
        """Return the version that was being filled.

        Raises:
            ProviderError: the name that tells is somebody else's.
        """
        leads_to = await self._client.alias(marker(self._name), self._sleep)
        if leads_to is not None and version_of(self._name, leads_to) is None:
            what = f"{marker(self._name)} is an alias of {leads_to}, and migrations of {self._name} need that name"
            raise ProviderError(what, "give that collection another name")
        return leads_to

    async def _tidy(self, live: str) -> None:
        begun = await self._begun()
        if begun is not None and begun != live:
            await self._client.drop(begun, self._sleep)
        await self._client.remove_alias(marker(self._name), self._sleep)

    async def _switch(self, source: str, target: str, copies: Sequence[Copying], there: CollectionInputs) -> int:
        """Let the alias lead to the new version once it is the same, while nobody writes."""
        async with self._client.fencing:
            began = time.monotonic()
            try:
                if await self._fence.close(source):
                    await self._operation.sleep(UNDER_WAY_SECONDS)
                await self._refuse_more(source, there)
                left = [await copying.left() for copying in copies]
                for copying, rest in zip(copies, left, strict=True):
                    await copying.catch_up(rest)
                total = await self._same(source, target, copies)
                await self._lease.confirm()
                await self._client.call("PUT", f"/aliases/{part(self._name)}", self._sleep, body={"class": target})
            finally:
                await self._fence.open()
        await self._operation.say(f"{self._name} leads to {target}; writers waited {time.monotonic() - began:.1f} s")
        return total

    async def _refuse_more(self, source: str, there: CollectionInputs) -> None:
        """Refuse properties that came since the copy began: it lacks their values."""
        live = await self._client.schema(source, self._sleep) or {}
        came = {one["name"] for one in live.get("properties") or ()} - {one.name for one in there.properties}
        if came:
            what = f"{source} has had {', '.join(sorted(came))} added to it meanwhile"
            raise ProviderError(what, f"{self._name} still leads to {source}; run `pulumi up` again")

    async def _same(self, source: str, target: str, copies: Sequence[Copying]) -> int:
        """Return how many objects there are, after a comparison of counts and of a sample."""
        total = 0
        for copying in copies:
            before, after = await copying.counts()
            total += after or 0
            if before is None or before != after:
                what = f"{target} holds {after} objects, and {source} {before}"
                raise ProviderError(what, f"{self._name} still leads to {source}; run `pulumi up` again")
            ids = copying.sample(SAMPLE)
            wrong = await copying.differing(ids)
            if wrong:
                what = f"{len(wrong)} of {len(ids)} objects of {target} are not what {source} holds, such as {wrong[0]}"
                raise ProviderError(what, f"{self._name} still leads to {source}; run `pulumi up` again, or report it")
        return total

    async def _target(self, source: str) -> str:
        """Return the new version's name; it exists then, and a run that ended early may have filled it in part."""
        begun = await self._begun()
        live = await self._client.schema(begun, self._sleep) if begun and begun != source else None
        if begun is not None and live is not None:
            if self._as_wanted(live):
                return begun
            # Begun for another declaration, and never led to.
            await self._client.drop(begun, self._sleep)
        await self._client.remove_alias(marker(self._name), self._sleep)
        number = (version_of(self._name, source) or 0) + 1
        while await self._client.schema(name := version(self._name, number), self._sleep) is not None:
            number += 1
        body = spelling.collection(self._wanted, name)
        await self._client.call("POST", "/schema", self._sleep, body=body)
        await self._client.call("POST", "/aliases", self._sleep, body={"alias": marker(self._name), "class": name})
        return name

    def _as_wanted(self, live: Json) -> bool:
        return not [*against(live, self._wanted)]

    async def _tenants(self, source: str, target: str) -> list[str | None]:
        """Return the tenants of the present version; the new one has them then, all of them active."""
        tenants = await self._client.tenants(source, self._sleep)
        away = sorted(one["name"] for one in tenants if one["activityStatus"] not in {"HOT", "ACTIVE"})
        if away:
            what = f"tenants of {source} are not active, so their objects cannot be read: {', '.join(away[:5])}"
            raise ProviderError(what, "activate them, and run again; nothing that anybody uses has changed")
        names = sorted(one["name"] for one in tenants)
        for start in range(0, len(names), TENANTS_AT_ONCE):
            body = [{"name": name} for name in names[start : start + TENANTS_AT_ONCE]]
            await self._client.call("POST", f"/schema/{part(target)}/tenants", self._sleep, body=body)
        return [*names]


def marker(name: str) -> str:
    """Return the alias that leads to a version while it is being filled."""
    return f"{name}_next"


def version(name: str, number: int) -> str:
    """Return the name of a version of a collection."""
    return f"{name}_v{number}"


def version_of(name: str, class_name: str) -> int | None:
    """Return which version of a collection a name is; none where it is no version of it."""
    found = re.fullmatch(rf"{re.escape(name)}_v([1-9]\d*)", class_name)
    return int(found[1]) if found else None
