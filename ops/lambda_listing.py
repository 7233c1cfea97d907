"""What the Lambda Cloud account has: machines, keys, file systems, rulesets, and whose they are."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from catalog import Catalog
from ops.account import Caller, asked
from ops.error import AccountError
from ops.events import provider_of
from ops.machine_rows import Standing
from ops.machines import Found, classify
from ops.unmanaged import INSTANCE, Listing, There
from providers.lambda_cloud.answers import FileSystem, FirewallRuleset, Instance, SshKey
from providers.lambda_cloud.client import Client
from rehearsal.home import PROJECT

_KEY: Final = "lambda-cloud:index:SshKey"
_FILE_SYSTEM: Final = "lambda-cloud:index:Filesystem"
_RULESET: Final = "lambda-cloud:index:FirewallRuleset"
_PATIENCE: Final = 60.0
"""Seconds; the account may be asked once a second, and each request is sent again while it fails."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the account has."""

    instances: tuple[Instance, ...]
    keys: tuple[SshKey, ...]
    file_systems: tuple[FileSystem, ...]
    rulesets: tuple[FirewallRuleset, ...]


def listed(stack: str, facts: Catalog, reach: Mapping[str, str]) -> Listing:
    """Return what the account has that is a stack's, or nobody's.

    What belongs to no stack is told by the one that owns the account.

    Args:
        stack: the stack.
        facts: the catalog.
        reach: how the API is reached, in the variables that the provider reads.

    Raises:
        AccountError: it refuses, or does not answer.
    """
    held = _held(reach)
    return Listing(provider_of(INSTANCE), (INSTANCE, _KEY, _FILE_SYSTEM, _RULESET), tuple(_of(stack, facts, held)))


def _of(stack: str, facts: Catalog, held: Held) -> Iterator[There]:
    owns = facts.account.owner == stack
    found = Found(instances=held.instances, offers={}, states={})
    for row in classify(found, facts.machines, facts.limits.hours_per_month):
        of_a_stack = row.standing in {Standing.ORPHANED, Standing.ADOPTABLE}
        if row.owner == stack or (owns and not (of_a_stack and row.owner in facts.limits.stacks)):
            yield There(INSTANCE, row.id, row.name or row.id, monthly_usd=row.monthly_usd)
    for ruleset in held.rulesets:
        whose = _owner_of(ruleset.name, facts)
        if whose == stack or (owns and not whose):
            yield There(_RULESET, ruleset.id, ruleset.name)
    if owns:
        yield from (There(_KEY, one.id, one.name) for one in held.keys)
        yield from (There(_FILE_SYSTEM, one.id, one.name) for one in held.file_systems)


def _owner_of(ruleset: str, facts: Catalog) -> str:
    return next((name for name in facts.limits.stacks if ruleset.startswith(f"{PROJECT}-{name}-")), "")


def _held(reach: Mapping[str, str]) -> Held:
    async def read(client: Client, caller: Caller) -> Held:
        async with asyncio.timeout(_PATIENCE):
            return Held(
                await client.listing.everything(caller),
                await client.ssh_keys(caller),
                await client.file_systems(caller),
                await client.firewall_rulesets(caller),
            )

    try:
        return asked(reach, read)
    except TimeoutError:
        msg = f"the Lambda Cloud API: no answer within {_PATIENCE:.0f} s; see its status page, and run drift again"
        raise AccountError(msg) from None
