"""What the rules say of a stack: each rule and its resources, each finding, each exemption."""

from datetime import date

from ops.row import Row


class RuleRow(Row):
    """One rule, and what it says of the stack."""

    id: str
    """Its name."""
    title: str
    """What holds where it holds."""
    why: str
    """What goes wrong where it does not."""
    remedy: str
    """What to do then."""
    severity: str
    """How bad it is where it does not."""
    level: str
    """What a violation does in the stack: ``block``, ``warn``, or ``skip`` of a rule that is not asked."""
    standards: tuple[str, ...]
    """The requirements that it answers."""
    page: str
    """Where it is explained."""
    passes: tuple[str, ...] = ()
    """URNs of the resources for which it holds; none of a rule about the stack as a whole, or of the engine's."""
    violations: int = 0
    """How often it does not hold."""
    unknown: int = 0
    """How often it could not be evaluated, or broke."""
    deferred: int = 0
    """How often only the deployment will know the value; it is judged then, before anything is done with it."""
    exempt: int = 0
    """How often somebody answers for that it does not hold."""


class FindingRow(Row):
    """One thing that was found; no value of a resource is in it."""

    rule: str
    """The rule."""
    verdict: str
    """``violation``, ``unknown``, ``failed`` of a rule that broke, ``deferred``, ``exempt``, or what is wrong with an
    exemption: ``expired exemption``, ``unused exemption``."""
    level: str
    """What it does: ``block``, ``warn`` or ``skip``."""
    severity: str
    """How bad the rule says it is."""
    urn: str
    """The resource; empty where it is about none."""
    name: str
    """Its logical name."""
    path: str
    """The property; empty for the resource as a whole."""
    message: str
    """What is wrong, and what to do."""
    position: str = ""
    """Where the resource is declared, as ``file:line``; empty where that is not known."""
    owner: str = ""
    """Who answers for what is exempt."""
    reason: str = ""
    """Why it is."""
    expires: date | None = None
    """The first day on which it is not any more."""


class ExemptionRow(Row):
    """One exemption of the catalog."""

    rule: str
    """The rule."""
    stack: str
    """The stack where it counts; ``all`` for every one."""
    resource: str
    """The resource's logical name or URN, or a pattern of them."""
    owner: str
    """Who answers for it."""
    reason: str
    """Why it is."""
    expires: date
    """The first day on which it does not count any more."""
    state: str
    """``used``, ``expired``, ``unused``, or ``elsewhere`` of one that is about another stack."""
    used: int = 0
    """How many findings it excuses."""
