"""The Lambda Cloud API: each endpoint the provider uses as a typed method, paced and retried.

Source: Lambda Cloud API, OpenAPI 1.10.0, and its documentation: about one request a second, one launch in 12 s. There
is no idempotency key, so a request that creates something is never sent again while its outcome is unknown.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, Generic, TypeVar
from urllib.parse import quote

import httpx
from pydantic import ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from providers.kit import Pace
from providers.lambda_cloud import answers
from providers.lambda_cloud.clock import Clock, Waiting
from providers.lambda_cloud.errors import NO_ANSWER, UNREADABLE, UNSENT, ApiError, from_answer
from providers.lambda_cloud.listing import Listing

T = TypeVar("T")
Json = Mapping[str, object]

REQUEST_SECONDS: Final = 1.0
LAUNCH_SECONDS: Final = 12.0
ATTEMPTS: Final = 7
LONGEST_BACK_OFF_SECONDS: Final = 30.0
# An answer comes over a real network, however fast the API's clock runs.
TIMEOUT_SECONDS: Final = 30.0
SHORTEST_TIMEOUT_SECONDS: Final = 5.0
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Envelope(answers.Answer, Generic[T]):
    """What every successful answer is wrapped in."""

    data: T


def resend_always(error: BaseException) -> bool:
    """Tell whether a request that may be carried out twice is worth another attempt."""
    return isinstance(error, ApiError) and error.passing


def resend_unless_unknown(error: BaseException) -> bool:
    """Tell whether a request that must not be carried out twice is worth, and allowed, another attempt."""
    return isinstance(error, ApiError) and error.passing and not error.outcome_unknown


def resend_never(_: BaseException) -> bool:
    """Leave another attempt to the caller."""
    return False


def _pause(state: RetryCallState) -> float:
    """Return the seconds before the next attempt: what the server asked for, else a jittered, growing back-off."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ApiError) and error.retry_after is not None:
        return error.retry_after
    longest = min(LONGEST_BACK_OFF_SECONDS, 2.0**state.attempt_number)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret


def _no_one() -> None:
    """Stand for a caller who need not know when the request is sent."""


