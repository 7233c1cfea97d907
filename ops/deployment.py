"""Where a verb acts: a stack's program, and the engine and cluster it is run against."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import httpx

import catalog
from catalog import egress
from catalog.drift_classes import PLAIN, DriftClasses
from catalog.ignores import DriftIgnore
from ops import states
from ops.access_interface import Interface
from ops.capacity import require
from ops.engine import Engine, EngineError
from ops.error import InputError, StateError
from ops.later import later
from ops.phases import Phases
from ops.rendering import render
from ops.runner import Runner
from rehearsal import Rehearsal, RehearsalError, home, stacks
from rehearsal.api_server import ApiServer, connected
from rehearsal.machines import image
from rehearsal.machines.command import require_root
from rehearsal.toolchain import Clients, Progress, ensure, ensure_clients, progress_for
from render import ROOT, Graph, require_stack

ENGINE_RECORD = "engine.json"
"""Name of the file, in a rehearsal's run directory, that records the running engine."""

_OF_A_REHEARSAL = ("PULUMI_BACKEND_URL", "LAMBDA_CLOUD_API_URL")
"""Variables that ``./sophia env`` sets in a shell; with them the cloud would be built on a rehearsal's state."""

_ON_THIS_MACHINE = ("file://", "/", "http://127.")
"""Beginnings of their values in a rehearsal."""


class Target(StrEnum):
    """Where ``up`` works."""

    REHEARSAL = "rehearsal"
    """The platform on this machine; the default, and it never touches an account."""
    CLOUD = "cloud"
    """The real accounts, with the login and the credentials of the caller's own environment."""


def _nowhere() -> ApiServer:
    msg = "there is no cluster"
    raise RehearsalError(msg)


@dataclass(frozen=True)
class Deployment:
    """One stack, rendered and with its engine at hand."""

    stack: str
    """Name of the stack."""
    graph: Graph
    """Its resource graph."""
    engine: Engine
    """Its engine."""
    cluster: httpx.Client
    """Speaks to its API server as soon as there is one."""
    target: Target = Target.REHEARSAL
    """Where it is."""
    api: Callable[[], ApiServer] = _nowhere
    """Finds its API server."""
    ignores: tuple[DriftIgnore, ...] = ()
    """Deviations that the catalog bears for a while, in any stack."""
    classes: DriftClasses = PLAIN
    """What a drift is, and how bad."""
    facts: Callable[[], catalog.Catalog] = catalog.load
    """Gives the catalog."""
    resources: Callable[[], Iterable[Mapping[str, Any]]] = tuple
    """Gives what the engine's state holds, in its own form."""
    suite: Path = Path("/nonexistent")
    """The folder of the conformance suite of MCP."""
    join: Callable[[], object] = lambda: None
    """Makes the place that the engine's connections to hosts begin at a peer of them; in the cloud this computer, where
    it was made one."""
    follow: Callable[[], object] = lambda: None
    """The same when there are other hosts than before; cheap enough to be called again and again during a run."""
    reach: Mapping[str, str] = field(default_factory=dict)
    """How whoever only looks reaches what providers keep, in the variables that these read."""

    @property
    def folder(self) -> Path:
        """Where verbs keep what they know of it, and what they found."""
        return folder_of(self.stack, self.target)

    @property
    def workloads(self) -> Collection[str]:
        """Names of all workloads, the next versions of servers among them."""
        choice = self.graph.choice
        return {workload.name for workload in (*choice.workloads, *choice.canaries.values())}

    @property
    def floors(self) -> Mapping[str, int]:
        """Pods that every server must have, by server; its next version is the rollout's matter."""
        return {workload.name: workload.replicas.min for workload in self.graph.choice.workloads}


def rehearsed(
    stack: str, progress: Progress, phases: Phases, judge: Callable[[Graph], object] = lambda _: None
) -> Deployment:
    """Return the stack's deployment on this machine, its machines running; what already runs is left as it is.

    Args:
        stack: name of the stack.
        progress: told what is being done.
        phases: where the time is counted.
        judge: shown the render before anything is started; it raises to refuse.

    Raises:
        CatalogError: the catalog or the stack's choice breaks a rule; nothing was changed.
        ToolError: a tool cannot be had.
        RehearsalError: the machines cannot be started.
    """
    with phases.phase("render"):
        facts = catalog.load()
        graph = render(stack)
        require(graph)
    with phases.phase("policies"):
        judge(graph)
    # Before tools are built, for half an hour at worst.
    require_root()
    with phases.phase("tools"):
        toolchain = ensure(facts, progress=progress, root=image.ensure(progress))
    rehearsal = Rehearsal(stack=stack, home=home(), toolchain=toolchain)
    with phases.phase("machines"):
        rehearsal.start(
            progress,
            light=light_nodes(os.environ),
            names=egress.names((*facts.mcp.values(), *facts.central.values(), *facts.data.values())),
            object_storage=facts.object_storage,
            zone=facts.zone,
            sites=facts.sites,
        )
        rehearsal.configure(ROOT / "esc", rehearsal.account.taken_over(graph.choice))
        rehearsal.start_vector_store(graph.choice.weaviate.hosting[stack], progress)
        rehearsal.state.release_dead_locks()
    return _deployment(rehearsal, graph, facts, toolchain.conformance)


