"""The firewall of a host."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from typing_extensions import override

from providers.host import way_in
from providers.host.connection import NO_IMPORT, Connection, Nothing, must_be_known, unless_unreachable
from providers.host.firewall_inputs import FirewallInputs, lockout, opens_ssh
from providers.host.firewall_reading import declared, mirror
from providers.host.proof import Change
from providers.host.ruleset import render
from providers.host.ssh import Hosts
from providers.kit import UNKNOWN, Created, Difference, Live, Operation, ProviderError, Resource

LiveFirewall = Live[FirewallInputs, Nothing]

REPORTED_ONLY = frozenset({"foreign_tables"})


class Firewall(Resource[FirewallInputs, Nothing, Hosts]):
    """What may come in to a host: one nftables table, `inet sophia`, which drops what no row admits.

    A change replaces the table in one transaction, and the host itself undoes it after `rollbackSeconds` unless a fresh
    connection proves that we still come in; only then it is kept for the next boot (`/etc/sophia/firewall.nft`, loaded
    by `sophia-firewall.service` before the network is up). Rules that would shut us out are refused: in the preview
    where no row opens SSH to `access`, and before anything is changed where they would not admit the connection that
    brings them. `access` means whoever came in through the access interface, or from a break-glass network until it
    expires. A table with the same name that is there already is replaced; tables of others are reported, never touched.

    Forwarded traffic is not filtered. IPv6 is closed but for neighbour discovery and DHCPv6. Connections that are open
    stay open when a row or a break-glass network goes. Deleting it opens the host.
    """

    missing: ClassVar[str] = NO_IMPORT

    def __init__(self, hosts: Hosts, *, guarded: bool = True) -> None:
        """Make the resource.

        Args:
            hosts: the hosts of the run.
            guarded: whether rules that would not admit our own connection are refused.
        """
        super().__init__(hosts)
        self._guarded = guarded

    @override
    async def create(self, inputs: FirewallInputs, operation: Operation) -> Created[Nothing]:
        await self._apply(inputs, operation)
        return Created(f"{inputs.host}/firewall", Nothing())

    @override
    async def read(self, resource_id: str, known: LiveFirewall | None, operation: Operation) -> LiveFirewall | None:
        known = must_be_known(known, "Firewall")
        found: LiveFirewall = await unless_unreachable(known, self._read(declared(known.inputs), operation))
        return found

    @override
    async def update(
        self,
        resource_id: str,
        old: LiveFirewall,
        inputs: FirewallInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> Nothing:
        if changed - REPORTED_ONLY:
            await self._apply(inputs, operation)
        return Nothing()

    @override
    async def delete(self, resource_id: str, old: LiveFirewall, operation: Operation) -> None:
        data = {"act": "remove"}
        await self.client.run(old.inputs.connection, "firewall", data, operation, step="firewall: removing")

    @override
    def differences(
        self, new: Mapping[str, Any], live: LiveFirewall, found: tuple[Difference, ...]
    ) -> Iterable[Difference]:
        rows, connection = new["rows"], new["connection"]
        known = isinstance(connection, Connection) and isinstance(rows, tuple) and UNKNOWN not in rows
        if self._guarded and known and not opens_ssh(rows, connection.port):
            raise ProviderError(*lockout(connection.port))
        return found

    async def _apply(self, inputs: FirewallInputs, operation: Operation) -> None:
        asked = _asked(inputs)
        connection = inputs.connection
        if self._guarded:
            asking = {"act": "origin"}
            answer = await self.client.run(connection, "firewall", asking, operation, step="firewall: looking whence")
            self._refuse_shutting_out(inputs, answer)
        change = Change(
            self.client, connection, "firewall", operation, inputs.rollback_seconds, before="the rules before"
        )
        await change.make(asked)

    def _refuse_shutting_out(self, inputs: FirewallInputs, answer: Mapping[str, Any]) -> None:
        if answer["unreadable"]:
            what = f"{inputs.connection.label}: firewall: {answer['unreadable']}; nothing was changed"
            raise ProviderError(what, "have the host's packages hold nftables")
        ours = way_in.origin(answer)
        if ours is None or not way_in.admits(
            ours,
            rows=inputs.rows,
            nodes=inputs.nodes,
            access_interface=inputs.access_interface,
            break_glass=inputs.break_glass,
            now=answer["now"] + inputs.rollback_seconds,
        ):
            raise way_in.refusal(inputs.connection.label, ours, inputs.access_interface)

    async def _read(self, known: FirewallInputs, operation: Operation) -> LiveFirewall:
        data = {**_asked(known), "act": "read"}
        answer = await self.client.run(known.connection, "firewall", data, operation, step="firewall: reading")
        return Live(mirror(known, answer), Nothing())


def _asked(inputs: FirewallInputs) -> dict[str, Any]:
    ruleset = render(inputs.rows, inputs.nodes, inputs.access_interface, inputs.break_glass, inputs.pods)
    return {"ruleset": ruleset.text, "break_glass": ruleset.break_glass}
