"""A verb with verbs of its own, which does something by itself where none of them is named."""

from typing import Any, Final

from typer.core import TyperGroup
from typing_extensions import override

DEFAULT: Final = "list"
"""The name of what it does by itself."""


class Listing(TyperGroup):
    """Takes what is not one of its verbs, nor a call for help, as the arguments of what it does by itself."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = [*args] if args and (args[0] in self.commands or args[0] == "--help") else [DEFAULT, *args]
        return super().parse_args(ctx, words)
