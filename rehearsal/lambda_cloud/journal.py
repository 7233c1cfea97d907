"""The account's audit log, and how often things happened."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rehearsal.lambda_cloud import errors
from rehearsal.lambda_cloud.clock import EPOCH, Clock
from rehearsal.lambda_cloud.records import Event, State, new_id

_SERVICE = "cloud"
_EVENTS = 10_000  # as many as are kept: the whole account is written to its file after each change
_CATALOG_VERSION = "2025-09-06"


class Journal:
    """What happened in an account.

    Args:
        state: the account's.
        clock: its time.
        page_size: events of one page.
    """

    def __init__(self, state: State, clock: Clock, page_size: int = 50) -> None:
        self._state = state
        self._clock = clock
        self.page_size = page_size

    def record(self, resource: str, action: str, *ids: str, by_api: bool = True) -> None:
        """Note that something was done.

        Args:
            resource: kind of resource, such as ``instance``.
            action: what was done, such as ``launched``.
            ids: ids of what it was done to.
            by_api: whether a request of the API did it, or it happened behind its users' backs.
        """
        event = Event(id=new_id(), time=self._clock.now, resource=resource, action=action, ids=ids, by_api=by_api)
        self._state.events.append(event)
        del self._state.events[:-_EVENTS]

    def count(self, what: str, times: int = 1) -> None:
        """Count that something happened."""
        self._state.counts[what] = self._state.counts.get(what, 0) + times

    def page(self, query: Mapping[str, str]) -> tuple[list[dict[str, Any]], str | None]:
        """Return a page of the audit log, oldest first, and the token of the next page.

        Args:
            query: ``start`` and ``end`` (ISO 8601, inclusive), ``resource_type`` and ``page_token``, all optional.

        Raises:
            ApiError: when a time or the token is not understood.
        """
        first = _seconds(query, "start", 0.0)
        last = _seconds(query, "end", float("inf"))
        kind = query.get("resource_type")
        found = [
            event
            for event in self._state.events
            if first <= event.time <= last and kind in {None, f"{_SERVICE}.{event.resource}"}
        ]
        begin = _offset(query.get("page_token"))
        end = begin + self.page_size
        token = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(found) else None
        return [self._shown(event) for event in found[begin:end]], token

    def _shown(self, event: Event) -> dict[str, Any]:
        account = self._state.account_id
        return {
            "service_name": _SERVICE,
            "resource_name": event.resource,
            "action": event.action,
            "catalog_version": _CATALOG_VERSION,
            "event_id": event.id,
            "event_time": self._clock.date(event.time).isoformat(),
            "actor_lrn": f"lrn:cloud:identity:{account}",
            "resource_lrns": [f"lrn:cloud:{event.resource}:{one}" for one in event.ids],
            "resource_owner_lrn": f"lrn:cloud:account:{account}",
            "request_api_key_lrn": f"lrn:cloud:api_key:{account}" if event.by_api else None,
            "additional_details": {},
        }


def _seconds(query: Mapping[str, str], key: str, otherwise: float) -> float:
    if key not in query:
        return otherwise
    try:
        return (datetime.fromisoformat(query[key]) - EPOCH).total_seconds()
    except (ValueError, TypeError) as error:
        raise errors.invalid(because=f"{key}: not an ISO 8601 time with a zone.") from error


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise errors.invalid(because="page_token: not a token of this API.") from error
