"""``secrets audit``: how old each secret is, who needs it, and what is wrong with it."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from catalog import Catalog
from catalog.secret import FINGERPRINT_KEY, PROVIDER_VARIABLES, Rotation
from catalog.secret_users import users
from ops.deployment import Target
from ops.error import SecretsError
from ops.secret_rows import AuditRow
from ops.secret_store import Definition, store_of
from rehearsal.home import PROJECT

_SHORT = 16
"""Characters below which a value is guessed sooner than found."""
_ACCOUNTS = {"identifier"}
"""Kinds of values that are no secret by themselves, and are short and shared by nature."""


def audit(stack: str, target: Target, facts: Catalog, moment: datetime) -> tuple[AuditRow, ...]:
    """Return what is known of each secret of a stack, read from where it is kept.

    Args:
        stack: name of the stack.
        target: where it is.
        facts: what is needed, and how often it is rotated.
        moment: now.

    Raises:
        RehearsalError, SecretsError: it cannot be read; other stacks are compared with as far as they can.
    """
    stores = {}
    for name in facts.limits.stacks:
        try:
            stores[name] = store_of(name, target).read()
        except SecretsError:
            if name == stack:
                raise
    return audited(stack, stores, facts, moment)


def audited(stack: str, stores: Mapping[str, Definition], facts: Catalog, moment: datetime) -> tuple[AuditRow, ...]:
    """Return what is known of each secret of a stack.

    Args:
        stack: name of the stack.
        stores: what Pulumi ESC has, by stack: a value that two of them share is found.
        facts: what is needed, and how often it is rotated.
        moment: now.
    """
    shared, who, owners = _shared(stores, facts), users(facts), _owners(facts)
    kept, rows = stores[stack], []
    for name, group in kept.groups.items():
        secret, known = facts.secrets.get(name), kept.known(name)
        days = facts.rotation_days.get(secret.kind) if secret else None
        due = known.until(days) if known and days else None
        findings = []
        if secret is None and name not in {FINGERPRINT_KEY, *PROVIDER_VARIABLES.values()}:
            findings.append("the catalog has no such secret; remove it, or add it to catalog/secrets.yaml")
        elif name not in who:
            findings.append("nothing in the catalog needs it")
        if name not in kept.values:
            findings.append("it has no value; give it with `./sophia secrets push`")
        else:
            if known is None:
                findings.append("nobody wrote down when it was set; rotate it, and its age is known")
            if due and due < moment.date():
                findings.append(f"it was to be rotated by {due}; `./sophia secrets rotate {stack} {name}`")
            if not (secret and secret.kind in _ACCOUNTS):
                if others := sorted(shared[stack, name]):
                    findings.append(f"its value is that of {', '.join(others)} too; each needs one of its own")
                if len(kept.values[name]) < _SHORT and name != "WEAVIATE_URL":
                    findings.append(f"it is shorter than {_SHORT} characters")
        rows.append(
            AuditRow(
                name=name,
                group=group,
                kind=secret.kind if secret else "",
                users=who.get(name, ()),
                owners=tuple(sorted(owners.get(name, ()))),
                since=known.since if known else None,
                by=known.by if known else "",
                age_days=(moment - known.since).days if known else None,
                due=due,
                findings=tuple(findings),
            )
        )
    return tuple(rows)


def _shared(stores: Mapping[str, Definition], facts: Catalog) -> Mapping[tuple[str, str], set[str]]:
    """Return, for each secret of each stack, which others have its value; compared under a key of this run."""
    key = secrets.token_bytes(32)
    marks = {
        (stack, name): hmac.new(key, value.encode(), hashlib.sha256).digest()
        for stack, kept in stores.items()
        for name, value in kept.values.items()
    }
    holders: dict[bytes, set[tuple[str, str]]] = {}
    for place, mark in marks.items():
        holders.setdefault(mark, set()).add(place)
    found: dict[tuple[str, str], set[str]] = {
        (stack, name): set() for stack, kept in stores.items() for name in kept.groups
    }
    for place, mark in marks.items():
        # An account at a vendor's may be one in several stacks; what the platform makes itself is each stack's own.
        own = place[1] in facts.secrets and facts.secrets[place[1]].rotation != Rotation.BY_HAND
        others = {one for one in holders[mark] - {place} if own or one[1] != place[1]}
        found[place] = {" ".join(one) for one in others}
    return found


def _owners(facts: Catalog) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in facts.workloads.values():
        for use in one.secrets:
            found.setdefault(use.secret, set()).add(one.owner)
    return found


def lacking(stack: str, opened: Mapping[str, Any], facts: Catalog) -> Iterator[str]:
    """Yield what a stack's environment does not give, each with who needs it and the command that mends it.

    Args:
        stack: name of the stack.
        opened: what it gives.
        facts: what is needed.
    """
    who = users(facts)
    config, variables = opened.get("pulumiConfig") or {}, opened.get("environmentVariables") or {}
    needed = {f"{PROJECT}:{name.lower()}": (name, config) for name in (*facts.secrets_of(stack), FINGERPRINT_KEY)}
    needed |= {variable: (name, variables) for variable, name in facts.provider_variables(stack).items()}
    for key, (name, given) in needed.items():
        if not given.get(key):
            by = f", needed by {', '.join(who[name])}" if name in who else ""
            yield f"{key}: not given{by}; export {name}, and run `./sophia secrets push {stack}`"
