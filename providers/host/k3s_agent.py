"""A K3s agent on a host: a node that joins a server."""

from typing import ClassVar

from typing_extensions import override

from providers.host.connection import NO_IMPORT
from providers.host.k3s_inputs import K3sAgentInputs, K3sOutputs
from providers.host.ssh import Hosts
from providers.kit import Created, Live, Operation, ProviderError, Resource

LiveAgent = Live[K3sAgentInputs, K3sOutputs]


class K3sAgent(Resource[K3sAgentInputs, K3sOutputs, Hosts]):
    """A K3s agent: a binary that was checked, its configuration, its unit, and the proof that its node is ready.

    Nothing is restarted that fits already; a change that does not become healthy is undone, and the error ends with
    the journal's last lines. Deleting it removes K3s and its data from the host.
    """

    missing: ClassVar[str] = NO_IMPORT

    @override
    async def create(self, inputs: K3sAgentInputs, operation: Operation) -> Created[K3sOutputs]:
        raise _not_yet(inputs.connection.label)

    @override
    async def read(self, resource_id: str, known: LiveAgent | None, operation: Operation) -> LiveAgent | None:
        return known

    @override
    async def update(
        self,
        resource_id: str,
        old: LiveAgent,
        inputs: K3sAgentInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> K3sOutputs:
        raise _not_yet(inputs.connection.label)

    @override
    async def delete(self, resource_id: str, old: LiveAgent, operation: Operation) -> None:
        return


def _not_yet(label: str) -> ProviderError:
    what = f"{label}: K3s is declared and cannot be installed yet"
    return ProviderError(what, "take a later version of the provider")
