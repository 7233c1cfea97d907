"""``machines``: a verb with verbs of its own; without one it lists."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

import catalog
from ops import view
from ops.answer import answer
from ops.deployment import Target, known
from rehearsal import home
from rehearsal.toolchain import progress_for

_DEFAULT = "list"


class _Listing(TyperGroup):
    """Takes what is not one of its verbs, nor a call for help, as the arguments of the listing."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = [*args] if args and (args[0] in self.commands or args[0] == "--help") else [_DEFAULT, *args]
        return super().parse_args(ctx, words)


app = typer.Typer(cls=_Listing, add_completion=False)


@app.callback()
def about() -> None:
    """List the machines of the account: whose they are, what they cost, what can be launched now."""


@app.command(_DEFAULT)
def listing(
    stack: Annotated[str, typer.Argument(help="Only this stack's.", metavar="[STACK]")] = "",
    target: Target = Target.REHEARSAL,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON (docs/schema/).")] = False,
) -> None:
    """List the machines; what is done when no verb is named."""
    # What the provider imports takes half a second (measured), and no other verb needs it.
    from ops import account, machines  # noqa: PLC0415 - for that reason

    only = known(stack) if stack else ""
    found = account.in_rehearsal(home()) if target is Target.REHEARSAL else account.in_cloud(progress_for())
    result = machines.listed(found, catalog.load(), only)
    answer(result, lambda: view.show_machines(result, view.stdout()), as_json=as_json)
