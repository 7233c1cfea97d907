"""The verbs of ``./sophia``."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

import catalog
from catalog import CatalogError
from catalog.backups import Verb
from ops import (
    access_app,
    cost_app,
    delivery_app,
    dns_app,
    documents,
    drift_app,
    esc_app,
    machines_app,
    policy_app,
    report_app,
    review_app,
    rollback_app,
    scan_app,
    secrets_app,
    sites_app,
    view,
)
from ops.access_interface import WG_QUICK
from ops.account import holdings
from ops.agreement import agreed
from ops.answer import add, answer
from ops.backups import run as run_backups
from ops.deployment import (
    ENGINE_RECORD,
    Target,
    existing,
    in_cloud,
    known,
    rehearsal_of,
    rehearsed,
    require_cloud,
    there,
)
from ops.doctor import doctor as doctor_verb
from ops.engine import EngineError, InterruptedRunError, end_recorded
from ops.error import AccessError, AccountError, AsleepError, InputError, PolicyError, SecretsError, StateError
from ops.exit_code import ExitCode, of_offences
from ops.lane import Lane, pytest_runs
from ops.lock import REGISTRY, Locked, lock_images
from ops.lock_addons import lock_addons
from ops.lock_k3s import lock_k3s
from ops.lock_prices import lock_prices
from ops.phases import Phases
from ops.plan import plan as plan_verb
from ops.policy_rows import FindingRow
from ops.preview import preview as preview_verb
from ops.results import BackupResult, LockResult
from ops.reviewed import read
from ops.rollback import PARTS as WORKLOADS
from ops.shell import exports
from ops.up import up as up_verb
from rehearsal import Account, RehearsalError, home, remove_shared, stacks
from rehearsal.machines import image
from rehearsal.toolchain import ToolError, ensure, ensure_addons, ensure_clients, progress_for, rendered_addons
from render import ROOT, RenderError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(cost_app.cost)
app.command()(cost_app.capacity)
app.command()(report_app.report)
app.command()(rollback_app.rollback)
app.command()(delivery_app.delivery)
app.command()(scan_app.scan)
app.add_typer(access_app.app, name="access")
app.add_typer(dns_app.app, name="dns")
app.add_typer(drift_app.app, name="drift")
app.add_typer(review_app.app, name="review")
app.add_typer(esc_app.app, name="esc")
app.add_typer(machines_app.app, name="machines")
app.add_typer(policy_app.app, name="policy")
app.add_typer(secrets_app.app, name="secrets")
app.add_typer(sites_app.app, name="sites")

Stack = Annotated[str, typer.Argument(help="dev, staging or prod", metavar="STACK")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]
Base = Annotated[str, typer.Option(help="Commit to compare with.")]
Yes = Annotated[bool, typer.Option("--yes", help="Change the cloud without being asked.")]
Servers = Annotated[list[str] | None, typer.Option("--server", help="Only this server; may be repeated.")]
Reviewed = Annotated[
    Path | None, typer.Option("--reviewed", help="Do what this answer of `preview --json` says, and nothing else.")
]
Written = Annotated[Path | None, typer.Option(help="Add it in Markdown to this file as well.")]
All = Annotated[bool, typer.Option("--all", help="Every stack.")]


class Only(StrEnum):
    """Parts of a stack that `up` may be held to."""

    WORKLOADS = "workloads"
    """MCP servers, and what leads to them."""


_PARTS: Mapping[Only | None, Sequence[str]] = {Only.WORKLOADS: WORKLOADS}


@app.command()
def setup(target: Target = Target.REHEARSAL) -> None:
    """Bring every tool that is needed here, in its pinned version; offline after the first time."""
    if target is Target.CLOUD:
        facts = catalog.load()
        if shutil.which(WG_QUICK) is None:
            image.install(["wireguard-tools"], progress_for())
        ensure_addons(progress=progress_for())
        typer.echo(f"Tool chain: {ensure_clients(facts, progress=progress_for()).bin}")
        return
    # First what only root can make: it is told before tools are built, for half an hour at worst.
    root = image.ensure(progress_for())
    facts = catalog.load()
    toolchain = ensure(facts, progress=progress_for(), root=root)
    typer.echo(f"Tool chain: {toolchain.bin}\nRoot of machines: {root}")


@app.command()
def up(
    stack: Stack = "dev",
    target: Target = Target.REHEARSAL,
    reviewed: Reviewed = None,
    only: Annotated[Only | None, typer.Option(help="A part of it alone.")] = None,
    *,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring a stack to what it declares and check it; on this machine unless told otherwise."""
    agree = agreed(stack, yes=yes)
    plan = read(reviewed, "--reviewed") if reviewed else None
    result = up_verb(
        stack, target, progress=progress_for(), view=view.View(), agree=agree, only=_PARTS.get(only, ()), reviewed=plan
    )
    answer(result, lambda: view.show_up(result, view.stdout()), as_json=as_json, refused=_refused(result.policies))


