"""Prices of machines."""

import pytest

from catalog import Catalog
from catalog.cost import hourly_cents, monthly_cents, unpriced, usd

SPECIFIED = (
    "sophia-ai-core",
    "sophia-mcp-orchestrator",
    "sophia-data-pipeline",
    "sophia-production-instance",
    "sophia-development",
)


@pytest.mark.parametrize(("book", "hourly", "monthly"), [("2026", 735, 536_550), ("2025", 483, 352_590)])
def test_the_five_machines_cost_what_the_specification_says(
    committed: Catalog, book: str, hourly: int, monthly: int
) -> None:
    machines = [committed.machines[name] for name in SPECIFIED]
    cents = hourly_cents(machines, committed.price_books[book])
    assert (cents, monthly_cents(cents, committed.limits.hours_per_month)) == (hourly, monthly)


def test_an_unknown_price_is_an_error_and_not_nothing(committed: Catalog) -> None:
    machine = committed.machines["sophia-ai-core"].model_copy(update={"instance_type": "gpu_1x_b200_sxm6"})
    with pytest.raises(KeyError, match="gpu_1x_b200_sxm6"):
        hourly_cents([machine], committed.price_books["2025"])
    assert unpriced([machine], committed.price_books["2025"]) == ["gpu_1x_b200_sxm6"]


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (5, "0.05"), (735, "7.35"), (536_550, "5,365.50")])
def test_cents_are_shown_as_dollars(cents: int, text: str) -> None:
    assert usd(cents) == text
