"""The firewall rules of some instances of one region."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, Field
from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, ProviderError, Resource
from providers.lambda_cloud import answers
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.creation import create_once
from providers.lambda_cloud.deletion import delete_when_free
from providers.lambda_cloud.errors import RULESET_IN_USE, ApiError
from providers.lambda_cloud.firewall import Rules, enforced_region, observed, wire

GLOBAL: Final = "global"


class FirewallRulesetInputs(Model):
    """What a ruleset is declared as."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    """Its name, unique in its region; it changes in place."""
    region: Annotated[str, REPLACE, Field(min_length=1), AfterValidator(enforced_region)]
    """The region of the instances that may refer to it; not us-south-1, where Lambda enforces no rule."""
    rules: Rules
    """What may come in, at most 20 rules; they change in place, also while instances refer to them."""


class FirewallRulesetOutputs(Model):
    """What is known of a ruleset beyond its inputs."""

    instance_ids: tuple[str, ...] = ()
    """The instances that referred to it when it was last read."""


class FirewallRuleset(Resource[FirewallRulesetInputs, FirewallRulesetOutputs, Client]):
    """A list of rules that instances of one region refer to at launch; what no rule allows is refused.

    Only the rules that hold for the whole account (`GlobalFirewallRuleset`) allow beyond it. One that exists with the
    same name in the same region is adopted with `import_`, never made twice, also where a run was killed before it
    could record it: nothing in the account says whose a ruleset is.
    """

    missing: ClassVar[str] = (
        "list the account's rulesets with GET /firewall-rulesets, and import one of their ids "
        "(the account's own, `global`, is a GlobalFirewallRuleset)"
    )

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._creating = asyncio.Lock()

    @override
    async def create(self, inputs: FirewallRulesetInputs, operation: Operation) -> Created[FirewallRulesetOutputs]:
        client = self.client
        async with self._creating:
            before = await client.firewall_rulesets(operation)
            _refuse_second(inputs, before)
            created = await create_once(
                operation,
                client.clock,
                send=lambda: client.create_firewall_ruleset(
                    operation, name=inputs.name, region=inputs.region, rules=wire(inputs.rules)
                ),
                listed=lambda: client.firewall_rulesets(operation),
                before=before,
                same=lambda found: _mirror(found) == inputs,
            )
        return Created(created.id, _outputs(created))

    @override
    async def read(
        self,
        resource_id: str,
        known: Live[FirewallRulesetInputs, FirewallRulesetOutputs] | None,
        operation: Operation,
    ) -> Live[FirewallRulesetInputs, FirewallRulesetOutputs] | None:
        if resource_id == GLOBAL:
            return None
        try:
            found = await self.client.firewall_ruleset(operation, resource_id)
        except ApiError as error:
            if error.gone:
                return None
            raise
        return Live(_mirror(found), _outputs(found))

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[FirewallRulesetInputs, FirewallRulesetOutputs],
        inputs: FirewallRulesetInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> FirewallRulesetOutputs:
        found = await self.client.change_firewall_ruleset(
            operation,
            resource_id,
            name=inputs.name if "name" in changed else None,
            rules=wire(inputs.rules) if "rules" in changed else None,
        )
        return _outputs(found)

    @override
    async def delete(
        self, resource_id: str, old: Live[FirewallRulesetInputs, FirewallRulesetOutputs], operation: Operation
    ) -> None:
        await delete_when_free(
            operation,
            self.client.clock,
            lambda: self.client.delete_firewall_ruleset(operation, resource_id),
            in_use=RULESET_IN_USE,
            patience_seconds=operation.timeout,
        )


def _mirror(found: answers.FirewallRuleset) -> FirewallRulesetInputs:
    """Return the inputs that a live ruleset would have been made from; what others wrote need not follow our rules."""
    return FirewallRulesetInputs.model_construct(name=found.name, region=found.region.name, rules=observed(found.rules))


def _outputs(found: answers.FirewallRuleset) -> FirewallRulesetOutputs:
    return FirewallRulesetOutputs(instance_ids=tuple(sorted(found.instance_ids)))


def _refuse_second(inputs: FirewallRulesetInputs, existing: Iterable[answers.FirewallRuleset]) -> None:
    for found in existing:
        if (found.name, found.region.name) == (inputs.name, inputs.region):
            used = (
                f"{len(found.instance_ids)} instances refer to it" if found.instance_ids else "no instance refers to it"
            )
            what = f"{inputs.region} already has a ruleset named {inputs.name!r}, with the id {found.id}; {used}"
            remedy = f'adopt it with import_="{found.id}", delete it if nobody needs it, or choose another name'
            raise ProviderError(what, remedy)
