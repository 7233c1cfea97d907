"""Keeps writers out of a collection for a moment, by taking their roles the permission to write.

A shard that is read-only would not do: the server answers a batch with success and drops it (1.39.0,
`adapters/repos/db/shard_write_batch_objects.go`). Without the permission it is refused as a whole, with 403, and the
writer tries again. What was taken is kept on the server, in a role that nobody has, until it is given back: a run that
is killed leaves behind what the next one needs to open the fence. Keys of root users are not held back.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from providers.kit import Operation
from providers.weaviate.client import Client, Json, part
from providers.weaviate.errors import CONFLICT, ApiError

_WRITING: Final = frozenset({"create_data", "update_data", "delete_data"})
_BUILT_IN: Final = frozenset({"root", "admin", "viewer", "read-only"})


class Fence:
    """The fence around one collection.

    Args:
        client: the server's API.
        operation: what waits for it.
        name: the collection's name, which is the alias.
    """

    def __init__(self, client: Client, operation: Operation, name: str) -> None:
        self._client = client
        self._operation = operation
        self._sleep = operation.sleep
        self._name = name
        self._prefix = f"fenced-{_short(name)}-"

    async def close(self, class_name: str) -> bool:
        """Keep everybody from writing; tell whether anybody was found who could.

        Args:
            class_name: the collection's own name.
        """
        taken = False
        roles = await self._roles()
        if _BUILT_IN.isdisjoint(role["name"] for role in roles):
            # Writes that come in between are caught up with after the switch.
            why = "the server has no roles, or this key may not see them all (read_roles)"
            await self._operation.say(f"{self._name}: no writer is held back, because {why}")
            return False
        for role in roles:
            writing = [one for one in role["permissions"] if _lets_write(one, {self._name, class_name})]
            name = role["name"]
            if name in _BUILT_IN or name.startswith("fenced-") or not writing:
                continue
            await self._keep(self._parked(name), writing)
            await self._change(name, "remove-permissions", writing)
            taken = True
        return taken

    async def open(self) -> None:
        """Give back what was taken, also by a run that did not come to it."""
        roles = await self._roles()
        names = {role["name"] for role in roles}
        for role in roles:
            if role["name"].startswith(self._prefix):
                owner = next((name for name in names if self._parked(name) == role["name"]), None)
                if owner is not None and role["permissions"]:
                    await self._change(owner, "add-permissions", role["permissions"])
                await self._client.call("DELETE", f"/authz/roles/{part(role['name'])}", self._sleep)

    def _parked(self, role: str) -> str:
        return f"{self._prefix}{_short(role)}"

    async def _roles(self) -> Sequence[Json]:
        return await self._client.get("/authz/roles", self._sleep) or ()

    async def _keep(self, name: str, permissions: Sequence[Json]) -> None:
        try:
            body = {"name": name, "permissions": permissions}
            await self._client.call("POST", "/authz/roles", self._sleep, body=body)
        except ApiError as error:
            if error.status != CONFLICT:
                raise
            # Nobody else's has this name: made by a request whose answer was lost.
            await self._change(name, "add-permissions", permissions)

    async def _change(self, role: str, how: str, permissions: Iterable[Json]) -> None:
        path = f"/authz/roles/{part(role)}/{how}"
        await self._client.call("POST", path, self._sleep, body={"permissions": list(permissions)})


def _short(name: str) -> str:
    """Return a text of one length for a name of any: the server's own for a role end at 64 characters."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]


def _lets_write(permission: Json, names: set[str]) -> bool:
    if permission["action"] not in _WRITING:
        return False
    pattern = str((permission.get("data") or {}).get("collection") or "*")
    return any(_covers(pattern, name) for name in names)


def _covers(pattern: str, name: str) -> bool:
    """Tell whether a pattern of the server names a collection: it is `*`, a name, or a regular expression."""
    regex: Any = pattern.replace("*", ".*") if not re.search(r"\.\*|[\[\]()|+?^$\\]", pattern) else pattern
    try:
        return re.fullmatch(regex, name) is not None
    except re.error:
        return pattern == name
