"""A role: what those who have it may do.

Source: Weaviate 1.39.0, `adapters/handlers/rest/authz` and `usecases/auth/authorization/conv/casbin_types.go`: one
action per permission, filters of other actions ignored, a filter that is left out is `*`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, ProviderError, Resource
from providers.kit.checking import suggestion
from providers.weaviate.client import Client, Json, part
from providers.weaviate.errors import CONFLICT, ApiError

BUILT_IN: Final = frozenset({"root", "admin", "viewer", "read-only"})

_CRUD: Final = ("create", "read", "update", "delete")
_FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "collections": ("collection",),
    "data": ("collection", "tenant", "object"),
    "tenants": ("collection", "tenant"),
    "aliases": ("collection", "alias"),
    "backups": ("collection",),
    "nodes": ("collection", "verbosity"),
    "roles": ("role", "scope"),
    "users": ("users",),
    "replicate": ("collection", "shard"),
    "cluster": (),
    "mcp": (),
}
"""What limits an action on each kind of thing, under the name that the server gives the limits."""
_ACTIONS: Final[Mapping[str, str]] = {
    **{
        f"{verb}_{kind}": kind
        for kind in ("collections", "data", "tenants", "aliases", "roles", "users")
        for verb in _CRUD
    },
    **{f"{verb}_replicate": "replicate" for verb in _CRUD},
    **{f"{verb}_mcp": "mcp" for verb in ("create", "read", "update")},
    "assign_and_revoke_users": "users",
    "manage_backups": "backups",
    "read_cluster": "cluster",
    "read_nodes": "nodes",
}
_USUAL: Final = {"verbosity": "minimal", "scope": "match"}


class Permission(Model):
    """One thing that may be done, and to what."""

    action: str
    """What may be done, such as `read_data` or `manage_backups`."""
    collection: str | None = None
    """To which collections or what is in them: a name, `*`, or a pattern such as `Sophia.*`; all unless said."""
    tenant: str | None = None
    """Of which tenants; all unless said."""
    object: str | None = None
    """To which objects, by id; all unless said."""
    alias: str | None = None
    """To which aliases; all unless said."""
    role: str | None = None
    """To which roles; all unless said."""
    scope: str | None = None
    """Of roles: `match` for those that may do no more than whoever changes them, or `all`."""
    users: str | None = None
    """To which users; all unless said."""
    shard: str | None = None
    """Of which shards; all unless said."""
    verbosity: str | None = None
    """Of nodes: `minimal`, or `verbose` for what each collection has there."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any) -> Any:
        """Say what is left out: the server does, too."""
        kind = _ACTIONS.get(str(given.get("action"))) if isinstance(given, dict) else None
        if kind is None:
            return given
        usual = {name: _USUAL.get(name, "*") for name in _FILTERS[kind]}
        if kind == "nodes" and given.get("verbosity", "minimal") == "minimal":
            del usual["collection"]
        return usual | {key: value for key, value in given.items() if value is not None}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        kind = _ACTIONS.get(self.action)
        if kind is None:
            message = f"{self.action} is no action of Weaviate; {suggestion(self.action, _ACTIONS)}"
            raise ValueError(message)
        strange = sorted(self.limits().keys() - set(_FILTERS[kind]))
        if kind == "nodes" and self.verbosity == "minimal" and self.collection is not None:
            strange.append("collection (without verbosity verbose)")
        if strange:
            message = f"{self.action} is not limited by {' and '.join(strange)}; leave it out"
            raise ValueError(message)
        if self.scope not in {None, "match", "all"} or self.verbosity not in {None, "minimal", "verbose"}:
            message = "scope is match or all, and verbosity minimal or verbose; choose one"
            raise ValueError(message)
        return self

    def limits(self) -> dict[str, str]:
        """Return what limits it, by name."""
        return {key: value for key, value in self.model_dump(exclude_none=True).items() if key != "action"}

    def spelled(self) -> Json:
        """Return it as the server spells it."""
        limits = self.limits()
        return {"action": self.action} | ({_ACTIONS[self.action]: limits} if limits else {})


