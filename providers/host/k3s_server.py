"""A K3s server on a host: the control plane, its datastore and a node."""

from typing import ClassVar

from typing_extensions import override

from providers.host.connection import NO_IMPORT
from providers.host.k3s_inputs import K3sServerInputs, K3sServerOutputs
from providers.host.ssh import Hosts
from providers.kit import Created, Live, Operation, ProviderError, Resource

LiveServer = Live[K3sServerInputs, K3sServerOutputs]


class K3sServer(Resource[K3sServerInputs, K3sServerOutputs, Hosts]):
    """A K3s server: a binary that was checked, its configuration, its unit, and the proof that its node is ready.

    Nothing is restarted that fits already; a change that does not become healthy is undone, and the error ends with
    the journal's last lines. Deleting it removes K3s and its data from the host.
    """

    missing: ClassVar[str] = NO_IMPORT

    @override
    async def create(self, inputs: K3sServerInputs, operation: Operation) -> Created[K3sServerOutputs]:
        raise _not_yet(inputs.connection.label)

    @override
    async def read(self, resource_id: str, known: LiveServer | None, operation: Operation) -> LiveServer | None:
        return known

    @override
    async def update(
        self,
        resource_id: str,
        old: LiveServer,
        inputs: K3sServerInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> K3sServerOutputs:
        raise _not_yet(inputs.connection.label)

    @override
    async def delete(self, resource_id: str, old: LiveServer, operation: Operation) -> None:
        return


def _not_yet(label: str) -> ProviderError:
    what = f"{label}: K3s is declared and cannot be installed yet"
    return ProviderError(what, "take a later version of the provider")