@app.command()
def plan(stack: Stack = "dev", base: Base = "HEAD", *, as_json: AsJson = False) -> None:
    """Show what changes since a commit, what it costs and whether it fits; offline."""
    result = plan_verb(stack, base)
    answer(result, lambda: view.show_plan(result, view.stdout()), as_json=as_json)


@app.command()
def preview(
    stack: Stack = "dev", target: Target = Target.REHEARSAL, markdown: Written = None, *, as_json: AsJson = False
) -> None:
    """Show what the engine would change; with `--json` it is what `up --reviewed` takes."""
    place = (
        rehearsed(stack, progress_for(), Phases()) if target is Target.REHEARSAL else in_cloud(stack, progress_for())
    )
    result = preview_verb(place)
    if markdown:
        from ops.delivery import of_plan  # noqa: PLC0415 - what reports import takes a second

        add(markdown, of_plan(result))
    refused = _refused(result.policies)
    answer(result, lambda: view.show_changes(result, view.stdout(), "No changes."), as_json=as_json, refused=refused)


def _refused(found: Iterable[FindingRow]) -> bool:
    return any(one.level == "block" for one in found)


@app.command()
def down(stack: Stack = "dev", *, everything: All = False) -> None:
    """End a stack's rehearsal: its processes, its cluster, its state."""
    if everything:
        Account(home()).stop()
    for name in stacks(home()) if everything else (known(stack),):
        rehearsal = rehearsal_of(name)
        end_recorded(rehearsal.folder.run / ENGINE_RECORD)
        rehearsal.remove(_machines(name), release=not everything)
        typer.echo(f"{name}: nothing is left")
    if everything:
        remove_shared(home())


@app.command()
def env(stack: Stack = "dev") -> None:
    """Print shell exports: `eval "$(./sophia env dev)"` lets kubectl and pulumi be used by hand."""
    environment = existing(stack, progress_for()).engine.environment
    try:
        rehearsal_of(stack).write_kubeconfig()
    except RehearsalError as error:
        # The engine can be used before there is a cluster, and to find out why there is none.
        view.show_warnings([f"kubectl has nothing to speak to: {error}"], Console(stderr=True, highlight=False))
    facts = catalog.load().secrets
    names = (name for canonical, secret in facts.items() for name in (canonical, *secret.aliases))
    for line in exports(environment, os.environ, names):
        typer.echo(line)


@app.command()
def verify(
    stack: Stack = "dev",
    servers: Servers = None,
    target: Target = Target.REHEARSAL,
    watch: Annotated[float, typer.Option(min=0, max=600, help="How long next versions are called on, in seconds.")] = 0,
    *,
    as_json: AsJson = False,
) -> None:
    """Ask every MCP server, with real clients, whether it is what the catalog says; the evidence is written."""
    from ops.verify import verify as verify_verb  # noqa: PLC0415 - MCP's SDK takes a third of a second

    result = verify_verb(there(known(stack), target, progress_for()), servers or (), watching=watch)
    answer(result, lambda: view.show_verdicts(result, view.stdout()), as_json=as_json)


