"""What the audit log of a cluster says was done to a node."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from benchmarks.checkout import Checkout
from tests.engine.by_hand import on

_LOG = "/var/lib/rancher/k3s/server/logs/audit.log"


class Deed(NamedTuple):
    """Something that was done."""

    moment: datetime
    what: str


def deeds(checkout: Checkout, server: str, node: str, since: datetime) -> list[Deed]:
    """Return what was done to a node since a moment, in order: ``cordon``, ``evict``, ``delete``, ``forget``."""
    events = (json.loads(line) for line in on(checkout, server, f"cat {_LOG}").splitlines())
    done = [event for event in events if event.get("responseStatus", {}).get("code", 500) < 300]
    found = [Deed(datetime.fromisoformat(event["requestReceivedTimestamp"]), _deed(event, node)) for event in done]
    return sorted(deed for deed in found if deed.what and deed.moment >= since)


def _deed(event: dict[str, Any], node: str) -> str:
    what = event.get("objectRef", {})
    by_hand = event.get("userAgent", "").startswith("kubectl")
    match event["verb"], what.get("resource"), what.get("subresource"), what.get("name"):
        case "patch", "nodes", None, name if name == node and by_hand:
            return "cordon"
        case "create", "pods", "eviction", _:
            return "evict"
        case "delete", "nodes", None, name if name == node:
            return "delete"
        case "delete", "secrets", None, name if name == f"{node}.node-password.k3s":
            return "forget"
    return ""
