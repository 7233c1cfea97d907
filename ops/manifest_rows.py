"""What checking manifests says of one rule and one object."""

from typing import Literal

from ops.row import Row


class PodSecurityCheck(Row):
    """A check of Kubernetes' Pod Security Standards."""

    name: Literal["PSS"] = "PSS"
    """The standard."""
    level: Literal["baseline", "restricted"]
    """Its level."""
    check: str
    """The check, such as ``hostNamespaces``."""


class ManifestRow(Row):
    """What one rule says of one object: a line of the answer."""

    file: str
    """The file, below the folder that was asked about."""
    document: int
    """Place of the document in the file; the first is 0."""
    kind: str
    """Kind of the object: the document's, or an item's where that is a list."""
    name: str
    """Its name; one made of its place where it has none."""
    rule: str
    """The rule, as docs/policies.md lists it."""
    standard: PodSecurityCheck | None
    """The check of the Pod Security Standards that the rule is; null for the others."""
    verdict: Literal["pass", "fail", "unknown", "exempt"]
    """Whether the rule holds; unknown where it could not be evaluated, exempt where somebody answers for it."""
    message: str
    """What is wrong and what to do, a line for each place; empty where the rule holds."""
