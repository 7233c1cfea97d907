"""The firewall rules of the whole account."""

from typing import Annotated, ClassVar, Final, Literal

from typing_extensions import override

from providers.kit import LOCAL, Created, Live, Model, Operation, ProviderError, Resource
from providers.lambda_cloud.client import Client
from providers.lambda_cloud.firewall import FirewallRule, Rules, missing, observed, sentence, wire

ID: Final = "global"


class GlobalFirewallRulesetInputs(Model):
    """What the account's rules are declared as."""

    rules: Rules
    """What may come in to every instance of the account, at most 20 rules; they change in place."""
    unmanaged_rules: Annotated[Literal["refuse", "remove"], LOCAL] = "refuse"
    """What becomes of live rules that are neither declared here nor written by this resource before: `refuse` to change
    anything, or `remove` them."""


class GlobalFirewallRulesetOutputs(Model):
    """What is known of the account's rules beyond the inputs."""

    owned_rules: tuple[FirewallRule, ...] = ()
    """The rules that this resource wrote last; none after an import."""


class GlobalFirewallRuleset(Resource[GlobalFirewallRulesetInputs, GlobalFirewallRulesetOutputs, Client]):
    """The one ruleset that holds for all instances of the account, beside the rulesets they refer to.

    It always exists, under the id `global`, and at most one stack may own it: `import_="global"` adopts it as it is,
    and a create succeeds only where every live rule is declared. Deleting the resource leaves the rules as they are,
    because Lambda cannot delete them. They do not hold in us-south-1.
    """

    missing: ClassVar[str] = 'there is exactly one: import_="global"'

    @override
    async def create(
        self, inputs: GlobalFirewallRulesetInputs, operation: Operation
    ) -> Created[GlobalFirewallRulesetOutputs]:
        remedy = 'adopt the ruleset with import_="global", or declare these rules'
        await self._write(inputs, owned=(), remedy=remedy, operation=operation)
        return Created(ID, GlobalFirewallRulesetOutputs(owned_rules=inputs.rules))

    @override
    async def read(
        self,
        resource_id: str,
        known: Live[GlobalFirewallRulesetInputs, GlobalFirewallRulesetOutputs] | None,
        operation: Operation,
    ) -> Live[GlobalFirewallRulesetInputs, GlobalFirewallRulesetOutputs] | None:
        if resource_id != ID:
            return None
        found = await self.client.global_firewall_ruleset(operation)
        inputs = GlobalFirewallRulesetInputs.model_construct(rules=observed(found.rules))
        return Live(inputs, known.outputs if known else GlobalFirewallRulesetOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[GlobalFirewallRulesetInputs, GlobalFirewallRulesetOutputs],
        inputs: GlobalFirewallRulesetInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> GlobalFirewallRulesetOutputs:
        remedy = (
            "declare these rules, or set unmanagedRules to remove for one run to drop them "
            "(after an import every rule counts as somebody else's until one run has written them)"
        )
        await self._write(inputs, owned=old.outputs.owned_rules, remedy=remedy, operation=operation)
        return GlobalFirewallRulesetOutputs(owned_rules=inputs.rules)

    @override
    async def delete(
        self,
        resource_id: str,
        old: Live[GlobalFirewallRulesetInputs, GlobalFirewallRulesetOutputs],
        operation: Operation,
    ) -> None:
        """Leave the rules as they are: what they keep open and shut must not change because a stack forgot them."""

    async def _write(
        self,
        inputs: GlobalFirewallRulesetInputs,
        *,
        owned: tuple[FirewallRule, ...],
        remedy: str,
        operation: Operation,
    ) -> None:
        """Make the live rules those that are declared.

        Raises:
            ProviderError: when that would drop a rule that somebody else wrote, unless the inputs say so.
        """
        live = observed((await self.client.global_firewall_ruleset(operation)).rules)
        foreign = missing(live, among=(*inputs.rules, *owned))
        if foreign and inputs.unmanaged_rules == "refuse":
            rules = "; ".join(sentence(rule) for rule in foreign)
            what = f"the account's global ruleset holds rules that are not declared here: {rules}"
            raise ProviderError(what, remedy)
        if live != inputs.rules:
            await self.client.change_global_firewall_ruleset(operation, wire(inputs.rules))
