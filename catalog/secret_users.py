"""Who needs which secret."""

from collections.abc import Mapping

from catalog.backups import VERBS
from catalog.facts import Facts
from catalog.secret import (
    CI_KEY,
    FINGERPRINT_KEY,
    JOIN_TOKENS,
    POSTGRESQL_SECRETS,
    PROVIDER_VARIABLES,
    PULL_SECRETS,
    REQUEST_STATE_KEY,
)


def users(facts: Facts) -> Mapping[str, tuple[str, ...]]:
    """Return who needs each secret, by its name in Pulumi ESC; a secret that nothing uses is absent.

    Args:
        facts: what the catalog knows.
    """
    needs = [("every image pull", {*PULL_SECRETS}), ("every change of a secret", {FINGERPRINT_KEY})]
    needs += [(f"a provider's {variable}", {name}) for variable, name in PROVIDER_VARIABLES.items()]
    needs += [(purpose, {*buckets.secrets.values()}) for purpose, buckets in facts.object_storage.buckets.items()]
    needs += [(f"`{name}`", {use.secret for use in one.secrets}) for name, one in facts.workloads.items()]
    needs += [
        (f"backups of `{name}`", {secret for verb in VERBS for secret in one.secrets(verb).values()})
        for name, one in facts.backups.services.items()
    ]
    needs += [(f"K3s of every {who}", {name}) for who, name in zip(("server", "agent"), JOIN_TOKENS, strict=True)]
    needs += [
        ("continuous integration, to reach hosts", {CI_KEY}),
        ("roles of `postgresql`", {*POSTGRESQL_SECRETS.values()}),
    ]
    if any(one.hands_out_state for one in facts.mcp.values()):
        needs.append(("servers whose clients carry state", {REQUEST_STATE_KEY}))
    return {
        name: tuple(user for user, wanted in needs if name in wanted)
        for name in sorted({name for _, wanted in needs for name in wanted})
    }
