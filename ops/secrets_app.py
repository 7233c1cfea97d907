"""``secrets``: the stacks' secrets in Pulumi ESC; a value is read from a variable, and never shown."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.console import Console

import catalog
from catalog import CatalogError, Offence
from catalog.addons import cache_root
from ops import view
from ops.answer import answer
from ops.deployment import Target, known, rehearsal_of
from ops.results import (
    SecretsAuditResult,
    SecretsDoctorResult,
    SecretsPushResult,
    SecretsRotateResult,
    SecretsSearchResult,
)
from rehearsal import RehearsalError
from rehearsal.toolchain import progress_for
from render import ROOT

if TYPE_CHECKING:
    from ops.secret_store import SecretStore

app = typer.Typer(no_args_is_help=True, add_completion=False)

Stack = Annotated[str, typer.Argument(help="dev, staging or prod", metavar="STACK")]
Names = Annotated[list[str] | None, typer.Argument(help="Canonical names.", metavar="NAME...")]
Updated = Annotated[
    Path | None,
    typer.Option(help="When each was set: `gh api --paginate --slurp orgs/ORG/actions/secrets`, as a file or - ."),
]
Due = Annotated[bool, typer.Option("--due", help="All that are to be rotated by now.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")]


@app.callback()
def about() -> None:
    """Look after the stacks' secrets in Pulumi ESC. Values come from variables, and none is shown."""


@app.command()
def push(
    stack: Stack = "dev", updated: Updated = None, target: Target = Target.REHEARSAL, *, as_json: AsJson = False
) -> None:
    """Give a stack the secrets that variables hold; what Pulumi ESC has newer stays."""
    from ops.secret_push import given, pushed  # noqa: PLC0415 - what they import takes half a second
    from ops.secret_store import Definition  # noqa: PLC0415 - the same

    facts, store = catalog.load(), _store(stack, target)
    wanted, times = given(facts, os.environ), _times(updated)
    store.create(ROOT / "esc")
    kept = store.read()
    before = kept.written()
    kept.add(Definition((ROOT / f"esc/{stack}-secrets.yaml").read_text(encoding="utf-8")))
    rows = pushed(kept, wanted, times, datetime.now(UTC))
    if kept.written() != before:
        store.write(kept)
    _answer_push(SecretsPushResult(stack=stack, secrets=rows), as_json=as_json)


@app.command()
def diff(
    stack: Stack = "dev", updated: Updated = None, target: Target = Target.REHEARSAL, *, as_json: AsJson = False
) -> None:
    """Show by name and fingerprint what a push would change."""
    from ops.secret_push import compared, given  # noqa: PLC0415 - what they import takes half a second

    rows = compared(_store(stack, target).read(), given(catalog.load(), os.environ), _times(updated))
    _answer_push(SecretsPushResult(stack=stack, secrets=rows), as_json=as_json)


@app.command()
def audit(stack: Stack = "dev", target: Target = Target.REHEARSAL, *, as_json: AsJson = False) -> None:
    """Show how old each secret is, who needs it, and what is wrong with it."""
    from ops.secret_audit import audit as audit_verb  # noqa: PLC0415 - what it imports takes half a second

    rows = audit_verb(known(stack), target, catalog.load(), datetime.now(UTC))
    result = SecretsAuditResult(stack=stack, secrets=rows)

    def show() -> None:
        table = view.table(f"Secrets of {stack}", "secret", "group", "age", "due", "used by", "finding")
        for row in rows:
            age = f"{row.age_days} d" if row.age_days is not None else "?"
            table.add_row(row.name, row.group, age, str(row.due or ""), ", ".join(row.users), "; ".join(row.findings))
        view.stdout().print(table)

    answer(result, show, as_json=as_json)


@app.command()
def rotate(
    stack: Stack, names: Names = None, target: Target = Target.REHEARSAL, *, due: Due = False, as_json: AsJson = False
) -> None:
    """Give secrets other values, with an `up` after each step; an interrupted rotation goes on where it was."""
    from ops.secret_rotation import due as due_by  # noqa: PLC0415 - what they import takes half a second
    from ops.secret_rotation import rotated  # noqa: PLC0415 - the same
    from ops.up import up  # noqa: PLC0415 - the same

    facts, store, moment = catalog.load(), _store(stack, target), datetime.now(UTC)
    if due == bool(names):
        raise CatalogError(
            [Offence("NAME", ", ".join(names or ()) or "none", "names are given, or --due", "choose one")]
        )
    wanted = names or due_by(store.read(), facts, moment.date())

    def brought() -> tuple[str, ...]:
        shown = view.View(Console(stderr=True, highlight=False))
        return up(stack, target, progress=progress_for(), view=shown, agree=lambda _: None).errors

    result = SecretsRotateResult(stack=stack, secrets=rotated(store, facts, wanted, up=brought, moment=moment))

    def show() -> None:
        table = view.table(f"Secrets of {stack}", "secret", "way", "done", "to be done by a person", "until")
        for row in result.secrets:
            table.add_row(row.name, row.way, "; ".join(row.steps), row.task, str(row.due or ""))
        view.stdout().print(table)

    answer(result, show, as_json=as_json)


