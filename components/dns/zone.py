"""``sophia:dns:Zone``."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

import catalog
from catalog.records import RecordSet
from components.dns import plan
from providers.rfc2136 import sdk


class Zone(pulumi.ComponentResource):
    """``sophia:dns:Zone``: each name of the zone leads where the catalog says, in the stack that owns the zone.

    Creates:
        - ``rfc2136`` and Zone: the provider, and all record sets as one resource, where an authority
          takes updates, and those that prove to Vercel who owns hosts as another.
        - ``vercel`` and DnsRecord for each record: the same, where the zone is delegated to Vercel.

    Does not create the zone itself, nor its delegation; and nothing at all where the records are kept by somebody else,
    whom ``records`` tells what is to stand there.
    """

    records: pulumi.Output[Sequence[str]]
    """What is to stand there, as lines of a zone file; nothing in a stack that does not own the zone."""
    proofs: pulumi.Output[Sequence[str]]
    """What is to stand there beside, to prove to Vercel who owns hosts."""

    def __init__(
        self,
        name: str,
        *,
        stack: catalog.Stack,
        addresses: Mapping[str, pulumi.Input[str]],
        verifications: pulumi.Output[Mapping[str, Mapping[str, str]]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build the zone's records.

        Args:
            name: logical name.
            stack: the stack's choice from the catalog: the zone, and who keeps its records.
            addresses: public addresses of the stack's own machines; of others, those that the catalog expects hold.
            verifications: texts that prove to Vercel who owns a host, by the name at which each is to stand, by host;
                where the zone is Vercel's own nothing has to be proven.
            opts: resource options.
        """
        at = {**stack.expected_addresses, **addresses}
        sets = [one for one in stack.records if not one.machine or one.machine in at]
        facts = {"zone": stack.zone.name, "kept_by": stack.dns, "hosts": sorted({one.host for one in sets})}
        super().__init__("sophia:dns:Zone", name, facts, opts)
        # Who stops to manage a name does not take it from those who use it.
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        proving = verifications.apply(lambda found: plan.proofs(found, stack))
        if sets and stack.dns == "rfc2136":
            provider = sdk.Provider(f"{name}-provider", opts=pulumi.ResourceOptions(parent=self))
            by = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(provider=provider))
            declared: Any = plan.declared(sets, lambda one: _values(one, at))
            sdk.Zone(f"{name}-records", name=stack.zone.name, records=declared, opts=by)
            # Apart from those, so that they are known in a preview whatever Vercel will ask for.
            proofs: Any = proving.apply(lambda found: plan.declared(found, lambda one: one.values))
            sdk.Zone(f"{name}-proofs", name=stack.zone.name, records=proofs, opts=by)
        if sets and stack.dns == "vercel":
            self._at_vercel(name, stack, sets, at, child)
        self.records = pulumi.Output.all(*(_line(one, at) for one in sets))
        self.proofs = proving.apply(lambda found: [plan.line(one, one.values) for one in found])
        self.register_outputs({"records": self.records, "proofs": self.proofs})

    @staticmethod
    def _at_vercel(
        name: str,
        stack: catalog.Stack,
        sets: Sequence[RecordSet],
        at: Mapping[str, pulumi.Input[str]],
        child: pulumi.ResourceOptions,
    ) -> None:
        import pulumiverse_vercel as vercel  # noqa: PLC0415 - 0.08 s of every other program's start

        provider = vercel.Provider(
            f"{name}-provider", team=stack.sites.team, opts=pulumi.ResourceOptions(parent=child.parent)
        )
        child = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(provider=provider))
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
