"""A K3s server on a host: the control plane, its datastore and a node."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from typing_extensions import override

from providers.host.connection import NO_IMPORT, must_be_known, unless_unreachable
from providers.host.k3s_inputs import AGENT_TOKEN, TOKEN, UNSETTLED, K3sServerInputs, K3sServerOutputs
from providers.host.k3s_installation import DEFAULT_PORT, Done, Installation
from providers.host.k3s_mirroring import mirror, recorded_config
from providers.host.kubeconfig import Kubeconfig, UnreadableKubeconfigError, kubeconfig
from providers.host.ssh import Hosts
from providers.kit import Created, Live, Operation, ProviderError, Resource

LiveServer = Live[K3sServerInputs, K3sServerOutputs]
SECURE: Final = re.compile(r"K10(?P<ca>[0-9a-f]{64})::")


class K3sServer(Resource[K3sServerInputs, K3sServerOutputs, Hosts]):
    """A K3s server: a binary that was checked, its configuration, its unit, and the proof that its node is ready.

    The binary is copied over SFTP, checked on the host and renamed into its place. K3s is restarted where something
    changed that it reads, and then it is proven: its unit, `/readyz`, its node with the version, what the datastore
    holds of a Secret, its sockets. A change that is not proven is undone, and the error ends with the journal's last
    lines. A K3s that runs there and fits is taken over as it runs. Another `token` is given to the running cluster
    first. Deleting it removes K3s and its data from the host.
    """

    missing: ClassVar[str] = NO_IMPORT
    unsettled: ClassVar[Mapping[str, frozenset[str]]] = {
        **UNSETTLED,
        "kubeconfig": frozenset({"address", "context", "certificate_current"}),
        "join_token": frozenset({"agent_token"}),
    }

    def __init__(self, client: Hosts) -> None:
        super().__init__(client)
        self._installation = Installation(client, "server")

    @override
    async def create(self, inputs: K3sServerInputs, operation: Operation) -> Created[K3sServerOutputs]:
        done = await self._installation.apply(inputs, _tokens(inputs), operation)
        return Created(f"{inputs.host}/k3s", self._outputs(inputs, done))

    @override
    async def read(self, resource_id: str, known: LiveServer | None, operation: Operation) -> LiveServer | None:
        known = must_be_known(known, "K3sServer")
        found: LiveServer = await unless_unreachable(known, self._read(known, operation))
        return found

    @override
    async def update(
        self,
        resource_id: str,
        old: LiveServer,
        inputs: K3sServerInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> K3sServerOutputs:
        tokens = _tokens(inputs)
        done = await self._installation.apply(inputs, tokens, operation, old=old.inputs, changed=changed)
        return self._outputs(inputs, done)

    @override
    async def delete(self, resource_id: str, old: LiveServer, operation: Operation) -> None:
        await self._installation.remove(old.inputs, operation)

    async def _read(self, known: LiveServer, operation: Operation) -> LiveServer:
        found = await self._installation.found(known.inputs, operation)
        seen = mirror("server", known.inputs, found, known.outputs.fingerprint)
        seen |= {"token": found["token"], "agent_token": found["agent_token"]}
        outputs = known.outputs.model_copy(update=_handed_out(known.outputs, found))
        try:
            written = self._kubeconfig(known.inputs, found["kubeconfig"])
        except UnreadableKubeconfigError:
            # One that is gone or damaged is written anew at a start, as one is whose certificate ends.
            return Live(known.inputs.model_copy(update={**seen, "certificate_current": False}), outputs)
        seen["certificate_current"] = written.current
        told = {"kubeconfig": written.text, "kubeconfig_expires": written.expires_at}
        return Live(known.inputs.model_copy(update=seen), outputs.model_copy(update=told))

    def _outputs(self, inputs: K3sServerInputs, done: Done) -> K3sServerOutputs:
        found, label = done.found, inputs.connection.label
        secure = SECURE.match(found["server_token"])
        if secure is None:
            what = f"{label}: K3s has written no token with the hash of its CA"
            raise ProviderError(what, "look at /var/lib/rancher/k3s/server/token on the host, then run again")
        try:
            written = self._kubeconfig(inputs, found["kubeconfig"])
        except UnreadableKubeconfigError as error:
            what = f"{label}: {error}"
            raise ProviderError(what, "look at /etc/rancher/k3s/k3s.yaml on the host, then run again") from None
        return K3sServerOutputs(
            fingerprint=done.fingerprint,
            kubelet_version=found["node"]["version"],
            node_name=found["node"]["name"],
            kubeconfig=written.text,
            kubeconfig_expires=written.expires_at,
            join_token=_join_token(secure["ca"], inputs.agent_token),
            ca_hash=secure["ca"],
        )

    def _kubeconfig(self, inputs: K3sServerInputs, written: str | None) -> Kubeconfig:
        port = recorded_config(inputs).get("https-listen-port", DEFAULT_PORT)
        host = f"[{inputs.address}]" if ":" in inputs.address else inputs.address
        server = f"https://{host}:{port}"
        return kubeconfig(written or "", server=server, context=inputs.context, proxy_url=self.client.proxy_url)


def _tokens(inputs: K3sServerInputs) -> dict[str, str]:
    return {TOKEN: inputs.token, AGENT_TOKEN: inputs.agent_token}


def _join_token(ca_hash: str, agent_token: str) -> str:
    return f"K10{ca_hash}::node:{agent_token}"


def _handed_out(known: K3sServerOutputs, found: Mapping[str, Any]) -> dict[str, str]:
    """Return what the host says of outputs, as far as it says anything."""
    told: dict[str, str] = {}
    secure = SECURE.match(found["server_token"] or "")
    if secure and found["agent_token"]:
        told |= {"ca_hash": secure["ca"], "join_token": _join_token(secure["ca"], found["agent_token"])}
    if found["node"]:
        told |= {"kubelet_version": found["node"]["version"], "node_name": found["node"]["name"]}
    return {**told, "fingerprint": known.fingerprint}