def ordered(given: Sequence[Permission]) -> tuple[Permission, ...]:
    """Return permissions in one order and each once: the server keeps a set."""
    return tuple(sorted({_key(one): one for one in given}.values(), key=_key))


def _key(one: Permission) -> tuple[str, tuple[tuple[str, str], ...]]:
    return one.action, tuple(sorted(one.limits().items()))


def _own_name(name: str) -> str:
    if name in BUILT_IN:
        message = f"{name} is the server's own role; choose another name"
        raise ValueError(message)
    return name


class RoleInputs(Model):
    """What a role is declared as."""

    name: Annotated[str, REPLACE, Field(pattern=r"^[A-Za-z][-_0-9A-Za-z]{0,63}$"), AfterValidator(_own_name)]
    """Its name."""
    permissions: Annotated[tuple[Permission, ...], AfterValidator(ordered)] = ()
    """What those who have it may do, sorted, each once."""


class RoleOutputs(Model):
    """Nothing is known of a role beyond its inputs."""


class Role(Resource[RoleInputs, RoleOutputs, Client]):
    """A role of the server: users have what their roles permit, and nothing else.

    Deleting it takes it from all who have it. A permission that somebody added or took away shows as drift.
    """

    missing: ClassVar[str] = "list the server's roles with GET /v1/authz/roles, and import one of their names"

    @override
    async def create(self, inputs: RoleInputs, operation: Operation) -> Created[RoleOutputs]:
        body = {"name": inputs.name, "permissions": [one.spelled() for one in inputs.permissions]}
        try:
            await self.client.call("POST", "/authz/roles", operation.sleep, body=body)
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            there = await self._read(inputs.name, operation)
            if there != inputs.permissions:
                what = f"the server already has a role named {inputs.name}"
                raise ProviderError(what, f'adopt it: give the resource import_="{inputs.name}"') from None
        return Created(inputs.name, RoleOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[RoleInputs, RoleOutputs] | None, operation: Operation
    ) -> Live[RoleInputs, RoleOutputs] | None:
        found = await self._read(resource_id, operation)
        if found is None:
            return None
        return Live(RoleInputs.model_construct(name=resource_id, permissions=found), RoleOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[RoleInputs, RoleOutputs],
        inputs: RoleInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> RoleOutputs:
        there = await self._read(resource_id, operation) or ()
        # Nobody is without what both allow in between.
        await self._change(resource_id, "add-permissions", _without(inputs.permissions, there), operation)
        await self._change(resource_id, "remove-permissions", _without(there, inputs.permissions), operation)
        return RoleOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[RoleInputs, RoleOutputs], operation: Operation) -> None:
        await self.client.remove(f"/authz/roles/{part(resource_id)}", operation.sleep)

    async def _read(self, name: str, operation: Operation) -> tuple[Permission, ...] | None:
        found = await self.client.get(f"/authz/roles/{part(name)}", operation.sleep)
        return None if found is None else ordered([permission(one) for one in found["permissions"] or ()])

    async def _change(self, name: str, how: str, permissions: Sequence[Permission], operation: Operation) -> None:
        if permissions:
            body = {"permissions": [one.spelled() for one in permissions]}
            await self.client.call("POST", f"/authz/roles/{part(name)}/{how}", operation.sleep, body=body)


def permission(told: Json) -> Permission:
    """Return a permission as the server tells it; an action that we do not know keeps its name and its limits."""
    kind = _ACTIONS.get(told["action"], "")
    limits = {key: value for key, value in (told.get(kind) or {}).items() if value}
    return Permission.model_construct(action=told["action"], **limits)


def _without(some: Sequence[Permission], others: Sequence[Permission]) -> list[Permission]:
    there = {_key(one) for one in others}
    return [one for one in some if _key(one) not in there]
