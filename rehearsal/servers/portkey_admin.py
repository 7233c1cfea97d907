"""Routes and budgets of a gateway of language models."""

from dataclasses import dataclass

TITLE = "Portkey administration"


@dataclass(frozen=True)
class Budget:
    """What one team may spend."""

    team: str
    """The team."""
    limit_usd: int
    """What it may spend in a month, in dollars."""
    spent_usd: int
    """What it has spent, in dollars."""


_BUDGETS = (Budget("core_team", 400, 120), Budget("sales_team", 100, 35))


def list_routes() -> list[str]:
    """List the routes of the gateway."""
    return ["chat/default", "chat/fallback", "embeddings/default"]


def list_budgets() -> list[Budget]:
    """List what each team may spend and has spent."""
    return [*_BUDGETS]


def set_budget(team: str, limit_usd: int) -> Budget:
    """Set what a team may spend in a month."""
    spent = next((one.spent_usd for one in _BUDGETS if one.team == team), 0)
    return Budget(team, limit_usd, spent)


READS = (list_routes, list_budgets)
WRITES = (set_budget,)
