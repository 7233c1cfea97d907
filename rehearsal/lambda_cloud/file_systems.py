"""Shared file systems of the account."""

from collections.abc import Mapping
from typing import Any

from rehearsal.lambda_cloud import errors, market
from rehearsal.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud.journal import Journal
from rehearsal.lambda_cloud.records import FileSystem, State, new_id


class FileSystems:
    """The file systems of an account.

    Args:
        state: the account's.
        clock: its time.
        journal: told what happens.
    """

    def __init__(self, state: State, clock: Clock, journal: Journal) -> None:
        self._state = state
        self._clock = clock
        self._journal = journal

    def all(self) -> list[dict[str, Any]]:
        """Return every file system as the API shows it."""
        return [self._shown(one) for one in self._state.file_systems.values()]

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a file system.

        Raises:
            ApiError: when the name is taken or the region unknown.
        """
        name, region = body["name"], body["region"]
        if region not in market.REGIONS:
            raise errors.invalid(because=f"region: {region} does not exist.")
        if any(one.name == name for one in self._state.file_systems.values()):
            raise errors.duplicate(because=f"A filesystem named {name} exists already.")
        made = FileSystem(id=new_id(), name=name, region=region, created=self._clock.now)
        self._state.file_systems[made.id] = made
        self._journal.record("filesystem", "created", made.id)
        return self._shown(made)

    def delete(self, file_system_id: str) -> dict[str, Any]:
        """Delete a file system.

        Raises:
            ApiError: when it does not exist or is mounted by an instance that is not gone.
        """
        one = self._state.file_systems.get(file_system_id)
        if one is None:
            raise errors.missing(because="Filesystem was not found.")
        if self._in_use(one.id):
            raise errors.file_system_in_use(one.name)
        del self._state.file_systems[one.id]
        self._journal.record("filesystem", "deleted", one.id)
        return {"deleted_ids": [one.id]}

    def _in_use(self, file_system_id: str) -> bool:
        now = self._clock.now
        return any(
            mount.file_system_id == file_system_id
            for instance in self._state.instances.values()
            if instance.holds_resources(now)
            for mount in instance.mounts
        )

    def _shown(self, one: FileSystem) -> dict[str, Any]:
        owner = {"id": self._state.account_id, "email": "owner@sophia.invalid", "status": "active"}
        return {
            "id": one.id,
            "name": one.name,
            "mount_point": f"/lambda/nfs/{one.name}",
            "created": self._clock.date(one.created).isoformat(),
            "created_by": owner,
            "is_in_use": self._in_use(one.id),
            "region": market.region(one.region),
            "bytes_used": 0,
        }
