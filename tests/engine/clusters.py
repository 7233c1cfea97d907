"""What runs in a stack's cluster, and what its stack file chooses."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import yaml

from benchmarks.checkout import Checkout
from rehearsal import Rehearsal
from tests.engine.repeating import repeating

MCP = ("-n", "sophia-mcp")


def drifted(checkout: Checkout, stack: str) -> dict[str, dict[str, Any]]:
    """Return what differs, by resource and path."""
    changes = checkout.answer("drift", stack, code=7)["changes"]
    return {change["name"]: {one["path"]: one for one in change["deviations"]} for change in changes}


def choose(checkout: Checkout, stack: str, **choices: Any) -> None:
    """Edit a stack file."""
    file = checkout.root / f"Pulumi.{stack}.yaml"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document["config"] |= {f"sophia:{key}": value for key, value in choices.items()}
    # In the style that the committed files have, which runbooks edit.
    lines = [f"  {key}: {json.dumps(value).replace(chr(34), '')}" for key, value in document["config"].items()]
    kept = f"environment:\n  - sophia/{stack}\nconfig:\n"
    file.write_text(kept + "\n".join(lines).replace("price_book: 2026", 'price_book: "2026"') + "\n", encoding="utf-8")


def nodes(checkout: Checkout, stack: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the nodes by name."""
    return {node["metadata"]["name"]: node for node in checkout.objects(stack, "nodes")}


def ready(checkout: Checkout, stack: str) -> set[str]:
    """Return the names of the nodes that are Ready."""
    found = nodes(checkout, stack)
    stated = {name: {c["type"]: c["status"] for c in node["status"]["conditions"]} for name, node in found.items()}
    return {name for name, conditions in stated.items() if conditions["Ready"] == "True"}


def releases(checkout: Checkout, stack: str) -> dict[str, str]:
    """Return the release that each node reports."""
    return {name: node["status"]["nodeInfo"]["kubeletVersion"] for name, node in nodes(checkout, stack).items()}


def addresses(checkout: Checkout, stack: str) -> dict[str, str]:
    """Return the public address of each node."""
    return {
        name: address["address"]
        for name, node in nodes(checkout, stack).items()
        for address in node["status"]["addresses"]
        if address["type"] == "ExternalIP"
    }


def place_on(checkout: Checkout, stack: str, node: str, deployment: str) -> None:
    """Make the pods of a deployment run on one node, and let later ones run anywhere again."""
    others = nodes(checkout, stack).keys() - {node}
    checkout.kubectl(stack, "cordon", *others)
    checkout.kubectl(stack, *MCP, "rollout", "restart", f"deployment/{deployment}")
    checkout.kubectl(stack, *MCP, "rollout", "status", f"deployment/{deployment}", "--timeout=120s")
    checkout.kubectl(stack, "uncordon", *others)


@contextmanager
def floors_held(checkout: Checkout, stack: str, floors: Mapping[str, int]) -> Iterator[None]:
    """Fail when at any moment fewer pods of a deployment are ready than its floor."""
    below: list[str] = []

    def look(api: httpx.Client) -> None:
        try:
            answer = api.get("/apis/apps/v1/namespaces/sophia-mcp/deployments").raise_for_status()
        except httpx.HTTPError:  # the API server is restarted too
            return
        found = {one["metadata"]["name"]: one["status"].get("readyReplicas", 0) for one in answer.json()["items"]}
        below.extend(f"{name}: {found.get(name)}" for name, floor in floors.items() if found.get(name, 0) < floor)

    with Rehearsal(stack=stack, home=checkout.home).cluster() as api, repeating(lambda: look(api), every=0.5):
        yield
    assert below == []
