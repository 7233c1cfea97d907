"""The next version of a server beside the present one: what it is, and what must hold."""

from collections.abc import Iterator
from typing import get_args

from catalog.offence import Offence
from catalog.workload import Disruption, Replicas, Weight, Workload
from catalog.workload_rules import Where

STEPS: tuple[int, ...] = get_args(Weight)
"""The weights that a rollout goes through."""
HEADER = "X-MCP-Server-Version"
"""By this a client picks one of the two, whatever the weight: the tag of its image."""


def canary(workload: Workload) -> Workload | None:
    """Return the next version of a server as a workload of its own; None where it has none.

    The gateway leads to both by the server's own route, so that it is not exposed by itself.

    Args:
        workload: the server.
    """
    if workload.rollout is None:
        return None
    return workload.model_copy(
        update={
            "name": canary_name(workload),
            "image": workload.image.model_copy(update={"tag": workload.rollout.tag}),
            "settings": {**workload.settings, **workload.rollout.settings},
            "ingress_from": (*workload.ingress_from, "traefik"),
            "expose": None,
            "rollout": None,
            "replicas": Replicas(min=1, max=workload.replicas.max),
            "disruption": Disruption(max_unavailable=1),
        }
    )


def canary_name(workload: Workload) -> str:
    """Return the name of a server's next version."""
    return f"{workload.name}-canary"


def offences(workload: Workload, where: Where) -> Iterator[Offence]:
    """Yield what keeps a server from being taken over by steps.

    Args:
        workload: the workload.
        where: gives the path of a field.
    """
    rollout, mcp = workload.rollout, workload.mcp
    if rollout is None:
        return
    if mcp is None or workload.expose is None:
        rule = "a rollout goes by the weights of a server's route, and this has none"
        yield Offence(where(("rollout",)), workload.name, rule, "remove rollout, and change the image's tag")
    elif mcp.session == "stateful":
        rule = "requests of one session would come to both versions"
        remedy = "remove rollout, and change the image's tag; or make it stateless"
        yield Offence(where(("rollout",)), f"session: {mcp.session}", rule, remedy)
    if rollout.tag == workload.image.tag:
        rule = "the next version differs from the present one in its tag, by which clients and reports tell them apart"
        yield Offence(where(("rollout", "tag")), rollout.tag, rule, "name the new tag")