@app.command()
def load(
    stack: Stack = "dev",
    servers: Servers = None,
    clients: Annotated[int, typer.Option(min=1, max=64, help="How many call each server.")] = 4,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long.")] = 5.0,
    target: Target = Target.REHEARSAL,
    *,
    as_json: AsJson = False,
) -> None:
    """Have clients call every server as fast as it answers, and show how long that takes; a broken session fails it."""
    from ops.load import load as load_verb  # noqa: PLC0415 - MCP's SDK takes a third of a second

    place = there(known(stack), target, progress_for())
    result = load_verb(place, servers or (), clients=clients, seconds=seconds)
    answer(result, lambda: view.show_load(result, view.stdout()), as_json=as_json)


@app.command()
def rollout(
    stack: Annotated[str, typer.Argument(help="The stack.")],
    server: Annotated[str, typer.Argument(help="The MCP server.")],
    to: Annotated[int, typer.Option(help="The weight to reach: 0, 10, 50 or 100.")] = 100,
    seconds: Annotated[float, typer.Option(help="How long the next version is watched at each step.")] = 20.0,
    *,
    as_json: AsJson = False,
) -> None:
    """Lead requests to the next version of a server by steps, each one gated; back to the last good one if it fails."""
    from ops.rollout import Rollout  # noqa: PLC0415 - for that reason

    def up_again() -> tuple[str, ...]:
        return up_verb(stack, Target.REHEARSAL, progress=progress_for(), view=view.View(), agree=lambda _: None).errors

    steps = Rollout(known(stack), server, deployment=lambda: existing(stack, progress_for()), up=up_again)
    result = steps.run(to, seconds=seconds)
    answer(result, lambda: view.show_rollout(result, view.stdout()), as_json=as_json)


Services = Annotated[list[str] | None, typer.Option("--service", help="Only this service; may be repeated.")]
Snapshot = Annotated[str, typer.Option(help="The backup, as `backup` answers it; the newest by default.")]


@app.command()
def backup(
    stack: Stack = "dev", services: Services = None, target: Target = Target.REHEARSAL, *, as_json: AsJson = False
) -> None:
    """Back data services up now, beside their schedule."""
    _of_backups(stack, target, "backup", services or (), as_json=as_json)


@app.command("restore-drill")
def restore_drill(
    stack: Stack = "dev",
    services: Services = None,
    snapshot: Snapshot = "",
    target: Target = Target.REHEARSAL,
    *,
    as_json: AsJson = False,
) -> None:
    """Try the newest backups out beside what there is, and say what a loss now would cost in data and time."""
    _of_backups(stack, target, "drill", services or (), snapshot, as_json=as_json)


@app.command()
def restore(
    stack: Annotated[str, typer.Argument(help="The stack.")],
    service: Annotated[str, typer.Argument(help="The data service.")],
    snapshot: Snapshot = "",
    target: Target = Target.REHEARSAL,
    *,
    as_json: AsJson = False,
) -> None:
    """Load a backup of a data service where that has lost what it held; what is there is never replaced."""
    _of_backups(stack, target, "restore", (service,), snapshot, as_json=as_json)


def _of_backups(
    stack: str, target: Target, verb: Verb, services: Sequence[str], snapshot: str = "", *, as_json: bool
) -> None:
    rows = run_backups(there(known(stack), target, progress_for()), verb, services, snapshot)
    errors = tuple(f"{row.service}: {row.error}" for row in rows if row.error)
    result = BackupResult(stack=stack, verb=verb, services=rows, errors=errors)
    answer(result, lambda: view.show_backups(result, view.stdout()), as_json=as_json)


