"""A user of the server, and the key that is shown once."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from typing_extensions import override

from providers.kit import REPLACE, SECRET, STABLE, UNREADABLE, Created, Live, Model, Operation, ProviderError, Resource
from providers.weaviate.client import Client, Json, part
from providers.weaviate.errors import CONFLICT, NO_ANSWER, ApiError

_JUST_NOW = timedelta(hours=1)
"""The longest run, and what is begun again after it."""


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


class UserInputs(Model):
    """What a user is declared as."""

    name: Annotated[str, REPLACE, Field(pattern=r"^[A-Za-z][-_0-9A-Za-z@.]{0,127}$")]
    """The name it is known by."""
    roles: Annotated[tuple[str, ...], AfterValidator(_sorted)] = ()
    """The roles it has, by name, sorted; it has no others."""
    active: bool = True
    """Whether its key is accepted."""
    key_version: Annotated[str, UNREADABLE, Field(max_length=64)] = "1"
    """Names the key, such as a date: another value makes another key, and the old one ends at once."""


class UserOutputs(Model):
    """What is known of a user beyond its inputs."""

    api_key: Annotated[str | None, SECRET, STABLE] = None
    """Its key. The server shows it once: after an import it is unknown until `key_version` changes."""


class User(Resource[UserInputs, UserOutputs, Client]):
    """A user of the server with a key of its own; the server needs AUTHENTICATION_DB_USERS_ENABLED.

    The key is recorded, encrypted, when it is made; nothing can read it back. A user that is there is not taken over
    unless it was made within the last hour and nobody has used it: then a run was killed before it could record the
    key, and another one is made.
    """

    unsettled: ClassVar = {"api_key": frozenset({"key_version"})}
    missing: ClassVar[str] = "list the server's users with GET /v1/users/db, and import one of their names"

    @override
    async def create(self, inputs: UserInputs, operation: Operation) -> Created[UserOutputs]:
        path, left = f"/users/db/{part(inputs.name)}", None
        try:
            made = await self.client.call("POST", path, operation.sleep, body={}, patience_seconds=0)
        except ApiError as error:
            if error.status not in {CONFLICT, NO_ANSWER}:
                raise
            left = await self._left(inputs.name, operation)
            if left is None:
                happened = "already has" if error.status == CONFLICT else "did not answer, and may have"
                what = f"the server {happened} a user named {inputs.name}, and shows no key twice"
                adopt = f'give the resource import_="{inputs.name}", and change keyVersion after that'
                raise ProviderError(what, f"look whether anybody uses it, and delete it; or {adopt}") from None
            made = await self.client.call("POST", f"{path}/rotate-key", operation.sleep)
        there = left or {"active": True}
        try:
            await self._settle(inputs, there.get("roles") or (), active=bool(there["active"]), operation=operation)
        except BaseException:
            await self.client.remove(path, operation.sleep)
            raise
        return Created(inputs.name, UserOutputs(api_key=made["apikey"]))

    @override
    async def read(
        self, resource_id: str, known: Live[UserInputs, UserOutputs] | None, operation: Operation
    ) -> Live[UserInputs, UserOutputs] | None:
        found = await self._read(resource_id, operation)
        if found is None:
            return None
        inputs = UserInputs.model_construct(
            name=resource_id,
            roles=_sorted(tuple(found.get("roles") or ())),
            active=bool(found["active"]),
            key_version=known.inputs.key_version if known else "1",
        )
        return Live(inputs, known.outputs if known else UserOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[UserInputs, UserOutputs],
        inputs: UserInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> UserOutputs:
        found = await self._read(resource_id, operation)
        if found is None:
            what = f"the user {resource_id} is gone"
            raise ProviderError(what, "run `pulumi refresh`, which finds that out, and then `pulumi up`")
        await self._settle(inputs, found.get("roles") or (), active=bool(found["active"]), operation=operation)
        if "key_version" not in changed:
            return old.outputs
        path = f"/users/db/{part(resource_id)}/rotate-key"
        return UserOutputs(api_key=(await self.client.call("POST", path, operation.sleep))["apikey"])

    @override
    async def delete(self, resource_id: str, old: Live[UserInputs, UserOutputs], operation: Operation) -> None:
        await self.client.remove(f"/users/db/{part(resource_id)}", operation.sleep)

    async def _left(self, name: str, operation: Operation) -> Json | None:
        """Return a user that a run which was killed has left: made just now, and never used by anybody."""
        query = {"includeLastUsedTime": "true"}
        found: Json | None = await self.client.get(f"/users/db/{part(name)}", operation.sleep, query=query)
        if found is None or not found.get("createdAt"):
            return None
        made = datetime.fromisoformat(found["createdAt"])
        used = datetime.fromisoformat(found["lastUsedAt"]) if found.get("lastUsedAt") else None
        return found if datetime.now(UTC) - made < _JUST_NOW and (used is None or used < made) else None

    async def _read(self, name: str, operation: Operation) -> Json | None:
        found: Json | None = await self.client.get(f"/users/db/{part(name)}", operation.sleep)
        return found

    async def _settle(self, inputs: UserInputs, there: Iterable[str], *, active: bool, operation: Operation) -> None:
        """Give and take roles, and let the key in or not."""
        wanted, held = set(inputs.roles), set(there)
        for how, names in (("assign", wanted - held), ("revoke", held - wanted)):
            if names:
                path = f"/authz/users/{part(inputs.name)}/{how}"
                body = {"roles": sorted(names), "userType": "db"}
                await self.client.call("POST", path, operation.sleep, body=body)
        if inputs.active != active:
            how = "activate" if inputs.active else "deactivate"
            try:
                await self.client.call("POST", f"/users/db/{part(inputs.name)}/{how}", operation.sleep, body={})
            except ApiError as error:
                if error.status != CONFLICT:  # it is so already
                    raise
