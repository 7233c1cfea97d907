"""`lock prices` writes what Lambda Cloud's API tells, and invents nothing."""

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

import catalog
from ops.exit_code import ExitCode
from ops.lock_prices import SOURCE, lock_prices
from providers.lambda_cloud.answers import InstanceType, Offer

TODAY = date(2026, 12, 24)


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    return Path(shutil.copytree(catalog.ROOT / "prices", tmp_path / "prices"))


def offers(**changed: int | None) -> dict[str, Offer]:
    """Return what the API offers: the book of 2026, but for what has changed; None is not offered."""
    told = {**catalog.load().price_books["2026"].hourly_cents, **changed}
    return {
        name: Offer(instance_type=InstanceType(name=name, price_cents_per_hour=cents))
        for name, cents in told.items()
        if cents is not None
    }


def test_what_has_changed_is_written_with_its_day_and_source(prices):
    before = (prices / "2026.yaml").read_text(encoding="utf-8")
    result = lock_prices(prices, catalog.load(), offers(gpu_1x_a10=139), TODAY)
    text = (prices / "2026.yaml").read_text(encoding="utf-8")
    book = yaml.safe_load(text)
    assert (result.filled, result.errors, result.warnings) == ({"gpu_1x_a10": "129 -> 139"}, (), ())
    assert (book["as_of"], book["source"]) == (TODAY, SOURCE)
    assert book["hourly_cents"]["gpu_1x_a10"] == 139
    assert {line for line in before.splitlines() if line.startswith("#")} <= {*text.splitlines()}, "comments stay"
    assert book["seat_cents"] == {"vercel": 2000}, "what the API does not tell stays"


def test_a_type_of_ours_that_is_offered_no_more_is_an_error_and_keeps_its_price(prices):
    result = lock_prices(prices, catalog.load(), offers(gpu_1x_rtx6000=None, gpu_8x_v100=None), TODAY)
    (error,) = result.errors
    assert error.startswith("sophia-production-instance: the API offers no gpu_1x_rtx6000 any more")
    assert result.warnings == ("gpu_8x_v100: not offered any more; the last price that was known stays",)
    assert yaml.safe_load((prices / "2026.yaml").read_text("utf-8"))["hourly_cents"]["gpu_1x_rtx6000"] == 69


def test_a_type_that_the_catalog_does_not_know_is_told_and_not_priced(prices):
    result = lock_prices(prices, catalog.load(), offers(gpu_1x_new=7), TODAY)
    assert result.warnings == (
        "gpu_1x_new: offered at 7 cents, and not in catalog/instance_types.yaml; add it there to price it",
    )
    assert "gpu_1x_new" not in (prices / "2026.yaml").read_text("utf-8")


def test_another_year_gets_a_book_of_its_own(prices):
    before = (prices / "2026.yaml").read_text(encoding="utf-8")
    result = lock_prices(prices, catalog.load(), offers(gpu_1x_a10=139), date(2027, 1, 2))
    assert (prices / "2026.yaml").read_text(encoding="utf-8") == before
    assert yaml.safe_load((prices / "2027.yaml").read_text("utf-8"))["hourly_cents"]["gpu_1x_a10"] == 139
    assert "choose it by default_price_book" in result.warnings[0]


def test_the_verb_asks_the_account_and_never_a_rehearsal(sophia, monkeypatch, prices):
    monkeypatch.setattr(catalog, "ROOT", prices.parent)
    monkeypatch.setattr("ops.cli.holdings", lambda _: ((), offers()))
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    monkeypatch.setenv("LAMBDA_CLOUD_API_URL", "http://127.0.0.1:1")
    left = sophia("lock", "prices")
    assert left.code == ExitCode.FAILED
    assert "point this shell at a rehearsal" in left.err
    monkeypatch.delenv("LAMBDA_CLOUD_API_URL")
    left = sophia("lock", "prices")
    assert (left.code, left.out) == (ExitCode.OK, "Entries written: 0\n")
