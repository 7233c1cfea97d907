"""``sophia:dns:Zone``."""

from collections.abc import Mapping, Sequence

import pulumi

import catalog
from catalog.records import RecordSet
from components.dns import plan
from providers.rfc2136 import sdk


class Zone(pulumi.ComponentResource):
    """``sophia:dns:Zone``: each name of the zone leads where the catalog says, in the stack that owns the zone.

    Creates:
        - ``rfc2136`` and Zone: the provider, and all record sets as one resource, where an authority takes updates.
        - DnsRecord for each record, where the zone is delegated to Vercel.

    Does not create the zone itself, nor its delegation; and nothing at all where the records are kept by somebody else,
    whom ``records`` tells what is to stand there.
    """

    records: pulumi.Output[Sequence[str]]
    """What is to stand there, as lines of a zone file; nothing in a stack that does not own the zone."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        addresses: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the zone's records.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: the zone, and who keeps its records.
            addresses: public addresses of the stack's own machines; of others, those that the catalog expects hold.
            opts: resource options.
        """
        at = {**stack.expected_addresses, **addresses}
        sets = [one for one in stack.records if not one.machine or one.machine in at]
        facts = {"zone": stack.zone.name, "kept_by": stack.dns, "hosts": sorted({one.host for one in sets})}
        super().__init__("sophia:dns:Zone", name, facts, opts)
        # Who stops to manage a name does not take it from those who use it.
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        if sets and stack.dns == "rfc2136":
            provider = sdk.Provider(f"{name}-provider", opts=pulumi.ResourceOptions(parent=self))
            sdk.Zone(
                f"{name}-records",
                name=stack.zone.name,
                records={one.key: {"ttl": one.ttl, "values": _values(one, at)} for one in sets},
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(provider=provider)),
            )
        if stack.dns == "vercel":
            self._at_vercel(name, stack, sets, at, child)
        self.records = pulumi.Output.all(*(_line(one, at) for one in sets))
        self.register_outputs({"records": self.records})

    @staticmethod
    def _at_vercel(
        name: str,
        stack: catalog.Stack,
        sets: Sequence[RecordSet],
        at: Mapping[str, pulumi.Input[str]],
        child: pulumi.ResourceOptions,
    ) -> None:
        import pulumiverse_vercel as vercel  # noqa: PLC0415 - 0.08 s of every other program's start

        for one in sets:
            for called, value in zip(plan.logical(one, stack.zone), _values(one, at), strict=True):
                vercel.DnsRecord(
                    f"{name}-{called}",
                    domain=stack.zone.name,
                    name=stack.zone.below(one.host),
                    type=one.type,
                    ttl=one.ttl,
                    value=value,
                    comment=one.owner,
                    opts=child,
                )


def _values(one: RecordSet, addresses: Mapping[str, pulumi.Input[str]]) -> Sequence[pulumi.Input[str]]:
    return [addresses[one.machine]] if one.machine else one.values


def _line(one: RecordSet, addresses: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    return pulumi.Output.all(*_values(one, addresses)).apply(lambda values: plan.line(one, values))
