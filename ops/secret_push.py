"""``secrets push`` and ``secrets diff``: values from a shell's variables, as continuous integration has them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from catalog import Catalog, CatalogError, Offence
from catalog.secret import FINGERPRINT_KEY
from ops.secret_rows import Deed, PushedRow
from ops.secret_store import Definition

PUSH = "push"
"""How what is known of a value says that it was pushed."""


def given(facts: Catalog, environment: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    """Return the secrets that variables give, by canonical name: the variable and the value.

    Args:
        facts: names the secrets, and older names for them.
        environment: the variables.

    Raises:
        CatalogError: two variables give one secret, and differ.
    """
    found: dict[str, tuple[str, str]] = {}
    offences = []
    for name, secret in facts.secrets.items():
        variables = [one for one in (name, *secret.aliases) if environment.get(one)]
        if len({environment[one] for one in variables}) > 1:
            rule, remedy = "one secret has one value", "unset all but the right one"
            offences.append(Offence(name, " and ".join(variables), rule, remedy))
        elif variables:
            found[name] = (variables[0], environment[variables[0]])
    if offences:
        raise CatalogError(offences)
    return found


def compared(
    kept: Definition, wanted: Mapping[str, tuple[str, str]], updated: Mapping[str, datetime]
) -> tuple[PushedRow, ...]:
    """Return what a push would do with each secret of a stack.

    Args:
        kept: what Pulumi ESC has.
        wanted: the given secrets, each with its variable.
        updated: when each variable was set, where that is known, as GitHub tells it.
    """
    return tuple(_row(kept, name, wanted.get(name), updated) for name in kept.groups)


def pushed(
    kept: Definition, wanted: Mapping[str, tuple[str, str]], updated: Mapping[str, datetime], moment: datetime
) -> tuple[PushedRow, ...]:
    """Give secrets their values, and return what became of each; nothing newer is overwritten.

    Args:
        kept: what Pulumi ESC has; it is changed.
        wanted: the given secrets, each with its variable.
        updated: when each variable was set, where that is known.
        moment: now.
    """
    rows = compared(kept, wanted, updated)
    for row in rows:
        if row.deed in {Deed.SET, Deed.REPLACED}:
            kept.put(row.name, wanted[row.name][1], by=PUSH, moment=moment)
        elif row.deed == Deed.DRAWN:
            kept.put(row.name, f"{uuid4().hex}{uuid4().hex}", by=PUSH, moment=moment)
    return rows


def times(document: Any) -> Mapping[str, datetime]:
    """Return when each variable was set, as GitHub lists an organisation's secrets (REST API 2022-11-28).

    Args:
        document: the answer, or several pages of it.
    """
    pages = document if isinstance(document, list) else [document]
    rows = [row for page in pages for row in page["secrets"]]
    return {str(row["name"]): datetime.fromisoformat(str(row["updated_at"])) for row in rows}


def _row(kept: Definition, name: str, wanted: tuple[str, str] | None, updated: Mapping[str, datetime]) -> PushedRow:
    held = kept.values.get(name, "")
    if wanted is None:
        drawn = name == FINGERPRINT_KEY and not held
        deed = Deed.DRAWN if drawn else Deed.UNGIVEN if held else Deed.ABSENT
        return PushedRow(name=name, deed=deed, kept=kept.mark(held))
    variable, value = wanted
    known, moment = kept.known(name), updated.get(variable)
    if not held:
        deed = Deed.SET
    elif held == value:
        deed = Deed.SAME
    else:
        # What nothing is known of was there before anybody wrote that down, and may be newer; and what is being
        # rotated is two values for a while.
        newer = known is not None and not known.step and moment is not None and moment > known.since
        deed = Deed.REPLACED if newer else Deed.KEPT
    return PushedRow(name=name, deed=deed, source=variable, given=kept.mark(value), kept=kept.mark(held))
