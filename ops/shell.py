"""``env``: what a shell must be told so that kubectl and pulumi can be used by hand."""

import shlex
from collections.abc import Iterable, Iterator, Mapping

_PROVIDERS = ("AWS_", "AZURE_", "GOOGLE_", "LAMBDA_", "NAMECHEAP_", "VERCEL_", "WEAVIATE_")
"""Beginnings of variables that providers take credentials from."""

_LOGIN = "PULUMI_ACCESS_TOKEN"


def exports(environment: Mapping[str, str], caller: Mapping[str, str], secrets: Iterable[str]) -> Iterator[str]:
    """Yield the lines for a shell's ``eval``: what to set, and which credentials to take away.

    Args:
        environment: the engine's environment.
        caller: the shell's own environment.
        secrets: names under which secrets are known.
    """
    credentials = {*secrets, _LOGIN}
    for name in sorted(caller):
        if name in credentials or name.startswith(_PROVIDERS):
            yield f"unset {name}"
    for name, value in sorted(environment.items()):
        yield f"export {name}={shlex.quote(value)}"
