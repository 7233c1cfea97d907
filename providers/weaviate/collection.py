"""A collection of objects, their vectors and how they are searched."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, NoReturn

from typing_extensions import override

from providers.kit import Created, Difference, Live, Operation, ProviderError, Resource, differing
from providers.weaviate import spelling
from providers.weaviate.changes import against, judged, plain
from providers.weaviate.client import Client, Json, part
from providers.weaviate.declaration import CollectionInputs, CollectionOutputs, Known
from providers.weaviate.errors import SERVER_ERROR, UNPROCESSABLE, ApiError
from providers.weaviate.migration import Migration, marker, version, version_of
from providers.weaviate.property import Property
from providers.weaviate.together import Together

_INDEX_NAMES = {
    "index_filterable": "filterable",
    "index_searchable": "searchable",
    "index_range_filters": "rangeFilters",
}


class Collection(Resource[CollectionInputs, CollectionOutputs, Client]):
    """A collection: what its objects hold, their vectors, and how they are searched.

    All defaults are values of this provider, sent and read back, so that what a server is configured to prefer changes
    nothing. What the server cannot change in place needs another collection: without objects it is replaced, with
    objects that is refused, or they are migrated to a new version behind an alias.
    """

    delete_before_replace: ClassVar[bool] = True
    missing: ClassVar[str] = "list the server's collections with GET /v1/schema, and import one of their names"

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._aliases = Together(lambda _, sleep: client.aliases(sleep))
        self._counts = Together(client.counts)

    @override
    async def create(self, inputs: CollectionInputs, operation: Operation) -> Created[CollectionOutputs]:
        class_name = version(inputs.name, 1) if inputs.behind_alias else inputs.name
        live, ours = await self._make(inputs, class_name, operation)
        if inputs.behind_alias:
            await self._lead(inputs.name, class_name, operation, undo=ours)
        return Created(inputs.name, spelling.outputs(live, inputs, object_count=0))

    @override
    async def read(self, resource_id: str, known: Known | None, operation: Operation) -> Known | None:
        live, count = await asyncio.gather(
            self.client.schema(resource_id, operation.sleep), self._count(resource_id, known, operation)
        )
        if live is None or (live["class"] != resource_id and known is not None and not known.inputs.behind_alias):
            return None
        behind_alias = live["class"] != resource_id
        if known is None and behind_alias and version_of(resource_id, live["class"]) is None:
            what = f"{resource_id} is an alias of {live['class']}, which is no version of it"
            raise ProviderError(what, f"import {live['class']}, and the alias as a resource of its own")
        if count is None:
            count = len(await self.client.tenants(live["class"], operation.sleep)) if _tenants(live) else 0
        inputs = spelling.declared(live, resource_id, behind_alias=behind_alias, known=known)
        unfinished = behind_alias and await self._is_unfinished(resource_id, operation)
        if known is None:
            return Live(inputs, spelling.outputs(live, inputs, object_count=count, unfinished=unfinished))
        told = known.outputs
        # A migration whose end nobody recorded: the version of before is still there.
        before = (told.class_name,) if behind_alias and told.class_name != live["class"] else ()
        previous = _previous(live, *told.previous, *before)
        update = {"class_name": live["class"], "object_count": count, "unfinished": unfinished, "previous": previous}
        return Live(inputs, told.model_copy(update=update))

    @override
    async def update(
        self,
        resource_id: str,
        old: Known,
        inputs: CollectionInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> CollectionOutputs:
        live = await self.client.schema(resource_id, operation.sleep)
        if live is None:
            what = f"the collection {resource_id} is gone"
            raise ProviderError(what, "run `pulumi refresh`, which finds that out, and then `pulumi up`")
        there = Live(spelling.declared(live, resource_id, behind_alias=inputs.behind_alias, known=old), old.outputs)
        found = [*judged(there, plain(inputs), differing(there.inputs, inputs))]
        count = old.outputs.object_count
        came_from = live["class"]
        if any(one.replace for one in found):
            if inputs.on_breaking_change != "migrate":
                _refuse(there, plain(inputs), found)
            count = await Migration(self.client, operation, inputs, old).run()
        else:
            if inputs.behind_alias and await self._is_unfinished(resource_id, operation):
                await Migration(self.client, operation, inputs, old).finish(came_from)
            await self._change(live, there.inputs, inputs, found, operation)
        live = await self.client.schema(resource_id, operation.sleep) or live
        previous = _previous(live, *old.outputs.previous, old.outputs.class_name, came_from)
        if inputs.previous_versions == "drop":
            for class_name in previous:
                await self.client.drop(class_name, operation.sleep)
            previous = ()
        return spelling.outputs(live, inputs, object_count=count, previous=previous)

    @override
    async def delete(self, resource_id: str, old: Known, operation: Operation) -> None:
        name, sleep = old.inputs.name, operation.sleep
        class_name = await self.client.alias(name, sleep) if old.inputs.behind_alias else name
        live = await self.client.schema(class_name, sleep) if class_name else None
        if live is not None:
            await self._refuse_loss(live, old, operation)
            if old.inputs.behind_alias and await self._is_unfinished(name, operation):
                await Migration(self.client, operation, old.inputs, old).finish(live["class"])
        for one in (*old.outputs.previous, *([class_name] if class_name else ())):
            await self.client.drop(one, sleep)
        if old.inputs.behind_alias:
            # The name goes last: as long as it is there, the next attempt finds the rest.
            await self.client.remove_alias(name, sleep)

    @override
    def differences(self, new: Mapping[str, Any], live: Known, found: tuple[Difference, ...]) -> Iterable[Difference]:
        every = [*judged(live, new, found)]
        if live.outputs.unfinished:
            every.append(Difference("on_breaking_change", "onBreakingChange", replace=False))
        replacing = [one for one in every if one.replace]
        if not replacing:
            return every
        elsewhere = [one for one in replacing if one.field in {"name", "behind_alias"}]
        if new.get("on_breaking_change") == "migrate" and not elsewhere:
            return [one if not one.replace else _in_place(one) for one in every]
        if live.outputs.object_count or live.inputs.deletion_protection:
            _refuse(live, new, every)
        return every

    async def _make(self, inputs: CollectionInputs, class_name: str, operation: Operation) -> tuple[Json, bool]:
        """Return a new collection as the server tells of it, and whether it was not there before."""
        body = spelling.collection(inputs, class_name)
        was_there = await self.client.schema(class_name, operation.sleep) is not None
        try:
            return await self.client.call("POST", "/schema", operation.sleep, body=body), True
        except ApiError as error:
            if error.status != UNPROCESSABLE:
                raise
            live = await self.client.schema(class_name, operation.sleep)
            if live is None:
                raise
            if "already exists" not in error.message:
                # The server records a collection before it makes what belongs to it.
                if not was_there and await self._is_empty(live, class_name, operation):
                    await self.client.drop(class_name, operation.sleep)
                raise
            if await self._is_what_we_made(live, inputs, class_name, operation):
                return live, False
            what = f"the server already has a collection named {class_name}"
            adopt = f'adopt it: give the resource import_="{inputs.name}"; or choose another name'
            raise ProviderError(what, adopt) from None

    async def _is_what_we_made(
        self, live: Json, inputs: CollectionInputs, class_name: str, operation: Operation
    ) -> bool:
        """Tell whether a collection that is there already is what a lost run made: exactly this, and empty."""
        return await self._is_empty(live, class_name, operation) and not [*against(live, inputs)]

    async def _is_empty(self, live: Json, class_name: str, operation: Operation) -> bool:
        """Tell whether a collection has this name as its own, and neither objects nor tenants."""
        if live["class"] != class_name or await self._count(class_name, None, operation):
            return False
        return not (_tenants(live) and await self.client.tenants(class_name, operation.sleep))

    async def _is_unfinished(self, name: str, operation: Operation) -> bool:
        """Tell whether a version is being filled; an alias of that name that leads elsewhere is somebody else's."""
        begun = (await self._aliases.answer(name, operation.sleep)).get(marker(name))
        return begun is not None and version_of(name, begun) is not None

    async def _lead(self, alias: str, class_name: str, operation: Operation, *, undo: bool) -> None:
        try:
            body = {"alias": alias, "class": class_name}
            await self.client.call("POST", "/aliases", operation.sleep, body=body, patience_seconds=0)
        except ApiError as error:
            leads_to = await self.client.alias(alias, operation.sleep)
            if leads_to == class_name:
                return
            if undo:
                await self.client.drop(class_name, operation.sleep)
            if leads_to is None and error.status not in {UNPROCESSABLE, SERVER_ERROR}:
                raise
            taken = f"an alias of {leads_to}" if leads_to else "the name of something else"
            what = f"{alias} cannot become the alias of {class_name}: it is {taken} already"
            raise ProviderError(
                what, f'adopt it: give the resource import_="{alias}"; or choose another name'
            ) from None

    async def _count(self, name: str, known: Known | None, operation: Operation) -> int | None:
        """Return how many objects there are; none of what does not exist, or has tenants."""
        if known is not None and known.inputs.multi_tenancy.enabled:
            return None
        counts = await self._counts.answer(name, operation.sleep)
        return counts[name] if counts is not None else await self.client.count(name, operation.sleep)

    async def _change(
        self,
        live: Json,
        there: CollectionInputs,
        inputs: CollectionInputs,
        found: list[Difference],
        operation: Operation,
    ) -> None:
        """Change in place what differs: properties come first, because the rest is a list of what exists."""
        path = f"/schema/{part(live['class'])}"
        exist = {one.name: one for one in there.properties}
        added = [one for one in inputs.properties if one.name not in exist]
        for one in added:
            body = spelling.new_property(one, inputs)
            await self.client.call("POST", f"{path}/properties", operation.sleep, body=body)
        dropped = [(one.name, index) for one in inputs.properties for index in _dropped(exist.get(one.name), one)]
        for name, index in dropped:
            await self.client.call("DELETE", f"{path}/properties/{part(name)}/index/{index}", operation.sleep)
        if added or found:
            now = await self.client.schema(live["class"], operation.sleep) if added or dropped else None
            edited = spelling.edited(now or live, inputs)
            if edited is not None:
                await self.client.call("PUT", path, operation.sleep, body=edited)

    async def _refuse_loss(self, live: Json, old: Known, operation: Operation) -> None:
        """Refuse to delete objects that somebody protects, or that nobody has seen."""
        name = old.inputs.name
        if old.inputs.deletion_protection:
            what = f"the collection {name} is protected, and deleting it deletes its objects"
            raise ProviderError(what, "set deletionProtection to false, run `pulumi up`, and delete it after that")
        if old.outputs.object_count == 0:
            count = len(await self.client.tenants(live["class"], operation.sleep)) if _tenants(live) else 0
            count = count or await self._count(live["class"], old, operation) or 0
            if count:
                what = f"the collection {name} was empty when it was last looked at, and holds {count} now"
                raise ProviderError(what, "run `pulumi refresh`, look at them, and decide again; nothing was deleted")


