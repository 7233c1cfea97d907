"""The client of the control surface: how a person or a test looks behind the API and changes things there."""

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from rehearsal.error import RehearsalError
from rehearsal.lambda_cloud.faults import FaultKind
from rehearsal.lambda_cloud.log import Entry
from rehearsal.lambda_cloud.records import Status
from rehearsal.lambda_cloud.view import AccountView


class ControlError(RehearsalError):
    """The control surface refuses; the message says why."""


class Control:
    """A client of the control surface.

    Args:
        url: where the fake is, such as ``http://127.0.0.1:8443``.
        key: its API key.
        timeout_seconds: how long it may take to answer.
    """

    def __init__(self, url: str, key: str, *, timeout_seconds: float = 10.0) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        # A context that trusts nobody: the fake speaks plain HTTP, and to read all trusted certificates takes 20 ms.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx.Client(
            base_url=f"{url}/control/", headers=headers, timeout=timeout_seconds, trust_env=False, verify=nobody
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def state(self) -> AccountView:
        """Return everything in the account, terminated instances included."""
        return AccountView.model_validate(self._get("state"))

    def log(self) -> list[Entry]:
        """Return every request that the API was sent."""
        return [Entry.model_validate(entry) for entry in self._get("log")]

    def counters(self) -> dict[str, Any]:
        """Return how often things happened; ``requests`` by operation and ``faults`` by kind are within."""
        return dict(self._get("counters"))

    def breaches(self) -> list[str]:
        """Return where the fake broke its own contract."""
        return list(self._get("breaches"))

    def rename(self, instance_id: str, name: str) -> None:
        """Rename an instance behind its users' backs."""
        self._post("rename", id=instance_id, name=name)

    def terminate(self, instance_id: str) -> None:
        """Terminate an instance behind its users' backs, at once."""
        self._post("terminate", id=instance_id)

    def set_status(self, instance_id: str, status: Status | str) -> None:
        """Make an instance active, unhealthy or preempted."""
        self._post("set-status", id=instance_id, status=str(status))

    def set_address(self, instance_id: str, ip: str) -> None:
        """Give an instance another public address."""
        self._post("set-address", id=instance_id, ip=ip)

    def duplicate(self, instance_id: str, *, tags: bool = False) -> str:
        """Launch a second instance of the same name behind its users' backs, and return its id.

        Args:
            instance_id: the instance whose name it gets.
            tags: whether it gets the tags too.
        """
        return str(self._post("duplicate", id=instance_id, tags=tags))

    def add_rule(self, ruleset_id: str, rule: Mapping[str, Any]) -> None:
        """Add a firewall rule to a ruleset, or to ``global``, behind its users' backs."""
        self._post("add-rule", id=ruleset_id, rule=rule)

    def set_price(self, instance_type: str, cents: int) -> None:
        """Change what a type costs per hour."""
        self._post("set-price", instance_type=instance_type, cents=cents)

    def set_capacity(self, instance_type: str, region: str, free: int | None) -> None:
        """Change how many of a type can be launched in a region; None for as many as one likes."""
        self._post("set-capacity", instance_type=instance_type, region=region, free=free)

    def set_quota(self, instances: int) -> None:
        """Change how many instances the account may have."""
        self._post("set-quota", instances=instances)

    def remember(self, seconds: float) -> None:
        """Change for how long a terminated instance is still answered by its id, in virtual seconds."""
        self._post("remember", seconds=seconds)

    def fault(
        self,
        kind: FaultKind | str,
        *,
        times: int | None = 1,
        operation: str | None = None,
        for_seconds: float | None = None,
        delay_seconds: float = 30.0,
    ) -> None:
        """Let a fault hit the next requests that it can hit.

        Args:
            kind: what goes wrong.
            times: how many requests it hits; None for all of them while it lasts.
            operation: the one operation it hits, such as ``launch``.
            for_seconds: how long it lasts, in virtual seconds; None for until it has hit.
            delay_seconds: how late a slow answer is, in virtual seconds.
        """
        self._post(
            "fault",
            kind=str(kind),
            times=times,
            operation=operation,
            for_seconds=for_seconds,
            delay_seconds=delay_seconds,
        )

    def faults_by_chance(self, rates: Mapping[FaultKind, float] | Mapping[str, float], *, seed: int) -> None:
        """Let faults hit by chance from now on: the probability per request by kind."""
        self._post("faults-by-chance", rates={str(kind): rate for kind, rate in rates.items()}, seed=seed)

    def no_faults(self) -> None:
        """Forget all faults that have not happened."""
        self._post("no-faults")

    def advance_clock(self, seconds: float) -> None:
        """Move the virtual time forward."""
        self._post("advance-clock", seconds=seconds)

    def reset(self, *, names: list[str] | None = None, ids: list[str] | None = None, owner: str | None = None) -> None:
        """Leave nothing of one stack in the account.

        Args:
            names: born machines that return to their first state.
            ids: what else is removed, or returns to its first state where it was born; ``global`` is among them.
            owner: project and stack whose instances are removed, such as ``sophia/staging``.
        """
        self._post("reset", names=names or [], ids=ids or [], owner=owner)

    def _get(self, name: str) -> Any:
        return self._ask("GET", name)

    def _post(self, verb: str, **what: Any) -> Any:
        return self._ask("POST", verb, json.dumps(what))

    def _ask(self, method: str, verb: str, content: str | None = None) -> Any:
        try:
            return self._result(self._http.request(method, verb, content=content))
        except httpx.HTTPError as error:
            message = f"the account at {self._http.base_url} does not answer ({type(error).__name__}); start it again"
            raise ControlError(message) from None

    @staticmethod
    def _result(answer: httpx.Response) -> Any:
        if answer.is_error:
            message = f"the control surface refuses {answer.request.url.path}: {answer.text}"
            raise ControlError(message)
        return answer.json()
