"""A database's schema and its migrations."""

from dataclasses import dataclass

TITLE = "Prisma"


@dataclass(frozen=True)
class Migration:
    """One migration."""

    name: str
    """Its name, which begins with its date."""
    applied: bool
    """Whether the database has it."""


_MIGRATIONS = (Migration("20250701_init", applied=True), Migration("20251012_add_events", applied=False))


def list_models() -> list[str]:
    """List the models of the schema."""
    return ["Document", "Event"]


def migration_status() -> list[Migration]:
    """List the migrations, and whether the database has each."""
    return [*_MIGRATIONS]


def apply_migrations() -> list[Migration]:
    """Apply the migrations that the database lacks."""
    return [Migration(one.name, applied=True) for one in _MIGRATIONS if not one.applied]


READS = (list_models, migration_status)
WRITES = (apply_migrations,)
