"""What must hold between collections, the stacks, and who may use them."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from catalog.collection import Collection, Weaviate
from catalog.offence import Offence

Where = Callable[[str], str]
"""Gives the path of a field of ``catalog/weaviate.yaml``."""


def offences(
    weaviate: Weaviate,
    collections: Mapping[str, Collection],
    at: Where,
    *,
    stacks: Iterable[str],
    secrets: Container[str],
) -> Iterator[Offence]:
    """Yield what is wrong.

    Args:
        weaviate: the file.
        collections: the collections by name.
        at: gives the path of a field.
        stacks: names of the stacks.
        secrets: names of the secrets that are given from outside.
    """
    yield from _hosting(weaviate, at, {*stacks})
    yield from _users(weaviate, at, secrets)
    for name, one in weaviate.roles.items():
        if not one.objects and not one.backups:
            yield Offence(
                at(f"roles.{name}"), name, "a role must permit something", "say objects, or backups, or remove it"
            )
        if one.collections.isalnum() and one.collections not in collections:
            known = ", ".join(collections)
            yield Offence(
                at(f"roles.{name}.collections"), one.collections, "it must exist", f"use `*`, or one of: {known}"
            )


def _hosting(weaviate: Weaviate, at: Where, stacks: set[str]) -> Iterator[Offence]:
    for stack in weaviate.hosting.keys() - stacks:
        yield Offence(at(f"hosting.{stack}"), stack, "it must be a stack of limits.yaml", "correct the name")
    for stack in sorted(stacks - weaviate.hosting.keys()):
        yield Offence(at("hosting"), stack, "each stack has its collections somewhere", f"add {stack}: cloud")


def _users(weaviate: Weaviate, at: Where, secrets: Container[str]) -> Iterator[Offence]:
    taken: dict[str, str] = {}
    for name, user in weaviate.users.items():
        if user.secret in secrets or taken.setdefault(user.secret, name) != name:
            rule = "the name of a key is that of no other secret"
            yield Offence(at(f"users.{name}.secret"), user.secret, rule, "choose another name")
        for role in user.roles:
            if role not in weaviate.roles:
                known = ", ".join(weaviate.roles)
                yield Offence(at(f"users.{name}.roles"), role, "a user has roles that exist", f"use one of: {known}")
