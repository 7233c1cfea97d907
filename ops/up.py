"""``up``: a stack brought to what it declares, and checked."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import httpx

from ops import cluster
from ops.capacity import capacity
from ops.deployment import Deployment, Target, in_cloud, rehearsal_of, rehearsed
from ops.engine import Outcome
from ops.error import LOCKED_OUT_RUNBOOK, RUNBOOK, AccessError, PolicyError, StateError
from ops.modules import require_modules
from ops.phases import Phases
from ops.preview import PACK, found, preview
from ops.results import NodeRow, PreviewResult, ServerRow, UpResult
from ops.reviewed import require_reviewed
from ops.runner import Following
from ops.view import View
from ops.watch import Trouble, Watch
from rehearsal import RehearsalError
from rehearsal.toolchain import Progress
from render import Graph

_NOT_REACHED = "no address answers; check that the machine runs and its firewall admits you, then run again"
"""How the error of a host that is down ends."""

_OF_HOSTS = ("host:index:", "command:remote:")
"""How the types of resources on hosts begin, and of what is done there."""

_MORE_RUNS = 3
"""How often a run that hosts have stopped is followed by another one."""

# One host that is down must not keep the others from being repaired.
_UP = ("up", "--continue-on-error", "--yes", "--skip-preview", *PACK)
_REPAIRING = ("--refresh", "--run-program")


def up(
    stack: str,
    target: Target,
    *,
    progress: Progress,
    view: View,
    agree: Callable[[PreviewResult], None],
    only: Sequence[str] = (),
    reviewed: PreviewResult | None = None,
) -> UpResult:
    """Bring the stack to what it declares, repairing what has drifted, and return what runs then.

    Args:
        stack: name of the stack.
        target: where.
        progress: told what is being done before the engine runs.
        view: told the engine's events.
        agree: shown what would change in the cloud; it raises to refuse.
        only: types of the components that are brought to it, with all that belongs to them; all by default.
        reviewed: what may be done, and nothing else, no repair of drift either; all that is due by default.

    Raises:
        CatalogError, InputError, PolicyError, ToolError, RehearsalError, EngineError: nothing was changed in the stack.
    """
    phases = Phases()
    if target is Target.CLOUD:
        deployment = in_cloud(stack, progress, _judge)
        agree(_previewed(deployment, phases, reviewed))
    else:
        deployment = rehearsed(stack, progress, phases, _judge)
        require_modules(deployment.graph.choice, deployment.engine.environment)
        if reviewed:
            _previewed(deployment, phases, reviewed)
        rehearsal_of(stack).wake()
    with phases.phase("engine"):
        # What has drifted is in no preview, and so was not reviewed: `drift` tells it, and `drift repair` repairs it.
        words = (*_UP, *(() if reviewed else _REPAIRING))
        words = (*words, *(word for kind in only for word in ("--target", f"**::{kind}**")))
        outcome, troubles = _run(deployment, view, words)
        for _ in range(_MORE_RUNS):
            if not outcome.may_go_on_beside(_OF_HOSTS):
                break
            outcome, troubles = _run(deployment, view, words)
    unjoined = _joined(deployment)
    if target is Target.REHEARSAL:
        # Whoever has it in a shell goes on with it, although the server's certificates or its address are new.
        with suppress(RehearsalError):
            rehearsal_of(stack).write_kubeconfig()
    told = [] if outcome.ok else [_remedied(error, deployment) for error in outcome.errors]
    errors = [*(_complaint(stack, trouble) for trouble in troubles), *told]
    if not outcome.ok and not errors:
        errors = [f"the engine ended with code {outcome.code}; run `./sophia up {stack}` again to go on"]
    return _result(deployment, outcome, [*errors, *unjoined], phases)


def _previewed(deployment: Deployment, phases: Phases, reviewed: PreviewResult | None) -> PreviewResult:
    """Return what would be done; it is what was reviewed, where anything was."""
    with phases.phase("preview"):
        plan = preview(deployment)
    if refusals := [f"{one.rule}: {one.name}: {one.message}" for one in plan.policies if one.level == "block"]:
        raise PolicyError(refusals)
    if reviewed:
        require_reviewed(reviewed, plan, edited=deployment.target is Target.REHEARSAL)
    return plan


def _judge(graph: Graph) -> None:
    """Refuse a render that policies refuse: the engine need not be asked."""
    from ops.policy import judged  # noqa: PLC0415 - the rules take half a second, and most verbs need none

    if refusals := [f"{one.rule}: {one.name or one.path}: {one.message}" for one in judged(graph).refusing]:
        raise PolicyError(refusals)


def _joined(deployment: Deployment) -> list[str]:
    """Come in to the hosts as a peer from here on, whatever became of the run; return why that cannot be."""
    try:
        deployment.join()
    except (AccessError, RehearsalError, StateError) as error:
        return [str(error)]
    return []


def _run(deployment: Deployment, view: View, words: Sequence[str]) -> tuple[Outcome, tuple[Trouble, ...]]:
    with (
        Following(deployment.follow),
        Watch(
            deployment.cluster,
            deployment.engine.interrupt,
            nodes=deployment.graph.outputs["nodes"],
            workloads=deployment.workloads,
        ) as watch,
    ):
        outcome = deployment.engine.run(words, view.event)
    return outcome, watch.troubles


def _result(deployment: Deployment, outcome: Outcome, errors: list[str], phases: Phases) -> UpResult:
    endpoints = deployment.graph.outputs["mcp_endpoints"]
    servers: tuple[ServerRow, ...] = ()
    nodes: tuple[NodeRow, ...] = ()
    with phases.phase("ready"):
        try:
            if not errors:
                # After a failure it is worth seeing what runs, not waiting for what cannot.
                cluster.require_nodes(deployment.cluster, deployment.graph.outputs["nodes"])
                cluster.require_floors(deployment.cluster, deployment.floors)
        except (cluster.NotReadyError, httpx.HTTPError) as error:
            errors = [*errors, str(error)]
        # Why it does not answer is told above, by the engine or by what was waited for.
        with suppress(httpx.HTTPError):
            servers = cluster.servers(deployment.cluster, deployment.floors, endpoints)
            nodes = cluster.nodes(deployment.cluster)
    return UpResult(
        stack=deployment.stack,
        errors=tuple(errors),
        changes=outcome.summary.changes if outcome.summary else {},
        nodes=nodes,
        servers=servers,
        monthly_cost_usd=str(deployment.graph.outputs["monthly_cost_usd"]),
        warnings=(*deployment.graph.choice.warnings, *capacity(deployment.graph).warnings),
        policies=tuple(found(one) for one in outcome.judged),
        seconds=phases.seconds,
    )


def _remedied(error: str, deployment: Deployment) -> str:
    """Return what failed, and the page that says what to do about it."""
    if error.endswith(_NOT_REACHED):
        return f"{error}; {LOCKED_OUT_RUNBOOK} says how"
    for name, machine in deployment.graph.choice.machines.items():
        if machine.pinned and error.startswith(f"{name}-instance: no Instance has the id"):
            return f"{error}; {name} is pinned and is never launched unasked: {RUNBOOK} says what to do"
    return error


def _complaint(stack: str, trouble: Trouble) -> str:
    if trouble.reason == "Unschedulable":
        remedy = f"`./sophia plan {stack}` shows the room on each node; `kubectl describe node` shows what blocks it"
    else:
        remedy = f"`kubectl -n {trouble.namespace} describe pod` and the workload's entry in catalog/ say why"
    return f"pod {trouble}; {remedy}; then run `./sophia up {stack}` again"
