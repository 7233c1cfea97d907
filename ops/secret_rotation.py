"""``secrets rotate``: another value for a secret, by steps; an interrupted rotation goes on where it was."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from catalog import Catalog, CatalogError, Offence
from catalog.secret import Rotation
from ops.error import SecretsError
from ops.secret_rows import RotationRow
from ops.secret_store import Definition, SecretStore

ROTATE: Final = "rotate"
"""How what is known of a value says that it was rotated."""
_BYTES = 32
_STEPS = ("", "offered", "leading", "alone")
"""Before a rotation, and the steps after which it may be interrupted."""
_, _OFFERED, _LEADING, _ALONE = _STEPS

Up = Callable[[], Sequence[str]]
"""Brings the stack to what its secrets are now, proves that all that uses them runs, and returns what went wrong."""


def rotated(
    store: SecretStore, facts: Catalog, names: Iterable[str], *, up: Up, moment: datetime
) -> tuple[RotationRow, ...]:
    """Give secrets other values, one after the other, and return what was done and what a person has to do.

    Args:
        store: where they are kept.
        facts: how each is rotated.
        names: canonical names of the secrets.
        up: brings the stack to them.
        moment: now.

    Raises:
        CatalogError: the catalog has no such secret; nothing was changed.
        SecretsError: a step failed: what was in use is in use, and the same command goes on with that step.
    """
    wanted = [*names]
    unknown = sorted({*wanted} - facts.secrets.keys())
    if unknown:
        choices = ", ".join(sorted(facts.secrets))
        raise CatalogError(
            [Offence("NAME", name, "the catalog has no such secret", f"choose from {choices}") for name in unknown]
        )
    return tuple(_rotated(store, facts, name, up, moment) for name in wanted)


def due(kept: Definition, facts: Catalog, today: date) -> tuple[str, ...]:
    """Return the names of the secrets that are to be rotated by now, and of those whose rotation has not ended.

    Args:
        kept: what Pulumi ESC has.
        facts: how often each is rotated.
        today: the day.
    """
    found = []
    for name, secret in facts.secrets.items():
        if name not in kept.groups:
            continue  # another stack's
        known, days = kept.known(name), facts.rotation_days.get(secret.kind)
        if (known and known.step) or (days and _until(kept, name, days, today) <= today):
            found.append(name)
    return tuple(found)


def _until(kept: Definition, name: str, days: int, today: date) -> date:
    known = kept.known(name)
    return known.until(days) if known else today


def _rotated(store: SecretStore, facts: Catalog, name: str, up: Up, moment: datetime) -> RotationRow:
    secret = facts.secrets[name]
    if secret.rotation == Rotation.BY_HAND:
        days = facts.rotation_days.get(secret.kind)
        until = _until(store.read(), name, days, moment.date()) if days else None
        task = f"make another one where it comes from ({secret.description}), and `./sophia secrets push {store.stack}`"
        return RotationRow(name=name, way=secret.rotation, task=task, due=until)
    follow = {Rotation.OVERLAPPING: _overlapping, Rotation.DRAWN: _drawn}[secret.rotation]
    return RotationRow(name=name, way=secret.rotation, steps=tuple(follow(store, name, up, moment)))


def _overlapping(store: SecretStore, name: str, up: Up, moment: datetime) -> Iterator[str]:
    """Do the steps that are left, and tell each."""
    kept = store.read()
    left = _STEPS.index(_step(kept, name))
    if left < 1:
        old = kept.values.get(name, "").split()[:1]
        _put(store, kept, moment, name, value=" ".join([*old, secrets.token_hex(_BYTES)]), step=_OFFERED)
        yield "another one is drawn"
    if left < 2:  # noqa: PLR2004 - the second
        _prove(store, name, up, "the old value is used, and both are taken where `up` came to")
        kept = store.read()
        _put(store, kept, moment, name, value=" ".join(reversed(kept.values[name].split())), step=_LEADING)
        yield "everybody takes it"
    if left < 3:  # noqa: PLR2004 - the third
        _prove(store, name, up, "both values are taken, and used")
        kept = store.read()
        _put(store, kept, moment, name, value=kept.values[name].split()[0], step=_ALONE)
        yield "everybody uses it"
    _prove(store, name, up, "the new value is used, and the old one may still be taken")
    kept = store.read()
    _put(store, kept, moment, name, value=kept.values[name], step="")
    yield "nobody takes the old one any more"


def _drawn(store: SecretStore, name: str, up: Up, moment: datetime) -> Iterator[str]:
    """Do the steps that are left, and tell each."""
    kept = store.read()
    if not _step(kept, name):
        _put(store, kept, moment, name, value=secrets.token_hex(_BYTES), step=_ALONE)
        yield "another one is drawn"
    _prove(store, name, up, "the service takes the old value or the new one, until `up` succeeds")
    kept = store.read()
    _put(store, kept, moment, name, value=kept.values[name], step="")
    yield "the service and all that use it have it"


def _step(kept: Definition, name: str) -> str:
    known = kept.known(name)
    return known.step if known and known.step in _STEPS else ""


def _prove(store: SecretStore, name: str, up: Up, state: str) -> None:
    if errors := up():
        told = "; ".join(errors)
        msg = f"{name}: {state}; `up` of {store.stack} failed, and the same command goes on from here: {told}"
        raise SecretsError(msg)


def _put(store: SecretStore, kept: Definition, moment: datetime, name: str, *, value: str, step: str) -> None:
    kept.put(name, value, by=ROTATE, moment=moment, step=step)
    store.write(kept)
