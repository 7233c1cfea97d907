"""Secrets by canonical name: what each is, how often it is rotated, and the older names that mean the same."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from catalog.model import DnsLabel, EnvName, Model


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
    ENCRYPTION_KEY = "encryption-key"
    """Opens what was encrypted under it for as long as that is kept; a new one is first made to open the same."""
    IDENTIFIER = "identifier"
    """The account that another secret belongs to; kept with it, never rotated."""


class Rotation(StrEnum):
    """How a secret gets another value."""

    OVERLAPPING = "overlapping"
    """Who takes it takes several, parted by blanks, and uses the first: the next is taken before anybody uses it."""
    DRAWN = "drawn"
    """The platform makes it, and `up` brings it to the service and to all that use it."""
    BY_HAND = "by-hand"
    """It is made elsewhere, by a person."""


REQUEST_STATE_KEY = "MCP_REQUEST_STATE_KEY"
"""What all replicas of a server seal the state with that clients carry, at least 32 bytes (MCP 2026-07-28)."""

CI_KEY = "ACCESS_CI_PRIVATE_KEY"  # pragma: allowlist secret - a name
"""The private key of continuous integration, as a peer of the hosts."""
JOIN_TOKENS = ("K3S_TOKEN", "K3S_AGENT_TOKEN")
"""What servers and agents join a cluster with."""
POSTGRESQL_SECRETS = {
    "PGPASSWORD": "POSTGRES_ADMIN_PASSWORD",  # pragma: allowlist secret - names
    "SOPHIA_PASSWORD": "POSTGRES_PASSWORD",  # pragma: allowlist secret
    "SOPHIA_READER_PASSWORD": "POSTGRES_READER_PASSWORD",  # pragma: allowlist secret
    "SOPHIA_BACKUP_PASSWORD": "POSTGRES_BACKUP_PASSWORD",  # pragma: allowlist secret
    "SOPHIA_EXPORTER_PASSWORD": "POSTGRES_EXPORTER_PASSWORD",  # pragma: allowlist secret
}
"""What PostgreSQL's roles are made with, by the variable that its Job gets each in."""

PULL_SECRETS = ("DOCKERHUB_USERNAME", "DOCKER_TOKEN")
"""The account that pulls images, and its token."""

SHARED_ENVIRONMENT = "base"
"""The environment of Pulumi ESC that all stacks import."""
SECRETS_SUFFIX = "-secrets"
"""What the name of a stack's environment of secrets ends with; the stack's own has the stack's name."""
SECRET_FUNCTION = "fn::secret"  # noqa: S105 - a function's name  # pragma: allowlist secret
"""What makes a value secret in a definition."""

FINGERPRINT_KEY = "FINGERPRINT_KEY"
"""Under it secrets are fingerprinted wherever a change of them must be seen; drawn once for each stack."""

PROVIDER_VARIABLES = {
    "HOST_SSH_PRIVATE_KEY": "LAMBDA_SSH_PRIVATE_KEY",
    "LAMBDA_CLOUD_API_KEY": "LAMBDA_CLOUD_API_KEY",  # pragma: allowlist secret - a name
    "SLACK_WEBHOOK_URL": "SLACK_WEBHOOK_URL",
    "VERCEL_API_TOKEN": "VERCEL_API_TOKEN",
    "WEAVIATE_API_KEY": "WEAVIATE_ADMIN_API_KEY",  # pragma: allowlist secret - a name
    "WEAVIATE_URL": "WEAVIATE_URL",
}
"""What providers, and `./sophia drift`, are told by their environment alone, each with the name in Pulumi ESC."""


class Secret(Model):
    """One secret; its value lives in Pulumi ESC."""

    group: SecretGroup
    """The part of the ESC environment that holds it."""
    kind: SecretKind
    """What it is, which decides its rotation."""
    rotation: Rotation = Rotation.BY_HAND
    """How it gets another value."""
    for_providers: bool = False
    """Whether it is read from the environment alone, by providers or by a verb, and the program never does."""
    stacks: tuple[DnsLabel, ...] = ()
    """The stacks that have it; all where none is named."""
    aliases: tuple[EnvName, ...] = ()
    """Older names for the same secret; never used by a workload."""
    description: Annotated[str, Field(max_length=100)]
    """What it opens, in one line."""

    def given_to(self, stack: str) -> bool:
        """Return whether a stack has it.

        Args:
            stack: the stack's name.
        """
        return not self.stacks or stack in self.stacks


class SecretsFile(Model):
    """The file ``catalog/secrets.yaml``."""

    rotation_days: Mapping[SecretKind, Annotated[int, Field(ge=1)]]
    """Days between rotations by kind; a kind that is absent is not rotated by schedule."""
    secrets: Mapping[EnvName, Secret]
    """Secrets by canonical name."""
