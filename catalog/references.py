"""Names in one file of the catalog of what stands in another."""

from collections.abc import Collection, Iterator

from catalog.offence import Offence


def stack(path: str, name: str, stacks: Collection[str]) -> Iterator[Offence]:
    """Yield an offence where a name is no stack's.

    Args:
        path: where it stands.
        name: the name.
        stacks: the names that may stand there.
    """
    if name not in stacks:
        rule = "it names a stack of catalog/limits.yaml"
        yield Offence(path, name, rule, f"choose one of: {', '.join(stacks)}")


def secret(path: str, name: str, secrets: Collection[str] | None) -> Iterator[Offence]:
    """Yield an offence where a name is no secret's own.

    Args:
        path: where it stands.
        name: the name.
        secrets: canonical names of the secrets; None where they could not be read.
    """
    if secrets is not None and name not in secrets:
        rule = "it is the canonical name of a secret of catalog/secrets.yaml"
        yield Offence(path, name, rule, "correct it, or add the secret there")
