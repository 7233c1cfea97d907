"""``lock prices``: the price book of this year, as Lambda Cloud's API tells prices now."""

import shutil
from collections.abc import Iterable, Mapping
from datetime import date
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from catalog import Catalog
from ops.results import LockResult
from providers.lambda_cloud.answers import Offer

SOURCE = "Lambda Cloud's API, GET /api/v1/instance-types, price_cents_per_hour"
"""Where its prices were read."""


def lock_prices(prices: Path, facts: Catalog, offers: Mapping[str, Offer], today: date) -> LockResult:
    """Write the prices that the API tells into the book of this year, and return which have changed.

    What the API does not tell stays as it is: prices of seats and file systems, and of types that it does not offer.
    Those of our machines among the latter are errors, because nobody knows any more what such a machine costs.

    Args:
        prices: the folder of the books; the comments of a book stay.
        facts: the catalog.
        offers: what the API offers, by type.
        today: the day, in UTC.
    """
    newest = facts.limits.default_price_book
    path = prices / f"{today.year}.yaml"
    if not path.exists():
        shutil.copyfile(prices / f"{newest}.yaml", path)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    book = yaml.load(path.read_text(encoding="utf-8"))
    told = {name: offer.instance_type.price_cents_per_hour for name, offer in offers.items()}
    known = {name: cents for name, cents in told.items() if name in facts.instance_types}
    before = dict(book["hourly_cents"])
    changed = {name: cents for name, cents in known.items() if before.get(name) != cents}
    book["hourly_cents"].update(changed)
    book["as_of"], book["source"] = today, SOURCE
    written = StringIO()
    yaml.dump(book, written)
    path.write_text(written.getvalue(), encoding="utf-8")
    return LockResult(
        stack="",
        filled={name: f"{before.get(name, 'no price')} -> {cents}" for name, cents in sorted(changed.items())},
        errors=tuple(_lost(facts, told)),
        warnings=(*_strange(told, facts), *_gone(before, told, facts), *_unchosen(path.stem, newest)),
    )


def _lost(facts: Catalog, told: Mapping[str, int]) -> Iterable[str]:
    for name, machine in facts.machines.items():
        if machine.instance_type not in told:
            yield (
                f"{name}: the API offers no {machine.instance_type} any more, so that its price is the last one known; "
                "ask Lambda what it costs, or choose another type in catalog/machines.yaml"
            )


def _strange(told: Mapping[str, int], facts: Catalog) -> Iterable[str]:
    for name in sorted(told.keys() - facts.instance_types.keys()):
        yield f"{name}: offered at {told[name]} cents, and not in catalog/instance_types.yaml; add it there to price it"


def _gone(before: Mapping[str, int], told: Mapping[str, int], facts: Catalog) -> Iterable[str]:
    used = {machine.instance_type for machine in facts.machines.values()}
    for name in sorted(before.keys() - told.keys() - used):
        yield f"{name}: not offered any more; the last price that was known stays"


def _unchosen(written: str, chosen: str) -> Iterable[str]:
    if written != chosen:
        yield (
            f'catalog/prices/{written}.yaml is new; choose it by default_price_book: "{written}" in '
            "catalog/limits.yaml and by price_book in the stack files"
        )