def rehearsal_of(stack: str) -> Rehearsal:
    """Return the rehearsal of a stack to look at or to end; nothing is started."""
    return Rehearsal(stack=stack, home=home())


def folder_of(stack: str, target: Target) -> Path:
    """Return where verbs keep what they know of a stack, and what they found; it may not be there yet.

    Args:
        stack: name of the stack.
        target: where it is.
    """
    return rehearsal_of(stack).folder.path if target is Target.REHEARSAL else home() / target.value / stack


def there(stack: str, target: Target, progress: Progress, *, unrendered: bool = False) -> Deployment:
    """Return the deployment of a stack that is up, and start nothing.

    Args:
        stack: name of the stack.
        target: where it is.
        progress: told what is being done.
        unrendered: as `existing` takes it; in the cloud it is rendered first in any case.

    Raises:
        CatalogError: the catalog or the stack's choice breaks a rule.
        EngineError: the shell points at a rehearsal, and the cloud is meant.
        RehearsalError: it is not up.
        ToolError: a tool cannot be had.
    """
    if target is Target.CLOUD:
        return in_cloud(stack, progress)
    return existing(stack, progress, unrendered=unrendered)


def existing(stack: str, progress: Progress, *, unrendered: bool = False) -> Deployment:
    """Return the deployment of a rehearsal that is already up, and start nothing.

    Args:
        stack: name of the stack.
        progress: told what is being done.
        unrendered: whether its graph is rendered when somebody asks it something, who is then told what is wrong with
            the stack's choice.

    Raises:
        RehearsalError: it is not up.
    """
    graph = render(stack) if not unrendered else None
    facts = catalog.load()
    found = rehearsal_of(stack)
    stopped = [f"{service.name} stopped" for service in found.status() if not service.running]
    if stopped or not found.configured:
        msg = (
            f"the rehearsal of {stack} under {home()} is not up ({', '.join(stopped) or 'never configured'}); run "
            f"`./sophia up {stack}`, as the same user (`sudo` has a home of its own)"
        )
        raise RehearsalError(msg)
    toolchain = ensure(facts, progress=progress)
    rehearsal = Rehearsal(stack=stack, home=home(), toolchain=toolchain)
    rehearsal.state.release_dead_locks()
    return _deployment(rehearsal, graph or later(partial(render, stack)), facts, toolchain.conformance)


def in_cloud(stack: str, progress: Progress, judge: Callable[[Graph], object] = lambda _: None) -> Deployment:
    """Return the stack's deployment in the real accounts.

    Args:
        stack: name of the stack.
        progress: told what is being done.
        judge: shown the render; it raises to refuse.

    Raises:
        CatalogError: the catalog or the stack's choice breaks a rule, such as an image whose digest is not locked.
        EngineError: the shell points at a rehearsal.
        ToolError: a tool cannot be had.
    """
    require_cloud(os.environ)
    facts = catalog.load()
    graph = render(stack, image_lock="images")
    require(graph)
    judge(graph)
    clients = ensure_clients(facts, progress=progress)
    environment = _first_on_path(clients)
    run_file = folder_of(stack, Target.CLOUD) / ENGINE_RECORD
    engine = Engine(stack, project=ROOT, environment=environment, run_file=run_file)
    api, interface = partial(_api_server, stack, environment), access_interface(stack, facts, environment)
    return Deployment(
        stack,
        graph,
        engine,
        connected(api),
        target=Target.CLOUD,
        api=api,
        ignores=facts.ignores,
        classes=facts.drift_classes,
        facts=lambda: facts,
        resources=interface.resources,
        suite=clients.conformance,
        join=interface.catch_up,
        follow=interface.follow,
        reach=environment,
    )


