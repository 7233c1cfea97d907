"""Secrets by canonical name: what each is, how often it is rotated, and the older names that mean the same."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from catalog.model import EnvName, Model


class SecretGroup(StrEnum):
    """The part of the ESC environment that holds a secret (platform specification 6.1)."""

    INFRASTRUCTURE = "infrastructure"
    DATA = "data"
    AI = "ai"
    BUSINESS = "business"
    COMMUNICATION = "communication"
    DEVELOPMENT = "development"
    MONITORING = "monitoring"


class SecretKind(StrEnum):
    """What a secret is, which decides how often it is rotated (platform specification 6.5)."""

    DATABASE_CREDENTIAL = "database-credential"
    API_KEY = "api-key"  # pragma: allowlist secret
    INFERENCE_KEY = "inference-key"
    CERTIFICATE = "certificate"
    KEY_PAIR = "key-pair"
    """Replaced together with its public half, by hand."""
    JOIN_TOKEN = "join-token"  # noqa: S105 - the name of a kind
    """Replaced while the cluster runs, by its own way, when somebody may have it."""
    SEALING_KEY = "sealing-key"
    """Seals what clients carry from one request to the next: one or several keys, the newest first."""
    IDENTIFIER = "identifier"
    """The account that another secret belongs to; kept with it, never rotated."""


REQUEST_STATE_KEY = "MCP_REQUEST_STATE_KEY"
"""What all replicas of a server seal the state with that clients carry, at least 32 bytes (MCP 2026-07-28)."""

PULL_SECRETS = ("DOCKERHUB_USERNAME", "DOCKER_TOKEN")
"""The account that pulls images, and its token."""


class Secret(Model):
    """One secret; its value lives in Pulumi ESC."""

    group: SecretGroup
    """The part of the ESC environment that holds it."""
    kind: SecretKind
    """What it is, which decides its rotation."""
    aliases: tuple[EnvName, ...] = ()
    """Older names for the same secret; never used by a workload."""
    description: Annotated[str, Field(max_length=100)]
    """What it opens, in one line."""


class SecretsFile(Model):
    """The file ``catalog/secrets.yaml``."""

    rotation_days: Mapping[SecretKind, Annotated[int, Field(ge=1)]]
    """Days between rotations by kind; a kind that is absent is not rotated by schedule."""
    secrets: Mapping[EnvName, Secret]
    """Secrets by canonical name."""
