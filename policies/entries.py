"""What the catalog says of rules must be about rules that there are, and may not soften some of them."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from catalog import CatalogError, Offence
from catalog.policy import Level, Policy
from policies.exemptions import FILE
from policies.rule import Rule


def require(policy: Policy, rules: Sequence[Rule]) -> None:
    """Hold levels and exemptions of the catalog to the rules.

    Args:
        policy: the levels and exemptions.
        rules: every rule.

    Raises:
        CatalogError: with every entry that names no rule, or a rule that takes none.
    """
    found = [*offences(policy, rules)]
    if found:
        raise CatalogError(found)


def offences(policy: Policy, rules: Sequence[Rule]) -> Iterator[Offence]:
    """Yield what levels and exemptions break with the rules.

    Args:
        policy: the levels and exemptions.
        rules: every rule.
    """
    known = {rule.id: rule for rule in rules}
    for index, entry in enumerate(policy.exemptions):
        path = f"{FILE}: exemptions[{index}].rule"
        yield from _known(path, entry.rule, known)
        if entry.rule in known and not known[entry.rule].exemptible:
            rule = "no resource is exempt from this rule"
            yield Offence(path, entry.rule, rule, f"remove the exemption, and {known[entry.rule].remedy}")
    for stack, levels in policy.stacks.items():
        for name in levels.rules:
            yield from _known(f"{FILE}: stacks.{stack}.rules", name, known)
        for one in rules:
            level = levels.of(one.id, one.severity)
            if not one.exemptible and level is not Level.BLOCK:
                rule = f"{one.id} blocks in every stack, and its severity is {one.severity}"
                yield Offence(f"{FILE}: stacks.{stack}", level, rule, "raise its level to block")


def _known(path: str, name: str, known: dict[str, Rule]) -> Iterator[Offence]:
    if name not in known:
        close = get_close_matches(name, known, n=3, cutoff=0.5)
        remedy = f"did you mean {' or '.join(close)}?" if close else "see docs/policies.md for those that there are"
        yield Offence(path, name, "it names a rule", remedy)