@app.command()
def lock(
    what: Annotated[Locked, typer.Argument(help="What to look up.")] = Locked.PUBLISHED,
    stack: Stack = "dev",
    *,
    as_json: AsJson = False,
) -> None:
    """Write a lock: digests that vendors publish, add-ons as set-up renders them, tools that servers list, prices."""
    if what is Locked.TOOLS:
        from ops.verify import lock_tools  # noqa: PLC0415 - for that reason

        changed = lock_tools(existing(stack, progress_for()), catalog.ROOT / "lock/tools.json")
        result = LockResult(stack=stack, filled=dict.fromkeys(changed, "changed"))
    elif what is Locked.ADDONS:
        rendered = rendered_addons(progress=progress_for())
        result = lock_addons(catalog.ROOT / "lock/addons.yaml", rendered)
    elif what is Locked.PRICES:
        result = _prices()
    else:
        result = _published()
    answer(result, lambda: view.show_lock(result, view.stdout()), as_json=as_json)


def _prices() -> LockResult:
    """Write what the real account's API tells, never what a rehearsal's does, which has its prices from here."""
    require_cloud(os.environ)
    _, offers = holdings(os.environ)
    return lock_prices(catalog.ROOT / "prices", catalog.load(), offers, datetime.now(UTC).date())


def _published() -> LockResult:
    """Fill the digests of images and of K3s that nobody has looked up yet, from where they are published."""
    with httpx.Client(base_url=REGISTRY, timeout=20.0, follow_redirects=True) as client:
        images = lock_images(catalog.ROOT / "lock/images.yaml", client)
        programs = lock_k3s(catalog.ROOT / "lock/k3s.yaml", client)
    filled = {**images.filled, **programs.filled}
    return LockResult(stack="", filled=filled, errors=(*images.errors, *programs.errors))


@app.command()
def doctor(stack: Stack = "dev", *, as_json: AsJson = False) -> None:
    """Show what is there, what is missing, and the one command that mends it."""
    result = doctor_verb(known(stack))
    answer(result, lambda: view.show_doctor(result, view.stdout()), as_json=as_json)


@app.command()
def test(lane: Annotated[Lane, typer.Argument(help="Which tests.")] = Lane.ALL) -> None:  # noqa: PT028 - a verb
    """Run the tests: those that need nothing, those of the real engine, or both."""
    ensure_addons(progress=progress_for())
    for arguments in pytest_runs(lane):
        code = subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode
        if code:
            raise typer.Exit(code)


@app.command()
def docs() -> None:
    """Write the documents that are generated from the models, the catalog and the verbs."""
    for path in documents.write(documents.documents(ROOT)):
        typer.echo(path.relative_to(ROOT))


@app.command()
def golden() -> None:
    """Write the goldens: the resource graph of every stack, whose difference a review reads."""
    for path in documents.write(documents.goldens(ROOT)):
        typer.echo(path.relative_to(ROOT))


def main() -> None:
    """Run the verb of the command line, and leave with its exit code; a request to end is an interrupt."""
    # Said for SIGINT too: a shell's background jobs and some CI runners start programs that ignore it.
    for request in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request, signal.default_int_handler)
    try:
        app(prog_name="./sophia")
    except CatalogError as error:
        view.show_errors([str(error)])
        sys.exit(of_offences(error.offences))
    except PolicyError as error:
        view.show_errors(error.refusals)
        sys.exit(ExitCode.POLICY)
    except (AsleepError, InputError, RenderError) as error:
        view.show_errors([str(error)])
        sys.exit(ExitCode.BAD_INPUT)
    except (AccessError, AccountError, EngineError, RehearsalError, SecretsError, StateError, ToolError) as error:
        view.show_errors([str(error)])
        sys.exit(ExitCode.FAILED)
    except InterruptedRunError as error:
        view.show_errors([str(error)])
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as left:
        if left.code == ExitCode.INTERRUPTED:
            view.show_errors(["interrupted; run it again to go on"])
        raise


def _machines(stack: str) -> tuple[str, ...]:
    """Return the machines a stack owns; none where the catalog is broken, because what runs must be ended anyway."""
    try:
        machines = catalog.load().machines
    except CatalogError:
        return ()
    return tuple(name for name, machine in machines.items() if machine.owner == stack)
