"""What must hold between buckets, the stacks and the secrets that open them."""

import re
from collections.abc import Callable, Collection, Iterator

from catalog import references
from catalog.object_storage import ObjectStorage
from catalog.offence import Offence

Where = Callable[[str], str]
"""Gives the path of a field of ``catalog/object_storage.yaml``."""

_AMAZON = ".amazonaws.com"
_CERTIFICATES = re.compile(r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n?)+")


def offences(
    storage: ObjectStorage, where: Where, *, stacks: Collection[str], secrets: Collection[str] | None
) -> Iterator[Offence]:
    """Yield what is wrong.

    Args:
        storage: the file.
        where: gives the path of a field.
        stacks: names of the stacks.
        secrets: canonical names of the secrets; None where they could not be read.
    """
    yield from references.stack(where("owner"), storage.owner, stacks)
    if storage.endpoint.endswith(_AMAZON) and storage.region not in storage.endpoint.split("."):
        rule = f"an endpoint of Amazon's is of the region that requests are signed for, {storage.region}"
        yield Offence(where("endpoint"), storage.endpoint, rule, "correct the endpoint, or the region")
    yield from _names(storage, where, stacks)
    for purpose, buckets in storage.buckets.items():
        for key, secret in buckets.secrets.items():
            yield from references.secret(where(f"buckets.{purpose}.{key}"), secret, secrets)


def _names(storage: ObjectStorage, where: Where, stacks: Collection[str]) -> Iterator[Offence]:
    taken: dict[str, str] = {}
    for purpose, buckets in storage.buckets.items():
        for stack in dict.fromkeys((*stacks, *buckets.names)):
            field, name = f"buckets.{purpose}.names.{stack}", buckets.names.get(stack)
            if stack not in stacks:
                rule = "buckets are of stacks of catalog/limits.yaml"
                yield Offence(where(field), stack, rule, f"choose one of: {', '.join(stacks)}")
            if name is None:
                rule = "every stack has a bucket for every purpose"
                yield Offence(where(field), "absent", rule, "add the name of one")
            elif taken.setdefault(name, field) != field:
                rule = f"a bucket is of one stack and purpose, and this one is {taken[name]}"
                yield Offence(where(field), name, rule, "give it a name of its own")


def of_authority(certificates: str, path: str) -> Iterator[Offence]:
    """Yield an offence when what a stack trusts beside the public authorities is no certificate.

    Args:
        certificates: certificates in PEM; empty for none.
        path: where they stand.
    """
    if certificates and not _CERTIFICATES.fullmatch(certificates):
        # Never shown: whoever pastes the wrong file has pasted a key.
        rule = "it is empty, or certificates in PEM and nothing beside them"
        yield Offence(path, "a text", rule, "give the authority's certificate, which begins with BEGIN CERTIFICATE")