class Client:
    """The API of one account.

    Every method takes first who waits, usually the operation of the kit, and raises `ApiError` when the API refuses
    or does not answer. Reads, and writes that may be carried out twice, are sent again on 429, 5xx and lost answers;
    writes that create something only when they certainly had no effect; a launch not at all.

    Args:
        api_url: without a path.
        api_key: sent as a bearer token, and nowhere else.
        clock: the API's.
        transport: what carries the requests.
    """

    def __init__(self, *, api_url: str, api_key: str, clock: Clock, transport: httpx.AsyncBaseTransport) -> None:
        self.clock = clock
        self.listing = Listing(self._instances, self.instance)
        self._pace = Pace(interval_seconds=clock.real(REQUEST_SECONDS))
        self._launch_pace = Pace(interval_seconds=clock.real(LAUNCH_SECONDS))
        self._http = httpx.AsyncClient(
            base_url=f"{api_url}/api/v1",
            headers={"Authorization": f"Bearer {api_key}", "User-Agent": "pulumi-lambda-cloud"},
            timeout=max(clock.real(TIMEOUT_SECONDS), SHORTEST_TIMEOUT_SECONDS),
            transport=transport,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def instance_types(self, waiting: Waiting) -> dict[str, answers.Offer]:
        """Return what can be launched now, where and at what price, by the type's name."""
        return await self._call(waiting, "GET", "/instance-types", Envelope[dict[str, answers.Offer]])

    async def _instances(self, waiting: Waiting, sending: Callable[[], None]) -> tuple[answers.Instance, ...]:
        shape = Envelope[tuple[answers.Instance, ...]]
        return await self._call(waiting, "GET", "/instances", shape, sending=sending)

    async def instance(self, waiting: Waiting, instance_id: str) -> answers.Instance:
        """Return one instance; a terminated one may still be answered. `listing.find` costs fewer requests."""
        return await self._call(waiting, "GET", _path("/instances", instance_id), Envelope[answers.Instance])

    async def rename_instance(self, waiting: Waiting, instance_id: str, name: str) -> answers.Instance:
        """Give an instance another name, the only thing about it that can change."""
        path = _path("/instances", instance_id)
        return await self._call(waiting, "POST", path, Envelope[answers.Instance], body={"name": name})

    async def launch(self, waiting: Waiting, body: Json) -> str:
        """Launch one instance and return its id; sent once, whatever the answer.

        Args:
            waiting: who waits for the turn; the request itself is never interrupted.
            body: the launch request, as the API's specification has it.
        """
        async with self._launch_pace:
            pass
        path = "/instance-operations/launch"
        launched = await self._call(waiting, "POST", path, Envelope[answers.Launched], body=body, resend=resend_never)
        return launched.instance_ids[0]

    async def terminate(self, waiting: Waiting, instance_id: str) -> None:
        """Begin the end of an instance, its disk and its address."""
        body = {"instance_ids": [instance_id]}
        await self._call(waiting, "POST", "/instance-operations/terminate", Envelope[answers.Terminated], body=body)

    async def ssh_keys(self, waiting: Waiting) -> tuple[answers.SshKey, ...]:
        """Return the public keys of the account."""
        return await self._call(waiting, "GET", "/ssh-keys", Envelope[tuple[answers.SshKey, ...]])

    async def add_ssh_key(self, waiting: Waiting, *, name: str, public_key: str) -> answers.SshKey:
        """Add a public key. It is required, because without one Lambda makes a pair and answers the private half."""
        body = {"name": name, "public_key": public_key}
        return await self._create(waiting, "/ssh-keys", Envelope[answers.SshKey], body)

    async def delete_ssh_key(self, waiting: Waiting, key_id: str) -> None:
        """Remove a public key; machines that have it keep it."""
        await self._delete(waiting, _path("/ssh-keys", key_id))

    async def file_systems(self, waiting: Waiting) -> tuple[answers.FileSystem, ...]:
        """Return the file systems of the account. Only this path has the hyphen."""
        return await self._call(waiting, "GET", "/file-systems", Envelope[tuple[answers.FileSystem, ...]])

    async def create_file_system(self, waiting: Waiting, *, name: str, region: str) -> answers.FileSystem:
        """Create an empty file system."""
        body = {"name": name, "region": region}
        return await self._create(waiting, "/filesystems", Envelope[answers.FileSystem], body)

    async def delete_file_system(self, waiting: Waiting, file_system_id: str) -> None:
        """Delete a file system and what is in it; refused while a machine mounts it."""
        await self._delete(waiting, _path("/filesystems", file_system_id))

    async def firewall_rulesets(self, waiting: Waiting) -> tuple[answers.FirewallRuleset, ...]:
        """Return the regional rulesets of the account."""
        shape = Envelope[tuple[answers.FirewallRuleset, ...]]
        return await self._call(waiting, "GET", "/firewall-rulesets", shape)

    async def firewall_ruleset(self, waiting: Waiting, ruleset_id: str) -> answers.FirewallRuleset:
        """Return one regional ruleset."""
        path = _path("/firewall-rulesets", ruleset_id)
        return await self._call(waiting, "GET", path, Envelope[answers.FirewallRuleset])

    async def create_firewall_ruleset(
        self, waiting: Waiting, *, name: str, region: str, rules: Iterable[Json]
    ) -> answers.FirewallRuleset:
        """Create a regional ruleset."""
        body = {"name": name, "region": region, "rules": list(rules)}
        return await self._create(waiting, "/firewall-rulesets", Envelope[answers.FirewallRuleset], body)

    async def change_firewall_ruleset(
        self, waiting: Waiting, ruleset_id: str, *, name: str | None = None, rules: Iterable[Json] | None = None
    ) -> answers.FirewallRuleset:
        """Change the name, the rules or both of a regional ruleset in place; none leaves as it is."""
        body: dict[str, object] = {} if name is None else {"name": name}
        if rules is not None:
            body["rules"] = list(rules)
        path = _path("/firewall-rulesets", ruleset_id)
        return await self._call(waiting, "PATCH", path, Envelope[answers.FirewallRuleset], body=body)

    async def delete_firewall_ruleset(self, waiting: Waiting, ruleset_id: str) -> None:
        """Delete a regional ruleset; refused while a machine refers to it."""
        await self._delete(waiting, _path("/firewall-rulesets", ruleset_id))

    async def global_firewall_ruleset(self, waiting: Waiting) -> answers.GlobalFirewallRuleset:
        """Return the ruleset that holds for the whole account."""
        return await self._call(waiting, "GET", "/firewall-rulesets/global", Envelope[answers.GlobalFirewallRuleset])

    async def change_global_firewall_ruleset(
        self, waiting: Waiting, rules: Iterable[Json]
    ) -> answers.GlobalFirewallRuleset:
        """Replace the rules that hold for the whole account."""
        shape = Envelope[answers.GlobalFirewallRuleset]
        return await self._call(waiting, "PATCH", "/firewall-rulesets/global", shape, body={"rules": list(rules)})

    async def _create(self, waiting: Waiting, path: str, shape: type[Envelope[T]], body: Json) -> T:
        return await self._call(waiting, "POST", path, shape, body=body, resend=resend_unless_unknown)

    async def _delete(self, waiting: Waiting, path: str) -> None:
        await self._call(waiting, "DELETE", path, Envelope[object])

    async def _call(
        self,
        waiting: Waiting,
        method: str,
        path: str,
        shape: type[Envelope[T]],
        *,
        body: Json | None = None,
        resend: Callable[[BaseException], bool] = resend_always,
        sending: Callable[[], None] = _no_one,
    ) -> T:
        retrying = AsyncRetrying(
            sleep=partial(self.clock.sleep, waiting),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            retry=retry_if_exception(resend),
            reraise=True,
        )

        async def attempt() -> T:
            async with self._pace:
                sending()
            # Whoever gives up waiting must not cut a request in two: its answer may name a machine that costs money.
            content = await asyncio.shield(asyncio.ensure_future(self._exchange(method, path, body)))
            return _read(content, shape, f"{method} {path}")

        return await retrying(attempt)

    async def _exchange(self, method: str, path: str, body: Json | None) -> bytes:
        request = f"{method} {path}"
        try:
            response = await self._http.request(method, path, json=body)
        except NEVER_SENT:
            raise ApiError(request, 0, UNSENT) from None
        except httpx.HTTPError:
            raise ApiError(request, 0, NO_ANSWER) from None
        if not response.is_success:
            raise from_answer(request, response)
        return response.content


def _path(collection: str, resource_id: str) -> str:
    return f"{collection}/{quote(resource_id, safe='')}"


def _read(content: bytes, shape: type[Envelope[T]], request: str) -> T:
    try:
        return shape.model_validate_json(content).data
    except ValidationError:
        raise ApiError(request, 200, UNREADABLE) from None
