"""What the control surface can be told to do, by verb."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, TypeAdapter

from rehearsal.lambda_cloud import contract
from rehearsal.lambda_cloud.behind import Behind
from rehearsal.lambda_cloud.errors import invalid
from rehearsal.lambda_cloud.faults import Fault, FaultKind
from rehearsal.lambda_cloud.records import Status
from rehearsal.lambda_cloud.server import Api


class _Deed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def do(self, api: Api) -> Any:
        raise NotImplementedError


class _Rename(_Deed):
    id: str
    name: str = Field(max_length=64)

    def do(self, api: Api) -> None:
        Behind(api.account).rename(self.id, self.name)


class _Terminate(_Deed):
    id: str

    def do(self, api: Api) -> None:
        Behind(api.account).terminate(self.id)


class _SetStatus(_Deed):
    id: str
    status: Status

    def do(self, api: Api) -> None:
        Behind(api.account).set_status(self.id, self.status)


class _SetAddress(_Deed):
    id: str
    ip: str

    def do(self, api: Api) -> None:
        Behind(api.account).set_address(self.id, self.ip)


class _Duplicate(_Deed):
    id: str
    tags: bool = False

    def do(self, api: Api) -> str:
        return Behind(api.account).duplicate(self.id, tags=self.tags)


class _AddRule(_Deed):
    id: str
    rule: Mapping[str, Any]

    def do(self, api: Api) -> None:
        contract.check_body("change-global-ruleset", {"rules": [dict(self.rule)]})
        Behind(api.account).add_rule(self.id, self.rule)


class _SetPrice(_Deed):
    instance_type: str
    cents: NonNegativeInt

    def do(self, api: Api) -> None:
        Behind(api.account).set_price(self.instance_type, self.cents)


class _SetCapacity(_Deed):
    instance_type: str
    region: str
    free: NonNegativeInt | None

    def do(self, api: Api) -> None:
        Behind(api.account).set_capacity(self.instance_type, self.region, self.free)


class _SetQuota(_Deed):
    instances: NonNegativeInt

    def do(self, api: Api) -> None:
        api.account.state.quota = self.instances


class _Remember(_Deed):
    seconds: NonNegativeFloat

    def do(self, api: Api) -> None:
        api.account.state.remember_seconds = self.seconds


class _Fault(_Deed):
    kind: FaultKind
    times: NonNegativeInt | None = 1
    operation: str | None = None
    for_seconds: NonNegativeFloat | None = None
    delay_seconds: NonNegativeFloat = 30.0

    def do(self, api: Api) -> None:
        if self.operation is not None and self.operation not in contract.operations():
            raise invalid(because=f"operation: {self.operation} is none of {', '.join(sorted(contract.operations()))}.")
        if self.times is None and self.for_seconds is None:
            raise invalid(because="times: a fault that hits without end must last for_seconds.")
        until = None if self.for_seconds is None else api.account.clock.now + self.for_seconds
        api.faults.script(Fault(self.kind, self.times, self.operation, until, self.delay_seconds))


class _FaultsByChance(_Deed):
    rates: Mapping[FaultKind, float]
    seed: int

    def do(self, api: Api) -> None:
        api.faults.happen_by_chance(self.rates, self.seed)


class _NoFaults(_Deed):
    def do(self, api: Api) -> None:
        api.faults.clear()


class _AdvanceClock(_Deed):
    seconds: NonNegativeFloat

    def do(self, api: Api) -> None:
        api.account.clock.advance(self.seconds)


class _Reset(_Deed):
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    owner: str | None = Field(default=None, pattern=r"^[^/]+/[^/]+$")

    def do(self, api: Api) -> None:
        Behind(api.account).reset(names=self.names, ids=self.ids, owner=self.owner)


_DEEDS: Mapping[str, type[_Deed]] = {
    "rename": _Rename,
    "terminate": _Terminate,
    "set-status": _SetStatus,
    "set-address": _SetAddress,
    "duplicate": _Duplicate,
    "add-rule": _AddRule,
    "set-price": _SetPrice,
    "set-capacity": _SetCapacity,
    "set-quota": _SetQuota,
    "remember": _Remember,
    "fault": _Fault,
    "faults-by-chance": _FaultsByChance,
    "no-faults": _NoFaults,
    "advance-clock": _AdvanceClock,
    "reset": _Reset,
}


def do(api: Api, verb: str, body: bytes) -> Any:
    """Do what a verb says, and return what comes of it.

    Args:
        api: the API behind whose users' backs it is done.
        verb: what to do.
        body: with what, as JSON.

    Raises:
        ApiError: when the verb or what it names does not exist.
        ValidationError: when the body is not what the verb takes.
    """
    if verb not in _DEEDS:
        raise invalid(because=f"verb: {verb} is none of {', '.join(sorted(_DEEDS))}.")
    return TypeAdapter(_DEEDS[verb]).validate_json(body).do(api)
