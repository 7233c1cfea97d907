"""Launching a machine exactly once, through an API without an idempotency key.

Before every attempt the account is listed by the ownership tag: a machine that an earlier attempt launched, in this
run or in one that died before it could write its state, is taken over instead of launched a second time.
"""

import random
from dataclasses import dataclass
from typing import Final

from providers.kit import ProviderError
from providers.lambda_cloud.answers import Instance, InstanceType, Named, Offer
from providers.lambda_cloud.client import LAUNCH_SECONDS, Client
from providers.lambda_cloud.clock import Waiting
from providers.lambda_cloud.errors import FILE_SYSTEM_IN_WRONG_REGION, INSUFFICIENT_CAPACITY, ApiError
from providers.lambda_cloud.order import Candidate, Order, owner_of, running

# A launch whose answer was lost is in the list by then, if it took effect.
UNANSWERED_SECONDS: Final = 15.0
# How long lost answers and rate limits are borne, even where no capacity is waited for.
PATIENCE_SECONDS: Final = 180.0
FIRST_BACK_OFF_SECONDS: Final = 10.0
LONGEST_BACK_OFF_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Attempt:
    """What became of a candidate, and when: in the API's seconds since the first."""

    candidate: Candidate
    outcome: str
    seconds: float


class Launch:
    """One machine on its way into existence.

    Args:
        client: the API.
        order: the machine.
        waiting: who waits.
    """

    def __init__(self, client: Client, order: Order, waiting: Waiting) -> None:
        self._client = client
        self._order = order
        self._waiting = waiting
        self._clock = client.clock
        self._began = client.clock.now()
        self._tried: list[Attempt] = []
        self._impossible: dict[Candidate, str] = {}

    async def run(self) -> Instance:
        """Return the one live machine of this owner; a fresh one is only known to be booting.

        Raises:
            ProviderError: when the API refuses, no candidate can be had in time, or what carries the tag is not the
                machine that was ordered.
        """
        longest = FIRST_BACK_OFF_SECONDS
        # Also where nothing can be launched any more: an earlier run may have, and was killed before recording it.
        owned = await self._owned()
        if owned is not None:
            return owned
        while True:
            machine = await self._one_round()
            if machine is not None:
                return machine
            remaining = self._order.deadline_seconds - self._seconds()
            if remaining <= 0:
                raise self._gave_up()
            jittered = random.uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret
            await self._clock.sleep(self._waiting, min(remaining, jittered))
            longest = min(LONGEST_BACK_OFF_SECONDS, longest * 2)

    async def _one_round(self) -> Instance | None:
        offers = await self._client.instance_types(self._waiting)
        launchable = self._launchable(offers)
        if not launchable:
            return await self._owned()
        for candidate in launchable:
            machine = await self._attempt(candidate, offers[candidate.instance_type].instance_type)
            if machine is not None:
                return machine
        return None

    def _launchable(self, offers: dict[str, Offer]) -> tuple[Candidate, ...]:
        """Return the candidates that have capacity now, and note why the others are passed over."""
        launchable: list[Candidate] = []
        hopeless = 0
        for candidate in self._order.candidates:
            offer = offers.get(candidate.instance_type)
            obstacle = self._impossible.get(candidate) or self._obstacle(offer)
            hopeless += obstacle is not None
            if obstacle is None and candidate.region not in {r.name for r in _regions(offer)}:
                obstacle = "no capacity offered"
            if obstacle is None:
                launchable.append(candidate)
            else:
                self._note(candidate, obstacle)
        if hopeless == len(self._order.candidates):
            raise self._gave_up()
        return tuple(launchable)

    def _obstacle(self, offer: Offer | None) -> str | None:
        """Return why a type is out of the question, or none: waiting does not help against these."""
        if offer is None:
            return "the API knows no such type"
        price = offer.instance_type.price_cents_per_hour
        most = self._order.max_price_cents_per_hour
        if most is not None and price > most:
            return f"costs {price} cents an hour, more than maxPriceCentsPerHour ({most})"
        return None

    async def _attempt(self, candidate: Candidate, instance_type: InstanceType) -> Instance | None:
        """Launch a candidate, and stay with it until the outcome is certain; none when it has no capacity."""
        began = self._seconds()
        unsure = False
        while True:
            owned = await self._owned()
            if owned is not None:
                return owned
            if unsure and self._seconds() > max(began + PATIENCE_SECONDS, self._order.deadline_seconds):
                raise self._gave_up()
            try:
                instance_id = await self._client.launch(self._waiting, self._order.request(candidate))
            except ApiError as error:
                self._note(candidate, error.code)
                if error.code == INSUFFICIENT_CAPACITY:
                    return None
                if error.code == FILE_SYSTEM_IN_WRONG_REGION and len(self._order.candidates) > 1:
                    self._impossible[candidate] = error.code
                    return None
                if not error.passing:
                    raise
                unsure = True
                await self._wait_out(error)
            else:
                return Instance(
                    id=instance_id, status="booting", region=Named(name=candidate.region), instance_type=instance_type
                )

    async def _wait_out(self, error: ApiError) -> None:
        pause = LAUNCH_SECONDS if error.rate_limited else UNANSWERED_SECONDS
        asked = error.retry_after or 0.0
        await self._clock.sleep(self._waiting, max(asked, pause) * random.uniform(1.0, 1.25))  # noqa: S311 - jitter

    async def _owned(self) -> Instance | None:
        """Return the live machine that carries our tag, or none; refuse a new one where an address is prescribed."""
        everything = await self._client.listing.everything(self._waiting)
        mine = [machine for machine in everything if owner_of(machine) == self._order.owner and not machine.gone]
        unlike = {machine.id: self._order.unlike(machine) for machine in mine}
        if len(mine) > 1 or any(unlike.values()):
            told = "; ".join(f"{m.id} ({running(m)}, {m.status}){_otherwise(unlike[m.id])}" for m in mine)
            what = f"the machine of {self._order.name!r} cannot be taken over: {len(mine)} carry its tag: {told}"
            remedy = "terminate what nobody needs, or adopt the right one with `import_`; nothing was launched"
            raise ProviderError(what, remedy)
        if not mine and self._order.expected_ip is not None:
            what = f"{self._order.name!r} has expectedIp, and a new machine's address cannot be chosen"
            remedy = "adopt the machine that has it with `import_`, or remove expectedIp; nothing was launched"
            raise ProviderError(what, remedy)
        return mine[0] if mine else None

    def _seconds(self) -> float:
        return self._clock.now() - self._began

    def _note(self, candidate: Candidate, outcome: str) -> None:
        self._tried.append(Attempt(candidate, outcome, self._seconds()))

    def _gave_up(self) -> ProviderError:
        what = f"no machine was launched for {self._order.name!r} in {self._seconds():.0f} s:\n{table(self._tried)}\n"
        remedy = (
            "add candidates (other types or regions), raise maxPriceCentsPerHour or capacityDeadlineSeconds, "
            "or try again later; a launch that took effect after all is found by the next run"
        )
        return ProviderError(what, remedy)


def _regions(offer: Offer | None) -> tuple[Named, ...]:
    return offer.regions_with_capacity_available if offer else ()


def _otherwise(unlike: tuple[str, ...]) -> str:
    return f" with another {', '.join(unlike)}" if unlike else ""


def table(tried: list[Attempt]) -> str:
    """Return what was tried, why it failed, how often and when: a line for each candidate and outcome."""
    times: dict[tuple[str, str], list[float]] = {}
    for attempt in tried:
        times.setdefault((str(attempt.candidate), attempt.outcome), []).append(attempt.seconds)
    return "\n".join(f"  {what}: {why}, {_when(seconds)}" for (what, why), seconds in times.items())


def _when(seconds: list[float]) -> str:
    if len(seconds) == 1:
        return f"after {seconds[0]:.0f} s"
    return f"{len(seconds)} times, after {seconds[0]:.0f} to {seconds[-1]:.0f} s"
