"""A machine."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final, TypeGuard

from pydantic import Field
from typing_extensions import override

from providers.kit import (
    LOCAL,
    REPLACE,
    STABLE,
    UNREADABLE,
    WRITE_ONLY,
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
from providers.lambda_cloud.errors import ApiError
from providers.lambda_cloud.fields import Candidates, Hostname, Image, Mounts, Name, Names, Tags, UserData
from providers.lambda_cloud.launch import Launch
from providers.lambda_cloud.order import Candidate, Mount, Order, owner, running, tags_of

POLL_SECONDS: Final = 5.0
TERMINATION_SECONDS: Final = 900.0


class InstanceInputs(Model):
    """What a machine shall be."""

    name: Name
    """What people call it, 1 to 64 characters; the only thing that can be changed while it runs. Not unique."""
    candidates: Candidates
    """Types and regions it may have, the preferred first, all of one architecture. It is launched as the first that has
    capacity, and stays what it is while that is in the list."""
    ssh_key_name: Annotated[str, REPLACE, Field(min_length=1, max_length=64)]
    """The account's SSH key that may log in."""
    file_system_names: Annotated[Names, REPLACE] = ()
    """File systems of its region, mounted under `/lambda/nfs`."""
    file_system_mounts: Annotated[Mounts, REPLACE] = ()
    """File systems of its region, and where they are mounted."""
    hostname: Annotated[Hostname | None, REPLACE] = None
    """Its host name; absent: Lambda's choice."""
    tags: Annotated[Tags, REPLACE] = Field(default_factory=dict)
    """Keys and values; the provider adds `pulumi:owner`, by which it finds its own machines."""
    firewall_ruleset_ids: Annotated[Names, REPLACE] = ()
    """Rulesets of its region; change their rules in place rather than the list."""
    image: Annotated[Image | None, REPLACE, UNREADABLE] = None
    """What it boots; absent: the newest Lambda Stack. The API never tells."""
    user_data: Annotated[UserData | None, REPLACE, WRITE_ONLY] = None
    """What cloud-init runs at the first boot, at most 1 MB. The API never tells."""
    expected_ip: str | None = None
    """The public address it must have: an assertion on an adopted machine, because an address cannot be chosen, kept or
    moved. Another live address shows as a difference that no update can repair."""
    deletion_protection: Annotated[bool, LOCAL] = False
    """Whether deleting and replacing it are refused."""
    max_price_cents_per_hour: Annotated[int | None, LOCAL, Field(gt=0)] = None
    """Nothing dearer is launched; absent: any price."""
    capacity_deadline_seconds: Annotated[float, LOCAL, Field(ge=0)] = 600.0
    """How long capacity is waited for when no candidate has any; 0: every candidate is tried once."""


class InstanceOutputs(Model):
    """What a machine is."""

    status: str
    """`booting`, `active` or `unhealthy`, as last read."""
    ip: Annotated[str | None, STABLE] = None
    """Public address, once it has one; `InstanceReady` waits for it."""
    private_ip: Annotated[str | None, STABLE] = None
    """Address inside its region, once it has one."""
    instance_type: Annotated[str, STABLE]
    """The type it was launched as."""
    region: Annotated[str, STABLE]
    """The region it was launched in."""
    price_cents_per_hour: int
    """What it costs, as last read."""


LiveInstance = Live[InstanceInputs, InstanceOutputs]


