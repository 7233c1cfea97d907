"""What a stack costs, to the cent."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from catalog import Catalog, CatalogError, load
from catalog.bill import bill, stale
from catalog.cost import decimal_usd, unpriced, usd

Edited = Callable[[Mapping[str, object]], Path]

PROD = ["sophia-ai-core", "sophia-mcp-orchestrator", "sophia-data-pipeline", "sophia-production-instance"]
SPECIFIED = [*PROD, "sophia-development"]


@pytest.mark.parametrize(("book", "hourly", "monthly"), [("2026", 735, 536_550), ("2025", 483, 352_590)])
def test_the_five_machines_cost_what_the_specification_says(
    committed: Catalog, book: str, hourly: int, monthly: int
) -> None:
    machines = {name: committed.machines[name] for name in SPECIFIED}
    found = bill("", machines, committed.price_books[book], book, account=None, sites=None, limits=committed.limits)
    assert (found.hourly_cents, found.monthly_cents) == (hourly, monthly)


@pytest.mark.parametrize(
    ("book", "months", "total"),
    [
        # Worked out by hand, 730 hours a month: 2.29, 1.09, 1.99 and 0.69 USD an hour, and a seat of 20 USD.
        ("2026", (167_170, 79_570, 145_270, 50_370, 2_000), 444_380),
        # The same by the prices of July 2025: 1.49, 0.80, 1.29 and 0.50 USD an hour.
        ("2025", (108_770, 58_400, 94_170, 36_500, 2_000), 299_840),
    ],
)
def test_prod_costs_what_was_worked_out_by_hand(
    committed: Catalog, book: str, months: tuple[int, ...], total: int
) -> None:
    found = committed.stack("prod", machines=PROD, image_lock="rehearsal", price_book=book).bill
    assert tuple(item.monthly_cents for item in found.items) == months
    assert (found.monthly_cents, found.yearly_cents) == (total, 12 * total)
    assert found.expected_cents == total, "nothing of prod is ever away"


def test_an_unknown_price_is_an_error_and_not_nothing(committed: Catalog) -> None:
    machine = committed.machines["sophia-ai-core"].model_copy(update={"instance_type": "gpu_1x_b200_sxm6"})
    book = committed.price_books["2025"]
    found = bill("", {"new": machine}, book, "2025", account=None, sites=None, limits=committed.limits)
    assert [item.name for item in found.unpriced] == ["new"]
    assert unpriced([machine], book) == ["gpu_1x_b200_sxm6"]


_SYSTEM = {"owner": "dev", "region": "us-west-1", "machines": []}


def test_a_file_system_is_billed_by_what_it_holds(edited: Edited) -> None:
    catalog = load(edited({"account.yaml": {"file_systems": {"shared": {**_SYSTEM, "expected_gib": 500}}}}))
    dev = catalog.stack("dev", machines=["sophia-development"])
    assert dev.bill.monthly_cents == 94_170 + 500 * 20
    assert dev.bill.expected_cents == 33_632 + 500 * 20, "a file system is billed while its machine sleeps"
    assert dev.monthly_cents == 94_170, "what machines cost is told by itself"


@pytest.mark.parametrize(
    ("edits", "path"),
    [
        (
            {"account.yaml": {"file_systems": {"shared": _SYSTEM}}},
            "catalog/account.yaml: file_systems.shared.expected_gib",
        ),
        (
            {
                "account.yaml": {"file_systems": {"shared": {**_SYSTEM, "expected_gib": 500}}},
                "prices/2026.yaml": lambda tree: tree.pop("file_system_gib_cents"),
            },
            "catalog/prices/2026.yaml: file_system_gib_cents",
        ),
    ],
)
def test_what_has_no_price_is_refused_and_named(edited: Edited, edits: Mapping[str, object], path: str) -> None:
    catalog = load(edited(edits))
    with pytest.raises(CatalogError) as error:
        catalog.stack("dev", machines=["sophia-development"])
    (offence,) = error.value.offences
    assert (offence.path, offence.value) == (path, "absent")
    assert offence.remedy


def test_a_seat_without_a_price_is_refused(edited: Edited) -> None:
    catalog = load(edited({"prices/2026.yaml": lambda tree: tree.pop("seat_cents")}))
    with pytest.raises(CatalogError) as error:
        catalog.stack("prod", machines=PROD, image_lock="rehearsal")
    assert error.value.offences[0].path.endswith("catalog/prices/2026.yaml: seat_cents.vercel")


@pytest.mark.parametrize(("age", "told"), [(0, None), (90, None), (91, "and these are 91"), (-1, "before today")])
def test_prices_are_good_for_ninety_days(committed: Catalog, age: int, told: str | None) -> None:
    cost = committed.stack("dev", machines=["sophia-development"]).bill
    offence = stale(cost, cost.as_of + timedelta(days=age), committed.limits.max_price_age_days)
    assert (offence is None) is (told is None)
    if offence is not None and told is not None:
        assert offence.path == "catalog/prices/2026.yaml: as_of"
        assert offence.value == str(date(2026, 9, 20))
        assert told in offence.rule


@pytest.mark.parametrize(("cents", "text"), [(0, "0.00"), (5, "0.05"), (735, "7.35"), (536_550, "5,365.50")])
def test_cents_are_shown_as_dollars(cents: int, text: str) -> None:
    assert usd(cents) == text
    assert decimal_usd(cents) == text.replace(",", "")
