"""A shared file system of one region."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, NoReturn

from pydantic import Field
from typing_extensions import override

from providers.kit import (
    LOCAL,
    REPLACE,
    STABLE,
    Created,
    Difference,
    Live,
    Model,
    Operation,
    ProviderError,
    Resource,
)
from providers.lambda_cloud import answers
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.creation import create_once
from providers.lambda_cloud.deletion import delete_when_free
from providers.lambda_cloud.errors import DUPLICATE, FILE_SYSTEM_IN_USE, ApiError


class FilesystemInputs(Model):
    """What a file system is declared as."""

    name: Annotated[str, REPLACE, Field(max_length=60, pattern=r"^[a-zA-Z]+[0-9a-zA-Z-]*$")]
    """Its name: a letter, then letters, digits and hyphens, at most 60 in all. Another name is another, empty one."""
    region: Annotated[str, REPLACE, Field(min_length=1)]
    """The region it is in; only instances there can mount it."""
    deletion_protection: Annotated[bool, LOCAL] = False
    """Whether deleting or replacing it is refused."""


class FilesystemOutputs(Model):
    """What is known of a file system beyond its inputs."""

    mount_point: Annotated[str, STABLE]
    """Where instances find it unless they say otherwise."""
    is_in_use: bool
    """Whether an instance mounted it when it was last read."""
    bytes_used: int | None = None
    """How much it held when it was last read; none while Lambda does not tell."""


class Filesystem(Resource[FilesystemInputs, FilesystemOutputs, Client]):
    """A file system that outlives the instances that mount it, and costs money by what it holds until it is deleted.

    Deleting it destroys what it holds. Names are unique: one that exists is adopted with `import_`.
    """

    missing: ClassVar[str] = "list the account's file systems with GET /file-systems, and import one of their ids"

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._creating = asyncio.Lock()

    @override
    async def create(self, inputs: FilesystemInputs, operation: Operation) -> Created[FilesystemOutputs]:
        client = self.client
        async with self._creating:
            try:
                created = await create_once(
                    operation,
                    client.clock,
                    send=lambda: client.create_file_system(operation, name=inputs.name, region=inputs.region),
                    listed=lambda: client.file_systems(operation),
                    before=await client.file_systems(operation),
                    same=lambda found: (found.name, found.region.name) == (inputs.name, inputs.region),
                )
            except ApiError as error:
                if error.code == DUPLICATE:
                    _name_taken(inputs, await client.file_systems(operation))
                raise
        return Created(created.id, _outputs(created))

    @override
    async def read(
        self, resource_id: str, known: Live[FilesystemInputs, FilesystemOutputs] | None, operation: Operation
    ) -> Live[FilesystemInputs, FilesystemOutputs] | None:
        for found in await self.client.file_systems(operation):
            if found.id == resource_id:
                inputs = FilesystemInputs.model_construct(name=found.name, region=found.region.name)
                return Live(inputs, _outputs(found))
        return None

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[FilesystemInputs, FilesystemOutputs],
        inputs: FilesystemInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> FilesystemOutputs:
        return old.outputs

    @override
    async def delete(
        self, resource_id: str, old: Live[FilesystemInputs, FilesystemOutputs], operation: Operation
    ) -> None:
        if old.inputs.deletion_protection:
            what = (
                f"the file system {old.inputs.name!r} ({resource_id}) is protected, and deleting it destroys its data"
            )
            raise ProviderError(what, "set deletionProtection to false, run `pulumi up`, and delete it after that")
        await delete_when_free(
            operation,
            self.client.clock,
            lambda: self.client.delete_file_system(operation, resource_id),
            in_use=FILE_SYSTEM_IN_USE,
            patience_seconds=operation.timeout,
        )

    @override
    def differences(
        self,
        new: Mapping[str, Any],
        live: Live[FilesystemInputs, FilesystemOutputs],
        found: tuple[Difference, ...],
    ) -> Iterable[Difference]:
        replacing = [difference.path for difference in found if difference.replace]
        protected = live.inputs.deletion_protection or new.get("deletion_protection") is True
        if replacing and protected:
            fields = " and ".join(replacing)
            what = (
                f"the file system {live.inputs.name!r} is protected, and another {fields} would replace it, "
                "which destroys its data"
            )
            remedy = (
                "take the change back; or declare a second file system, copy the data, and remove this one after "
                "setting deletionProtection to false"
            )
            raise ProviderError(what, remedy)
        return found


def _outputs(found: answers.FileSystem) -> FilesystemOutputs:
    return FilesystemOutputs(mount_point=found.mount_point, is_in_use=found.is_in_use, bytes_used=found.bytes_used)


def _name_taken(inputs: FilesystemInputs, existing: Iterable[answers.FileSystem]) -> NoReturn:
    where = "".join(
        f", in {found.region.name} with the id {found.id}" for found in existing if found.name == inputs.name
    )
    what = f"the account already has a file system named {inputs.name!r}{where}"
    remedy = (
        "adopt it: give the resource import_ with that id; or choose another name, also to move it: "
        "a file system stays in its region, so its data is copied to one of another name"
    )
    raise ProviderError(what, remedy)
