"""Tables of the platform's databases."""

from dataclasses import dataclass

TITLE = "PostgreSQL"


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """Its name."""
    type: str
    """Its type in SQL."""


_TABLES = {
    "documents": (Column("id", "uuid"), Column("body", "text"), Column("embedding", "vector(768)")),
    "events": (Column("id", "bigint"), Column("at", "timestamptz"), Column("kind", "text")),
}
_ROWS = {"documents": 3, "events": 12}


def list_tables() -> list[str]:
    """List the tables of the database."""
    return [*_TABLES]


def describe_table(table: str) -> list[Column]:
    """Describe the columns of a table."""
    if table not in _TABLES:
        message = f"there is no table {table}"
        raise ValueError(message)
    return [*_TABLES[table]]


def count_rows(table: str) -> int:
    """Count the rows of a table."""
    if table not in _ROWS:
        message = f"there is no table {table}"
        raise ValueError(message)
    return _ROWS[table]


def execute(statement: str) -> int:
    """Execute a statement that changes data, and return how many rows it changed."""
    return 0 if statement else -1


READS = (list_tables, describe_table, count_rows)
WRITES = (execute,)
