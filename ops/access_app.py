"""``access``: who comes in to the hosts, and what each of them is given."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.markup import escape

import catalog
from catalog.access import BreakGlass
from catalog.secret import CI_KEY
from ops import view
from ops.access import CI, break_glass_rows, hosts, peer_of, peer_rows, private_key, wg_quick
from ops.answer import answer
from ops.deployment import Target, access_interface, cloud_environment, deployed, existing, known, rehearsal_of
from ops.error import InputError, StateError
from ops.results import PeersResult
from rehearsal import configuration, home
from rehearsal.home import PROJECT, Folder
from rehearsal.toolchain import progress_for
from render import ROOT

_CATALOG = "catalog/access.yaml"
_FIRST_CONTACT = f"{PROJECT}:first_contact"

Stack = Annotated[str, typer.Argument(help="dev, staging or prod", metavar="[STACK]")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]
Name = Annotated[str, typer.Argument(help="A peer of catalog/access.yaml.", metavar="NAME")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--private-key-file", help=f"Holds CI's private key; without it {CI_KEY} may hold the key itself."),
]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def about() -> None:
    """Show who comes in to the hosts, and print what a peer is given."""


@app.command()
def config(
    name: Name, stack: Stack = "dev", target: Target = Target.REHEARSAL, private_key_file: KeyFile = None
) -> None:
    """Print a peer's wg-quick file; a person's private key never passes through here."""
    peer = peer_of(catalog.load().access, name)
    key = None
    if peer.role == CI:
        key = _given_key(private_key_file)
    elif private_key_file is not None:
        msg = f"{name} is a person, whose private key stays with them; leave --private-key-file out"
        raise InputError(msg)
    found = hosts(deployed(known(stack), target))
    if not found:
        msg = f"no host of {stack} has an access interface yet; run `./sophia up {stack}`"
        raise StateError(msg)
    if peer.expires_at is not None and datetime.fromisoformat(peer.expires_at) <= datetime.now(UTC):
        _say(f"{name} expired on {peer.expires}: no host admits it; renew it in {_CATALOG} and run `up`")
    if key is not None and sys.stdout.isatty():
        _say("a private key is not shown on a terminal: send the output to a file, and it is filled in")
        key = None
    typer.echo(wg_quick(name, peer, stack=stack, hosts=found, private_key=key), nl=False)


@app.command()
def join(name: Name, stack: Stack = "dev", target: Target = Target.REHEARSAL, private_key_file: KeyFile = None) -> None:
    """Make this computer a peer of a stack's hosts, also of those that `up` makes; a rehearsal's runner is ci."""
    facts = catalog.load()
    peer_of(facts.access, name)
    if target is Target.REHEARSAL:
        typer.echo(_runner(known(stack), name))
        return
    key = _given_key(private_key_file)
    if key is None:
        msg = f"--private-key-file: nothing says {name}'s private key; name its file, or set {CI_KEY}"
        raise InputError(msg)
    found = access_interface(known(stack), facts, cloud_environment(facts, progress_for())).join(name, key)
    typer.echo(f"{name} comes in to {found} hosts of {stack}" + ("" if found else "; `up` follows it to new ones"))


@app.command()
def leave(stack: Stack = "dev") -> None:
    """Make this computer no peer of a stack in the cloud, and forget the key."""
    left = access_interface(known(stack), catalog.load(), os.environ).leave()
    typer.echo(f"this computer is no peer of {stack} any more" if left else f"this computer was no peer of {stack}")


@app.command()
def peers(stack: Stack = "dev", *, as_json: AsJson = False) -> None:
    """List who may come in to a stack's hosts, with owner and end, and the networks that break the glass."""
    access = catalog.load().access
    configured = configuration.chosen(Folder(home(), known(stack)))
    path = ROOT / f"Pulumi.{stack}.yaml"
    committed = yaml.safe_load(path.read_text(encoding="utf-8"))["config"] if path.exists() else {}
    entries = {path.name: committed.get(f"{PROJECT}:break_glass"), _FIRST_CONTACT: configured.get("first_contact")}
    given = {place: [BreakGlass.model_validate(one) for one in found or ()] for place, found in entries.items()}
    moment = datetime.now(UTC)
    result = PeersResult(
        stack=stack,
        network=access.network,
        peers=peer_rows(access, str(configured.get("access_ci_public_key") or ""), moment),
        break_glass=break_glass_rows({_CATALOG: access.break_glass, **given}, moment),
    )
    answer(result, lambda: _show(result, view.stdout()), as_json=as_json)


def _runner(stack: str, name: str) -> str:
    if name != CI:
        msg = f"{name}: a rehearsal's hosts are reached from its runner alone, which is {CI}"
        raise InputError(msg)
    if not rehearsal_of(stack).configured:
        return f"{stack} has no hosts yet; its runner joins them as they come"
    existing(stack, progress_for()).join()
    return f"the runner of {stack} is {CI}"


def _given_key(file: Path | None) -> str | None:
    if file is None:
        given = os.environ.get(CI_KEY)
        return private_key(given, CI_KEY) if given else None
    try:
        return private_key(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{file}: cannot be read ({getattr(error, 'strerror', '') or 'it is no text'}); name the file of the key"
        raise InputError(msg) from None


def _say(text: str) -> None:
    view.show_warnings([text], Console(stderr=True, highlight=False))


def _show(result: PeersResult, console: Console) -> None:
    admitted = view.table(
        f"Peers of {result.network}", "peer", "role", "owner", "address", "until", "standing", "public key"
    )
    for row in result.peers:
        cells = (row.name, row.role, row.owner, row.address, row.expires or "-", row.standing, row.public_key or "-")
        admitted.add_row(*(escape(cell) for cell in cells))
    console.print(admitted)
    broken = view.table("Break-glass networks", "network", "owner", "until", "standing", "reason", "stands in")
    for entry in result.break_glass:
        what = (entry.cidr, entry.owner, entry.expires, entry.standing, entry.reason, entry.stands_in)
        broken.add_row(*(escape(cell) for cell in what))
    if result.break_glass:
        console.print(broken)
    else:
        console.print("No network breaks the glass.")