@app.command()
def doctor(stack: Stack = "dev", target: Target = Target.REHEARSAL, *, as_json: AsJson = False) -> None:
    """Open a stack's environment as the engine would, and say what it lacks and the command that mends it."""
    from ops.secret_audit import lacking  # noqa: PLC0415 - what it imports takes half a second

    store = _store(stack, target)
    opened = store.opened()
    errors = tuple(lacking(stack, opened, catalog.load()))
    result = SecretsDoctorResult(
        stack=stack,
        place=f"{store.organisation}/sophia/{stack}",
        given=len(opened.get("pulumiConfig") or ()),
        errors=errors,
    )
    told = f"{result.place} opens, and gives {result.given} keys of the configuration"
    answer(result, lambda: view.stdout().print(told), as_json=as_json)


@app.command()
def search(stack: Stack = "dev", *, as_json: AsJson = False) -> None:
    """Look for each of a stack's secrets in all that its rehearsal left: states, logs, disks, objects, processes."""
    from ops import secret_places, secret_search  # noqa: PLC0415 - what they import takes half a second

    kept, rehearsal = _store(stack, Target.REHEARSAL).read(), rehearsal_of(stack)
    try:
        with rehearsal.cluster() as cluster:
            told = {**secret_places.values(kept, catalog.load(), cluster), **rehearsal.account.authority.secrets()}
            looked = secret_search.Search(told)
            secret_places.look(looked, rehearsal.account, cluster, (cache_root(os.environ), ROOT))
    except httpx.HTTPError as error:
        msg = f"the cluster of {stack} cannot be looked at ({error}); bring it up: `./sophia up {stack}`"
        raise RehearsalError(msg) from None
    told_of = (secret_places.explained(row, rehearsal.home) for row in looked.found)
    rows = sorted(told_of, key=lambda row: (row.place, row.name, row.form))
    found, held = (tuple(row for row in rows if bool(row.why) is where) for where in (False, True))
    result = SecretsSearchResult(
        stack=stack,
        secrets=len(looked.values),
        forms=secret_search.FORMS,
        places=looked.places,
        megabytes=looked.size // 2**20,
        found=found,
        held=held,
        errors=tuple(
            f"{row.place}: {row.name} stands there, {row.form}; rotate it, and see who writes there" for row in found
        ),
    )

    def show() -> None:
        out = view.stdout()
        table = view.table("Made to hold secrets", "place", "secrets", "what it is")
        for place, why in sorted({(row.place, row.why) for row in held}):
            table.add_row(place, str(len({row.name for row in held if row.place == place})), why)
        out.print(table)
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(result.places.items()))
        told = f"{result.secrets} secrets in {len(result.forms)} forms ({', '.join(result.forms)})"
        out.print(f"{told}, looked for in {counted}; {result.megabytes} MB: {len(found)} found")

    answer(result, show, as_json=as_json)


def _answer_push(result: SecretsPushResult, *, as_json: bool) -> None:
    def show() -> None:
        table = view.table(f"Secrets of {result.stack}", "secret", "", "variable", "given", "in Pulumi ESC")
        for row in result.secrets:
            table.add_row(row.name, row.deed, row.source, row.given, row.kept)
        view.stdout().print(table)

    answer(result, show, as_json=as_json)


def _store(stack: str, target: Target) -> "SecretStore":
    from ops.secret_store import store_of  # noqa: PLC0415 - what it imports takes half a second

    return store_of(known(stack), target)


def _times(file: Path | None) -> dict[str, datetime]:
    from ops.secret_push import times  # noqa: PLC0415 - what it imports takes half a second

    if file is None:
        return {}
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return {**times(json.loads(text))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        rule, remedy = "it is GitHub's list of an organisation's secrets", "see --help for the command that prints it"
        raise CatalogError([Offence("--updated", str(file), f"{rule} ({type(error).__name__})", remedy)]) from None