def access_interface(stack: str, facts: catalog.Catalog, environment: Mapping[str, str]) -> Interface:
    """Return this computer's interface to the hosts of a stack in the cloud; it may not be there.

    Args:
        stack: name of the stack.
        facts: the catalog.
        environment: of the CLI, with a login.
    """
    folder = folder_of(stack, Target.CLOUD) / "access"
    return Interface(folder, stack, facts.access, lambda: states.resources(stack, environment) or ())


def _api_server(stack: str, environment: Mapping[str, str]) -> ApiServer:
    """Return the API server that a stack tells of.

    Raises:
        RehearsalError: it tells of none, or its state cannot be read.
    """
    try:
        return ApiServer.told(states.output(stack, environment, "kubeconfig"))
    except StateError as error:
        raise RehearsalError(str(error)) from None


def cloud_environment(facts: catalog.Catalog, progress: Progress) -> Mapping[str, str]:
    """Return the caller's environment, with the tools first on PATH.

    Args:
        facts: hold the tools' versions.
        progress: told what is being done.

    Raises:
        EngineError: the shell points at a rehearsal.
        ToolError: a tool cannot be had.
    """
    require_cloud(os.environ)
    return _first_on_path(ensure_clients(facts, progress=progress))


def _first_on_path(clients: Clients) -> Mapping[str, str]:
    return {**os.environ, "PATH": f"{clients.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def cli_environment(stack: str, target: Target, progress: Progress) -> Mapping[str, str]:
    """Return what the CLI needs to be asked about a stack that is there.

    Args:
        stack: name of the stack.
        target: where it is.
        progress: told what is being done.

    Raises:
        EngineError: the shell points at a rehearsal, and the cloud is meant.
        RehearsalError: it is not up.
        ToolError: a tool cannot be had.
    """
    if target is Target.CLOUD:
        return cloud_environment(catalog.load(), progress)
    return existing(stack, progress, unrendered=True).engine.environment


def deployed(stack: str, target: Target) -> Sequence[Mapping[str, Any]]:
    """Return the resources of a stack's state, wherever the stack is; none where there is no state.

    Args:
        stack: name of the stack.
        target: where it is.

    Raises:
        EngineError: the shell points at a rehearsal, and the cloud is meant.
        RehearsalError: the state of a rehearsal cannot be read.
        StateError: the CLI cannot give it.
    """
    if target is Target.REHEARSAL:
        return rehearsal_of(stack).state.resources()
    return states.resources(stack, cloud_environment(catalog.load(), progress_for())) or ()


def require_cloud(environment: Mapping[str, str]) -> None:
    """Refuse a shell that was pointed at a rehearsal: the cloud would be judged by, or built on, its state.

    Args:
        environment: the shell's.

    Raises:
        EngineError: with the variables that point there.
    """
    rehearsing = [name for name in _OF_A_REHEARSAL if environment.get(name, "").startswith(_ON_THIS_MACHINE)]
    if rehearsing:
        msg = (
            f"{', '.join(rehearsing)} point this shell at a rehearsal; open a new shell, `pulumi login`, and try again"
        )
        raise EngineError(msg)


def light_nodes(environment: Mapping[str, str]) -> bool:
    """Return whether nodes shall run no pods and only seem to, as `NODES=light` asks for where scale is needed.

    Raises:
        InputError: it asks for something else.
    """
    chosen = environment.get("NODES") or "full"
    if chosen not in {"full", "light"}:
        msg = f"NODES={chosen}: nodes are full, which is the default and runs every pod, or light"
        raise InputError(msg)
    return chosen == "light"


def known(stack: str) -> str:
    """Return the name of a stack that has a committed file or a rehearsal.

    Raises:
        RenderError: it has neither.
    """
    if stack not in stacks(home()):
        require_stack(stack)
    return stack


def _deployment(rehearsal: Rehearsal, graph: Graph, facts: catalog.Catalog, suite: Path) -> Deployment:
    runner = Runner(rehearsal, facts)
    account = rehearsal.account
    reach = {**account.environment(), **account.secrets(), **account.authority.secrets()}
    engine = Engine(
        rehearsal.stack,
        project=ROOT,
        environment=rehearsal.environment(),
        run_file=rehearsal.folder.run / ENGINE_RECORD,
    )
    deployment = Deployment(
        rehearsal.stack,
        graph,
        engine,
        rehearsal.cluster(),
        api=rehearsal.api_server,
        ignores=facts.ignores,
        classes=facts.drift_classes,
        facts=lambda: facts,
        resources=rehearsal.state.resources,
        suite=suite,
        join=runner.join,
        follow=runner.follow,
        reach={**reach, **rehearsal.vector_store.environment()},
    )
    # Hosts that were made before may admit peers alone by now.
    deployment.join()
    return deployment
