"""What a project has once: its firewall, and whether its schedules are run."""

from typing import Annotated, Any, ClassVar, Literal

from typing_extensions import override

from providers.kit import REPLACE, Created, Live, Model, Operation, Resource
from rehearsal.vercel.client import Client
from rehearsal.vercel.models import Inputs

_FIREWALL = "/v1/security/firewall/config"


class Condition(Model):
    """What a request has to be like."""

    op: str
    type: str
    key: str | None = None
    neg: bool | None = None
    value: str | None = None
    values: tuple[str, ...] | None = None


class ConditionGroup(Model):
    """Conditions that all hold."""

    conditions: tuple[Condition, ...]


class Action(Model):
    """What becomes of a request."""

    action: Literal["deny", "challenge", "log", "bypass", "rate_limit", "redirect"]
    action_duration: str | None = None
    rate_limit: Any = None
    redirect: Any = None


class FirewallRule(Model):
    """Requests that one of the groups describes."""

    action: Action
    condition_groups: tuple[ConditionGroup, ...]
    name: str
    active: bool | None = None
    description: str | None = None
    id: str | None = None


class FirewallRules(Model):
    """All rules."""

    rules: tuple[FirewallRule, ...] | None = None


class FirewallInputs(Inputs):
    """A project's firewall."""

    refused: ClassVar[tuple[str, ...]] = ("ip_rules", "managed_rulesets", "team_id")

    enabled: bool | None = None
    ip_rules: Any = None
    managed_rulesets: Any = None
    project_id: Annotated[str, REPLACE]
    """The project."""
    rules: FirewallRules | None = None
    team_id: Any = None


class CronsInputs(Inputs):
    """Whether a project's schedules are run."""

    refused: ClassVar[tuple[str, ...]] = ("team_id",)

    enabled: bool
    project_id: Annotated[str, REPLACE]
    """The project."""
    team_id: Any = None


class NoOutputs(Model):
    """Nothing beyond its inputs."""


class FirewallConfig(Resource[FirewallInputs, NoOutputs, Client]):
    """The firewall of a project."""

    module: ClassVar[str] = "index/firewallConfig"

    @override
    async def create(self, inputs: FirewallInputs, operation: Operation) -> Created[NoOutputs]:
        await self._put(inputs)
        return Created(inputs.project_id, NoOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[FirewallInputs, NoOutputs] | None, operation: Operation
    ) -> Live[FirewallInputs, NoOutputs] | None:
        found = await self.client.find(f"{_FIREWALL}/active", projectId=resource_id)
        if found is None:
            return None
        rules = FirewallRules.model_validate({"rules": found["rules"]}) if found["rules"] else None
        return Live(FirewallInputs(project_id=resource_id, enabled=found["firewallEnabled"], rules=rules), NoOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[FirewallInputs, NoOutputs],
        inputs: FirewallInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> NoOutputs:
        await self._put(inputs)
        return NoOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[FirewallInputs, NoOutputs], operation: Operation) -> None:
        if await self.client.find(f"/v10/projects/{resource_id}") is not None:
            await self._put(FirewallInputs(project_id=resource_id, enabled=False))

    async def _put(self, inputs: FirewallInputs) -> None:
        rules = inputs.rules.rules if inputs.rules and inputs.rules.rules else ()
        told = [rule.model_dump(by_alias=True, exclude_none=True) for rule in rules]
        body = {"firewallEnabled": inputs.enabled is not False, "rules": told}
        await self.client.send("PUT", _FIREWALL, body, projectId=inputs.project_id)


class ProjectCrons(Resource[CronsInputs, NoOutputs, Client]):
    """Whether the schedules of a project are run."""

    module: ClassVar[str] = "index/projectCrons"

    @override
    async def create(self, inputs: CronsInputs, operation: Operation) -> Created[NoOutputs]:
        await self._patch(inputs)
        return Created(inputs.project_id, NoOutputs())

    @override
    async def read(
        self, resource_id: str, known: Live[CronsInputs, NoOutputs] | None, operation: Operation
    ) -> Live[CronsInputs, NoOutputs] | None:
        found = await self.client.find(f"/v10/projects/{resource_id}")
        if found is None:
            return None
        return Live(CronsInputs(project_id=resource_id, enabled=found["crons"]["enabledAt"] is not None), NoOutputs())

    @override
    async def update(
        self,
        resource_id: str,
        old: Live[CronsInputs, NoOutputs],
        inputs: CronsInputs,
        changed: frozenset[str],
        operation: Operation,
    ) -> NoOutputs:
        await self._patch(inputs)
        return NoOutputs()

    @override
    async def delete(self, resource_id: str, old: Live[CronsInputs, NoOutputs], operation: Operation) -> None:
        """Leave the project as it is: that it has a setting cannot be undone."""

    async def _patch(self, inputs: CronsInputs) -> None:
        await self.client.send("PATCH", f"/v1/projects/{inputs.project_id}/crons", {"enabled": inputs.enabled})