def _tenants(live: Json) -> bool:
    return bool((live.get("multiTenancyConfig") or {}).get("enabled"))


def _previous(live: Json, *class_names: str) -> tuple[str, ...]:
    """Return each of some versions once, but for the one that the name leads to."""
    return tuple(one for one in dict.fromkeys(class_names) if one != live["class"])


def _in_place(one: Difference) -> Difference:
    return Difference(one.field, one.path, replace=False, kind=one.kind)


def _dropped(old: Property | None, new: Property) -> Iterator[str]:
    for field, index in _INDEX_NAMES.items():
        if old is not None and getattr(old, field) and not getattr(new, field):
            yield index


def _refuse(live: Known, new: Mapping[str, Any], found: Iterable[Difference]) -> NoReturn:
    paths = ", ".join(dict.fromkeys(_told(one, live.inputs, new) for one in found if one.replace))
    holds = f"holds {live.outputs.object_count} objects" if live.outputs.object_count else "is protected"
    what = f"the collection {live.inputs.name} {holds}, and the server cannot change in place: {paths}"
    migrate = "set onBreakingChange to migrate, which copies the objects to a new version behind the alias"
    second = "declare a second collection with behindAlias, copy the objects, and remove this one"
    raise ProviderError(what, f"take the change back; or {migrate if live.inputs.behind_alias else second}")


def _told(one: Difference, live: CollectionInputs, new: Mapping[str, Any]) -> str:
    """Return a path that names a property rather than its place."""
    found = re.match(r"properties\[(\d+)\]", one.path)
    if found is None:
        return one.path
    gone = one.kind == "delete" and one.path == found[0]
    name = (live.properties if gone else new["properties"])[int(found[1])].name
    return f"properties: {name} is declared no more" if gone else f"properties: {name}{one.path[found.end() :]}"
