"""The moment from which a machine can be used."""

from typing import Annotated, ClassVar, Final

from pydantic import Field
from typing_extensions import override

from providers.kit import LOCAL, REPLACE, STABLE, Created, Live, Model, Operation, ProviderError, Resource
from providers.lambda_cloud import answers
from providers.lambda_cloud.client import Client

POLL_SECONDS: Final = 5.0
# A machine whose launch was just answered may not be listed yet.
APPEARANCE_SECONDS: Final = 60.0
READY: Final = "active"
FAILED: Final = answers.GONE | {"unhealthy"}


class InstanceReadyInputs(Model):
    """Which machine, and how long it is waited for."""

    instance_id: Annotated[str, REPLACE, Field(min_length=1)]
    """The machine's id."""
    timeout_seconds: Annotated[float, LOCAL, Field(gt=0)] = 1800.0
    """How long it may take to boot: machines with one GPU need 3 to 5 minutes, those with eight up to 20."""


class InstanceReadyOutputs(Model):
    """Where a machine is reached."""

    ip: Annotated[str, STABLE]
    """Public address."""
    private_ip: Annotated[str | None, STABLE] = None
    """Address inside its region; the API does not always tell it."""
    region: Annotated[str, STABLE]
    """The region it is in."""
    instance_type: Annotated[str, STABLE]
    """The type it is."""


LiveReady = Live[InstanceReadyInputs, InstanceReadyOutputs]


class InstanceReady(Resource[InstanceReadyInputs, InstanceReadyOutputs, Client]):
    """The moment from which a machine is active and has an address; whether SSH answers is not asked.

    It is a resource of its own so that a slow boot never loses the id of a machine that costs money. Deleting it does
    nothing.
    """

    missing: ClassVar[str] = "import it with the id of a machine that is active and has an address"

    @override
    async def create(self, inputs: InstanceReadyInputs, operation: Operation) -> Created[InstanceReadyOutputs]:
        clock = self.client.clock
        began = clock.now()
        seconds = operation.timeout or inputs.timeout_seconds
        while True:
            machine = await self.client.listing.find(operation, inputs.instance_id)
            waited = clock.now() - began
            if machine is None and waited > APPEARANCE_SECONDS:
                raise _lost(inputs.instance_id, "does not exist")
            if machine is not None and machine.status in FAILED:
                raise _lost(inputs.instance_id, f"is {machine.status}")
            if machine is not None and machine.status == READY and machine.ip:
                return Created(machine.id, _outputs(machine, machine.ip))
            if waited > seconds:
                raise _late(inputs.instance_id, machine, seconds)
            await clock.tick(operation, POLL_SECONDS)

    @override
    async def read(self, resource_id: str, known: LiveReady | None, operation: Operation) -> LiveReady | None:
        machine = await self.client.listing.find(operation, resource_id)
        if machine is None or machine.gone:
            return None
        # An answer may lack the address that the machine has for its whole life.
        address = machine.ip or (known.outputs.ip if known else None)
        if address is None:
            return None
        return Live(InstanceReadyInputs.model_construct(instance_id=machine.id), _outputs(machine, address, known))

    @override
    async def update(
        self,
        resource_id: str,
        old: LiveReady,
        inputs: InstanceReadyInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> InstanceReadyOutputs:
        return old.outputs

    @override
    async def delete(self, resource_id: str, old: LiveReady, operation: Operation) -> None:
        """Leave the machine alone: only its own resource ends it."""


def _outputs(machine: answers.Instance, ip: str, known: LiveReady | None = None) -> InstanceReadyOutputs:
    return InstanceReadyOutputs(
        ip=ip,
        private_ip=machine.private_ip or (known.outputs.private_ip if known else None),
        region=machine.region.name,
        instance_type=machine.instance_type.name,
    )


def _lost(instance_id: str, state: str) -> ProviderError:
    what = f"machine {instance_id} {state} and will not become ready by itself"
    return ProviderError(what, "run `up --refresh`, which replaces a machine that is gone; terminate an unhealthy one")


def _late(instance_id: str, machine: answers.Instance | None, seconds: float) -> ProviderError:
    state = (
        "not listed" if machine is None else machine.status if machine.ip else f"{machine.status} without an address"
    )
    what = f"machine {instance_id} is {state} after {seconds:.0f} s"
    return ProviderError(what, "it is kept and recorded: run `up` again to wait on, or raise timeoutSeconds")
