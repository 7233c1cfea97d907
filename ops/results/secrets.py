"""Answers about secrets: names, ages and places, never a value."""

from collections.abc import Mapping

from ops.results.result import Result
from ops.secret_rows import AuditRow, FoundRow, PushedRow, RotationRow


class SecretsPushResult(Result):
    """What became of each secret of a stack, or would."""

    secrets: tuple[PushedRow, ...] = ()
    """The secrets, in the order of the definition."""


class SecretsAuditResult(Result):
    """What is known of each secret of a stack."""

    secrets: tuple[AuditRow, ...] = ()
    """The secrets, in the order of the definition."""


class SecretsRotateResult(Result):
    """Secrets that have another value, and what a person has to do."""

    secrets: tuple[RotationRow, ...] = ()
    """The secrets, in the order in which they were rotated."""


class SecretsDoctorResult(Result):
    """Whether a stack's environment opens and gives what is needed."""

    place: str = ""
    """Organisation, project and name of the environment."""
    given: int = 0
    """Keys of the configuration that it gives."""


class SecretsSearchResult(Result):
    """Where a stack's secrets stand unencrypted; those where they may not are its errors."""

    secrets: int = 0
    """How many values were looked for."""
    forms: tuple[str, ...] = ()
    """In which forms."""
    places: Mapping[str, int] = {}
    """How many places of each kind were looked at."""
    megabytes: int = 0
    """How much stands there."""
    found: tuple[FoundRow, ...] = ()
    """What stands where anyone may read it."""
    held: tuple[FoundRow, ...] = ()
    """What stands in places that are made to hold secrets."""
