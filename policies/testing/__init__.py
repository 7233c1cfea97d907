"""Testing policies as the engine runs them, and the fixtures that every rule has."""

from policies.testing.analyzer import UNKNOWN, Analyzer, Answer, Pack, Said, Secret
from policies.testing.cases import KINDS, Case, Given, cases
from policies.testing.forms import exported, is_plain, manifests, rendered

__all__ = [
    "KINDS",
    "UNKNOWN",
    "Analyzer",
    "Answer",
    "Case",
    "Given",
    "Pack",
    "Said",
    "Secret",
    "cases",
    "exported",
    "is_plain",
    "manifests",
    "rendered",
]
