"""A K3s agent on a host: a node that joins a server."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from providers.host.connection import NO_IMPORT, must_be_known, unless_unreachable
from providers.host.k3s_inputs import TOKEN, UNSETTLED, K3sAgentInputs, K3sOutputs
from providers.host.k3s_installation import Done, Installation
from providers.host.k3s_mirroring import mirror
from providers.host.ssh import Hosts
from providers.kit import Created, Live, Operation, Resource

LiveAgent = Live[K3sAgentInputs, K3sOutputs]


class K3sAgent(Resource[K3sAgentInputs, K3sOutputs, Hosts]):
    """A K3s agent: a binary that was checked, its configuration, its unit, and the proof that its node is ready.

    It is made, proven and undone as a `K3sServer` is. Agents of one cluster join at the same time and are changed one
    after the other: the next begins when the node of the one before is ready again. Its labels and taints are those of
    its first start; what they are later is the API's. Deleting it removes K3s and its data from the host, and asks no
    API: drain the node and delete it before.
    """

    missing: ClassVar[str] = NO_IMPORT
    unsettled: ClassVar[Mapping[str, frozenset[str]]] = UNSETTLED

    def __init__(self, client: Hosts) -> None:
        super().__init__(client)
        self._installation = Installation(client, "agent")
        self._turns: dict[str, asyncio.Lock] = {}

    @override
    async def create(self, inputs: K3sAgentInputs, operation: Operation) -> Created[K3sOutputs]:
        done = await self._installation.apply(inputs, {TOKEN: inputs.token}, operation)
        return Created(f"{inputs.host}/k3s-agent", _outputs(done))

    @override
    async def read(self, resource_id: str, known: LiveAgent | None, operation: Operation) -> LiveAgent | None:
        known = must_be_known(known, "K3sAgent")
        found: LiveAgent = await unless_unreachable(known, self._read(known, operation))
        return found

    @override
    async def update(
        self, resource_id: str, old: LiveAgent, inputs: K3sAgentInputs, changed: frozenset[str], operation: Operation
    ) -> K3sOutputs:
        async with self._turns.setdefault(str(inputs.config["server"]), asyncio.Lock()):
            tokens = {TOKEN: inputs.token}
            done = await self._installation.apply(inputs, tokens, operation, old=old.inputs, changed=changed)
        return _outputs(done)

    @override
    async def delete(self, resource_id: str, old: LiveAgent, operation: Operation) -> None:
        await self._installation.remove(old.inputs, operation)

    async def _read(self, known: LiveAgent, operation: Operation) -> LiveAgent:
        found = await self._installation.found(known.inputs, operation)
        seen = mirror("agent", known.inputs, found, known.outputs.fingerprint) | {"token": found["token"]}
        told = (
            {"kubelet_version": found["node"]["version"], "node_name": found["node"]["name"]} if found["node"] else {}
        )
        return Live(known.inputs.model_copy(update=seen), known.outputs.model_copy(update=told))


def _outputs(done: Done) -> K3sOutputs:
    node = done.found["node"]
    return K3sOutputs(fingerprint=done.fingerprint, kubelet_version=node["version"], node_name=node["name"])
