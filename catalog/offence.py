"""What is wrong with the catalog or a choice made from it: all offences at once, each with its remedy."""

from dataclasses import dataclass
from enum import StrEnum


class Concern(StrEnum):
    """What kind of rule was broken, so that a check can tell money from room from a slip of the pen."""

    INPUT = "input"
    COST = "cost"
    CAPACITY = "capacity"


@dataclass(frozen=True, slots=True, order=True)
class Offence:
    """One broken rule: where it is, what stands there, which rule it breaks and how to mend it."""

    path: str
    """File and field, such as ``catalog/mcp/github.yaml: port``."""
    value: str
    """What stands there, as text; never the value of a secret."""
    rule: str
    """The rule, as a sentence that says what must hold."""
    remedy: str
    """What to do, naming the choices where there are some."""
    concern: Concern = Concern.INPUT
    """What kind of rule it is."""

    def __str__(self) -> str:
        return f"{self.path}: {self.value}: {self.rule}; {self.remedy}"


class CatalogError(ValueError):
    """The catalog, or a stack's choice from it, breaks one or more rules.

    Args:
        offences: every broken rule found, at least one.
    """

    subject = "the catalog"

    def __init__(self, offences: list[Offence]) -> None:
        self.offences = tuple(sorted(set(offences)))
        count = len(self.offences)
        heading = f"{count} offence{'s' if count > 1 else ''} in {self.subject}:"
        super().__init__("\n".join([heading, *(f"  - {offence}" for offence in self.offences)]))