class Instance(Resource[InstanceInputs, InstanceOutputs, Client]):
    """A machine of Lambda Cloud, returned as soon as it has an id; `InstanceReady` waits until it can be used.

    It is launched exactly once: a tag with the resource's identity finds what a lost answer or a crash left behind.
    There is no stop: a replacement destroys disk and address, so it is made after the old machine is gone.
    """

    delete_before_replace: ClassVar[bool] = True
    missing: ClassVar[str] = "look up the id of the live machine in Lambda's console: a terminated one has none"

    @override
    async def create(self, inputs: InstanceInputs, operation: Operation) -> Created[InstanceOutputs]:
        machine = await Launch(self.client, _order(inputs, operation), operation).run()
        if machine.name is not None and machine.name != inputs.name:
            machine = await self.client.rename_instance(operation, machine.id, inputs.name)
        return Created(machine.id, _outputs(machine, None))

    @override
    async def read(self, resource_id: str, known: LiveInstance | None, operation: Operation) -> LiveInstance | None:
        machine = await self.client.listing.find(operation, resource_id)
        if machine is None or machine.gone:
            return None
        return Live(_mirrored(machine, known), _outputs(machine, known))

    @override
    async def update(
        self,
        resource_id: str,
        old: LiveInstance,
        inputs: InstanceInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> InstanceOutputs:
        if _address_differs(inputs.expected_ip, old):
            what = f"{operation.name} has the address {old.outputs.ip}, and expectedIp is {inputs.expected_ip}"
            remedy = "an address cannot be chosen or moved: correct expectedIp, or adopt the machine that has it"
            raise ProviderError(what, remedy)
        if "name" in changed:
            return _outputs(await self.client.rename_instance(operation, resource_id, inputs.name), old)
        return old.outputs

    @override
    async def delete(self, resource_id: str, old: LiveInstance, operation: Operation) -> None:
        if old.inputs.deletion_protection:
            what = f"{operation.name} ({resource_id}) is protected from deletion, which destroys its disk and address"
            remedy = "set deletionProtection to false, run `up`, and delete it then; nothing was changed"
            raise ProviderError(what, remedy)
        try:
            await self.client.terminate(operation, resource_id)
        except ApiError as error:
            if not error.gone:
                raise
        await self._until_terminated(resource_id, operation)

    @override
    def differences(
        self, new: Mapping[str, Any], live: LiveInstance, found: tuple[Difference, ...]
    ) -> Iterable[Difference]:
        differing = [_judged(one, new, live) for one in found if not _settled(one, new)]
        replacing = [one.path for one in differing if one.replace]
        if replacing and (live.inputs.deletion_protection or new.get("deletion_protection") is True):
            what = f"{live.inputs.name} is protected from deletion, and another {', '.join(replacing)} would replace it"
            remedy = (
                "a replacement destroys its disk and its address: restore the value, "
                "or set deletionProtection to false, run `up`, and change it then"
            )
            raise ProviderError(what, remedy)
        return differing

    async def _until_terminated(self, resource_id: str, operation: Operation) -> None:
        """Wait for the end: rulesets and file systems are in use until then, and the quota is."""
        clock = self.client.clock
        seconds = operation.timeout or TERMINATION_SECONDS
        deadline = clock.now() + seconds
        while True:
            machine = await self.client.listing.find(operation, resource_id)
            if machine is None or machine.status in {"terminated", "preempted"}:
                return
            if clock.now() > deadline:
                what = f"{operation.name} ({resource_id}) is still {machine.status} after {seconds:.0f} s"
                raise ProviderError(what, "its termination was accepted: run `pulumi refresh` in a few minutes")
            await clock.tick(operation, POLL_SECONDS)


def _order(inputs: InstanceInputs, operation: Operation) -> Order:
    image = inputs.image
    patience = inputs.capacity_deadline_seconds
    return Order(
        name=inputs.name,
        owner=owner(operation.project, operation.stack, operation.urn),
        candidates=inputs.candidates,
        ssh_key_name=inputs.ssh_key_name,
        deadline_seconds=min(patience, operation.timeout) if operation.timeout else patience,
        file_system_names=inputs.file_system_names,
        file_system_mounts=inputs.file_system_mounts,
        hostname=inputs.hostname,
        image=image.model_dump(exclude_none=True) if image else None,
        user_data=inputs.user_data,
        tags=inputs.tags,
        firewall_ruleset_ids=inputs.firewall_ruleset_ids,
        max_price_cents_per_hour=inputs.max_price_cents_per_hour,
        expected_ip=inputs.expected_ip,
    )


def _outputs(machine: answers.Instance, known: LiveInstance | None) -> InstanceOutputs:
    """Return a machine's outputs. An answer may lack an address that the machine has, and has for its whole life."""
    return InstanceOutputs(
        status=machine.status,
        ip=machine.ip or (known.outputs.ip if known else None),
        private_ip=machine.private_ip or (known.outputs.private_ip if known else None),
        instance_type=machine.instance_type.name,
        region=machine.region.name,
        price_cents_per_hour=machine.instance_type.price_cents_per_hour,
    )


def _mirrored(machine: answers.Instance, known: LiveInstance | None) -> InstanceInputs:
    """Return the inputs that a machine would be made from; unvalidated, because what is, is.

    Where an address is expected the live one is mirrored, and an import expects the live one. The API tells of
    a mounted file system by its name too, and of a host name nobody chose: what was not asked for is not mirrored.
    """
    here = running(machine)
    inputs = known.inputs if known else None
    mounts = tuple(
        Mount.model_construct(mount_point=mount.mount_point, file_system_id=mount.file_system_id)
        for mount in sorted(machine.file_system_mounts, key=lambda mount: mount.mount_point)
    )
    names = tuple(sorted(machine.file_system_names))
    expected = inputs.expected_ip if inputs else None
    return InstanceInputs.model_construct(
        name=machine.name or "",
        candidates=inputs.candidates if inputs and here in inputs.candidates else (here,),
        ssh_key_name=machine.ssh_key_names[0] if machine.ssh_key_names else "",
        file_system_names=names if (inputs.file_system_names if inputs else not mounts) else (),
        file_system_mounts=mounts if inputs is None or inputs.file_system_mounts else (),
        hostname=machine.hostname if inputs is None or inputs.hostname else None,
        tags=tags_of(machine),
        firewall_ruleset_ids=tuple(sorted(ruleset.id for ruleset in machine.firewall_rulesets)),
        expected_ip=(machine.ip or expected) if inputs is None or expected else None,
    )


def _address_differs(expected: object, live: LiveInstance) -> bool:
    return isinstance(expected, str) and live.outputs.ip not in {None, expected}


def _settled(one: Difference, new: Mapping[str, Any]) -> bool:
    """Tell whether a difference is none: a host name that nobody declares is Lambda's choice."""
    return one.field == "hostname" and new.get("hostname") is None


def _judged(one: Difference, new: Mapping[str, Any], live: LiveInstance) -> Difference:
    """Return a difference with its consequence: other candidates replace a machine that is none of them."""
    candidates = new.get("candidates")
    if one.field != "candidates" or not _known(candidates):
        return one
    here = (live.outputs.instance_type, live.outputs.region)
    replace = here not in {(candidate.instance_type, candidate.region) for candidate in candidates}
    return Difference(one.field, one.path, replace=replace, kind=one.kind)


def _known(candidates: object) -> TypeGuard[tuple[Candidate, ...]]:
    return isinstance(candidates, tuple) and all(isinstance(one, Candidate) for one in candidates)
