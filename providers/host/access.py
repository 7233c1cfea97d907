"""The interface that people and CI come in by."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

from typing_extensions import override

from providers.host import way_in
from providers.host.access_inputs import AccessInputs, Peer
from providers.host.connection import NO_IMPORT, must_be_known, unless_unreachable
from providers.host.instants import seconds
from providers.host.proof import Change
from providers.host.recorded import plain, sound
from providers.host.ssh import Hosts
from providers.kit import STABLE, Created, Difference, Live, Model, Operation, ProviderError, Resource


class AccessOutputs(Model):
    """What is known of the interface beyond its inputs."""

    public_key: Annotated[str, STABLE]
    """The host's own WireGuard public key, which peers need; its private one never leaves it."""


LiveAccess = Live[AccessInputs, AccessOutputs]


class Access(Resource[AccessInputs, AccessOutputs, Hosts]):
    """A WireGuard interface that people and CI come in by, `wg-quick@access`.

    The host makes its private key once and keeps it. Peers are changed one by one, so that the sessions of the others
    go on; address and port are changed in place. The host itself undoes a change after `rollbackSeconds` unless a fresh
    connection proves that we still come in; only then it is kept for the next boot. A list of peers without the one
    that we ourselves come in as is refused. Peers that expire are shut out by a timer on the host, and at boot. Where
    the kernel has no WireGuard, wg-quick takes wireguard-go. Deleting it takes the interface and its key away.
    """

    missing: ClassVar[str] = NO_IMPORT

    def __init__(self, hosts: Hosts, *, guarded: bool = True) -> None:
        """Make the resource.

        Args:
            hosts: the hosts of the run.
            guarded: whether peers without the one that we come in as are refused.
        """
        super().__init__(hosts)
        self._guarded = guarded

    @override
    async def create(self, inputs: AccessInputs, operation: Operation) -> Created[AccessOutputs]:
        return Created(f"{inputs.host}/access", await self._apply(inputs, operation))

    @override
    async def read(self, resource_id: str, known: LiveAccess | None, operation: Operation) -> LiveAccess | None:
        known = must_be_known(known, "Access")
        found: LiveAccess = await unless_unreachable(known, self._read(known, operation))
        return found

    @override
    async def update(
        self,
        resource_id: str,
        old: LiveAccess,
        inputs: AccessInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> AccessOutputs:
        return await self._apply(inputs, operation)

    @override
    def differences(
        self, new: Mapping[str, Any], live: LiveAccess, found: tuple[Difference, ...]
    ) -> Iterable[Difference]:
        # A second one would want the same port, and without the first one we might not come in.
        if any(one.field == "interface" for one in found) and new.get("host") == live.inputs.host:
            what = f"the access interface of {live.inputs.connection.label} is called {live.inputs.interface}"
            raise ProviderError(
                what, f"keep interface: {live.inputs.interface}; nothing on the host needs another name"
            )
        return found

    @override
    async def delete(self, resource_id: str, old: LiveAccess, operation: Operation) -> None:
        data = {"act": "remove", "interface": old.inputs.interface}
        await self.client.run(old.inputs.connection, "access", data, operation, step="access: removing")

    async def _apply(self, inputs: AccessInputs, operation: Operation) -> AccessOutputs:
        asked = _asked(inputs)
        connection = inputs.connection
        if self._guarded:
            answer = await self._answer(inputs, operation, "origin")
            _refuse_shutting_out(inputs, answer)
        change = Change(
            self.client,
            connection,
            "access",
            operation,
            inputs.rollback_seconds,
            before="the interface and peers before",
        )
        applied = await change.make(asked)
        return AccessOutputs(public_key=applied["public_key"])

    async def _answer(self, inputs: AccessInputs, operation: Operation, act: str = "read") -> Mapping[str, Any]:
        data = {**_asked(inputs), "act": act}
        answer: Mapping[str, Any] = await self.client.run(
            inputs.connection, "access", data, operation, step="access: reading"
        )
        return answer

    async def _read(self, known: LiveAccess, operation: Operation) -> LiveAccess:
        inputs = declared(known.inputs)
        answer = await self._answer(inputs, operation)
        public_key = answer["public_key"] or known.outputs.public_key
        return Live(mirror(inputs, answer), AccessOutputs(public_key=public_key))


def declared(known: AccessInputs) -> AccessInputs:
    """Return recorded inputs as they may have been declared, without what only a reading could have found."""
    return known.model_copy(update={"peers": sound(Peer, (plain(peer) for peer in known.peers))})


def mirror(known: AccessInputs, answer: Mapping[str, Any]) -> AccessInputs:
    """Return the inputs that a host's interface would have been made from.

    Args:
        known: what was declared: names, which no interface holds, come from it.
        answer: what the host says.
    """
    present = {key: tuple(networks) for key, networks in answer["peers"].items()}
    peers = []
    for peer in known.peers:
        over = peer.expires is not None and seconds(peer.expires) <= answer["now"]
        networks = present.pop(peer.public_key, None)
        if networks is None and over:
            peers.append(peer)
        elif networks is not None:
            peers.append(peer.model_copy(update=_seen(peer, networks, over=over)))
    for key, networks in sorted(present.items()):
        address = ", ".join(networks)
        peers.append(Peer.model_construct(name="", public_key=key, address=address, expires=None))
    held = answer["addresses"]
    return known.model_copy(
        update={
            "reachable": True,
            "address": ", ".join(held) if held != [known.address] else known.address,
            "port": answer["port"],
            "peers": tuple(peers),
            "unpersisted": tuple(answer["unpersisted"]),
        }
    )


def _seen(peer: Peer, networks: tuple[str, ...], *, over: bool) -> dict[str, Any]:
    address = peer.address if networks == (f"{peer.address}/32",) else ", ".join(networks)
    return {"address": address, "expires": f"{peer.expires}, and still admitted" if over else peer.expires}


def _asked(inputs: AccessInputs) -> dict[str, Any]:
    peers = [(one.public_key, one.address, seconds(one.expires) if one.expires else None) for one in inputs.peers]
    return {"interface": inputs.interface, "address": inputs.address, "port": inputs.port, "peers": peers}


def _refuse_shutting_out(inputs: AccessInputs, answer: Mapping[str, Any]) -> None:
    """Refuse a list of peers without the one that our own connection comes from.

    Raises:
        ProviderError: it is not in the list with the same key and address, or is about to expire.
    """
    ours = way_in.origin(answer)
    if ours is None or ours.interface != inputs.interface:
        return
    key = next((key for key, networks in answer["peers"].items() if f"{ours.client}/32" in networks), None)
    lasting = answer["now"] + inputs.rollback_seconds
    for peer in inputs.peers:
        if (peer.public_key, peer.address) == (key, ours.client) and (
            peer.expires is None or seconds(peer.expires) > lasting
        ):
            return
    what = (
        f"{inputs.connection.label}: access: our own connection comes in as the peer {ours.client}, "
        "and the new list lacks it, or has it with another key or end; nothing was changed"
    )
    raise ProviderError(what, "keep that peer, or come in by another way")
