"""What a stack costs, what changes that, and what would make it cheaper."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal

import jsonschema
import pytest

import catalog
from catalog import CatalogError
from ops import cost as money
from ops import infracost, opencost
from ops.cost import Before, cost, told
from ops.cost_chart import page
from ops.deployment import Target
from ops.exit_code import ExitCode
from render import ROOT
from tests.ops.conftest import Clock
from tests.renders import once

SCHEMAS = ROOT / "docs/schema"
TODAY = date(2026, 11, 30)
PROD = {
    "sophia-ai-core": "gpu_1x_gh200",
    "sophia-mcp-orchestrator": "gpu_1x_a6000",
    "sophia-data-pipeline": "gpu_1x_a100",
    "sophia-production-instance": "gpu_1x_rtx6000",
}
UNCHANGED = Before(against="here", types=PROD)


@pytest.fixture(autouse=True)
def nothing_deployed(monkeypatch):
    """Compares with the same machines: what this computer has deployed or committed is no part of a claim.

    Each stack is rendered once.
    """
    monkeypatch.setattr(money, "before", lambda *_: UNCHANGED)
    monkeypatch.setattr(money, "render", once)


@pytest.fixture(scope="module")
def prod():
    return told(once("prod"), catalog.load(), TODAY, UNCHANGED)


def schema(name: str) -> jsonschema.Draft202012Validator:
    document = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(
    ("book", "hourly", "months", "total", "year"),
    [
        # 730 h a month: 2.29, 1.09, 1.99 and 0.69 USD an hour are 6.06, and a seat of 20 USD.
        ("2026", "6.06", ("1671.70", "795.70", "1452.70", "503.70", "20.00"), "4443.80", "53325.60"),
        # The same by the prices of July 2025: 1.49, 0.80, 1.29 and 0.50 USD an hour are 4.08.
        ("2025", "4.08", ("1087.70", "584.00", "941.70", "365.00", "20.00"), "2998.40", "35980.80"),
    ],
)
def test_prod_costs_what_was_worked_out_by_hand(book, hourly, months, total, year):
    result = cost("prod", today=TODAY, price_book=book)
    assert tuple(row.monthly_usd for row in result.items) == months
    assert (result.hourly_usd, result.monthly_usd, result.yearly_usd) == (hourly, total, year)
    assert result.expected_monthly_usd == total
    assert sum(Decimal(month) for month in months) == Decimal(total)


def test_dev_is_billed_for_the_hours_in_which_it_is_awake():
    result = cost("dev", today=TODAY)
    # 60 of 168 hours of 941.70 USD are 336.3214...
    assert (result.monthly_usd, result.expected_monthly_usd) == ("941.70", "336.32")
    (week,) = result.week_usd.values()
    awake = [hour for hour, usd in enumerate(week) if usd != "0.0000"]
    assert awake == [24 * day + hour for day in range(5) for hour in range(7, 19)]
    assert {week[hour] for hour in awake} == {"1.2900"}


def test_staging_is_billed_for_the_hours_of_its_releases():
    result = cost("staging", today=TODAY)
    # 40 hours a month of 1.29, 0.20 and 0.20 USD.
    assert (result.monthly_usd, result.expected_monthly_usd) == ("1233.70", "67.60")
    assert len({usd for hours in result.week_usd.values() for usd in hours}) == 2, "an average, of two kinds of machine"


def test_it_is_held_against_its_budget(prod):
    assert prod.budget.model_dump() == {
        "warn_usd": "4450.00",
        "block_usd": "4700.00",
        "used_percent": 94,
        "standing": "within",
    }


def test_a_target_tells_by_how_much_it_is_exceeded_and_the_fewest_changes_that_reach_it(prod):
    first, second = prod.targets
    assert (first.target_usd, first.over_usd) == ("3600.00", "843.80")
    assert [[(c.machine, c.becomes, c.saves_usd) for c in way.changes] for way in first.ways] == [
        [("sophia-ai-core", "gpu_1x_a6000", "876.00")],
        [("sophia-data-pipeline", "gpu_1x_rtx6000", "949.00")],
        [("sophia-ai-core", "gpu_1x_rtx6000", "1168.00")],
    ]
    assert first.ways[0].monthly_usd == "3567.80"
    assert (second.target_usd, second.over_usd) == ("2800.00", "1643.80")
    assert {len(way.changes) for way in second.ways} == {2}, "no one change saves as much"
    assert all(Decimal(way.monthly_usd) <= Decimal("2800.00") for way in second.ways)
    # Machines cost 4,423.80 a month; 3,580 and 2,780 of that are left beside the seat.
    assert (first.awake_hours_per_week, second.awake_hours_per_week) == (135.9, 105.5)


def test_by_the_prices_of_2025_the_first_target_is_met():
    first, second = cost("prod", today=TODAY, price_book="2025").targets
    assert (first.over_usd, first.ways, first.awake_hours_per_week) == ("0.00", (), None)
    assert (second.over_usd, second.ways[0].changes[0].saves_usd) == ("198.40", "219.00")


def test_gpus_that_no_pod_asks_for_are_told_with_what_their_machines_cost(prod):
    assert [(row.machine, row.gpu_shares, row.monthly_usd) for row in prod.idle_gpus] == [
        ("sophia-ai-core", 1, "1671.70"),
        ("sophia-data-pipeline", 1, "1452.70"),
        ("sophia-production-instance", 2, "503.70"),
    ]


def test_a_cheaper_type_still_fits_all_pods_and_says_what_the_sums_do_not(prod):
    savings = {(row.machine, row.becomes): (row.saves_usd, row.caveat) for row in prod.cheaper}
    assert savings["sophia-ai-core", "cpu_4x_general"] == ("1525.70", "")
    assert savings["sophia-data-pipeline", "cpu_4x_general"][1].startswith("pods keep data there")
    assert savings["sophia-mcp-orchestrator", "gpu_1x_rtx6000"] == ("292.00", "its GPU has 24 GiB in place of 48")
    assert ("sophia-production-instance", None) in savings, "nothing requires it"
    assert ("sophia-data-pipeline", None) not in savings, "the data services have no other node"
    assert ("sophia-ai-core", None) not in savings, "the control plane is there"


def test_a_difference_is_told_by_the_same_prices():
    before = Before(against="then", types={"sophia-ai-core": "gpu_1x_a6000", "gone": "gpu_1x_a10"})
    result = told(once("prod"), catalog.load(), TODAY, before)
    assert result.delta is not None
    # 795.70 and 941.70 and the seat.
    assert (result.delta.before_usd, result.delta.difference_usd) == ("1757.40", "2686.40")
    assert [row.name for row in result.delta.removed] == ["gone"]
    assert [row.before_usd for row in result.items] == ["795.70", None, None, None, "20.00"]


@pytest.mark.parametrize(
    ("before", "standing", "said"),
    [
        ({"sophia-ai-core": "gpu_1x_gh200"}, "within", ""),
        # Against 4,086.10: 357.70 more are over 100.00, and neither over 600.00 nor over 15 %.
        ({"sophia-production-instance": "cpu_4x_general"}, "warned", "+357.70 USD (+8.8 %)"),
        # Against 3,567.80: 876.00 more are over 600.00.
        ({"sophia-ai-core": "gpu_1x_a6000"}, "blocked", "+876.00 USD (+24.6 %)"),
    ],
)
def test_one_change_may_add_so_much_and_no_more(before, standing, said):
    result = told(once("prod"), catalog.load(), TODAY, Before(against="then", types={**PROD, **before}))
    assert result.delta is not None
    assert result.delta.standing == standing
    told_of = "\n".join(result.errors if standing == "blocked" else result.warnings)
    assert said in told_of
    assert bool(result.errors) == (standing == "blocked")


def test_a_change_that_adds_too_much_leaves_with_4_and_shows_the_table(sophia, monkeypatch):
    monkeypatch.setattr("ops.cost_app.datetime", Clock)
    monkeypatch.setattr(money, "before", lambda *_: Before(against="then", types={"sophia-ai-core": "gpu_1x_a6000"}))
    left = sophia("cost", "prod")
    assert left.code == ExitCode.COST
    assert "Total: $6.06 an hour" in left.out
    assert "catalog/limits.yaml: stacks.prod.rise: +3628.10 USD" in left.err


def test_opencost_is_told_the_price_of_each_machine_and_of_nothing_else(prod):
    assert opencost.rows(prod).splitlines() == [
        "EndTimestamp,InstanceID,Region,AssetClass,InstanceIDField,InstanceType,MarketPriceHourly,Version",
        ",sophia-ai-core,,node,metadata.name,gpu_1x_gh200,2.29,2026",
        ",sophia-mcp-orchestrator,,node,metadata.name,gpu_1x_a6000,1.09,2026",
        ",sophia-data-pipeline,,node,metadata.name,gpu_1x_a100,1.99,2026",
        ",sophia-production-instance,,node,metadata.name,gpu_1x_rtx6000,0.69,2026",
    ]
    unknown = prod.items[0].model_copy(update={"price_usd": None, "monthly_usd": None, "expected_usd": None})
    assert "ai-core" not in opencost.rows(prod.model_copy(update={"items": (unknown, *prod.items[1:])}))


def test_what_is_deployed_is_what_its_machines_were_launched_as(monkeypatch):
    monkeypatch.undo()
    state = [
        {"type": "pulumi:pulumi:Stack", "urn": "urn:pulumi:prod::sophia::pulumi:pulumi:Stack::sophia-prod"},
        {
            "type": "lambda-cloud:index:Instance",
            "urn": "urn:pulumi:staging::sophia::lambda-cloud:index:Instance::staging-agent-1-instance",
            "inputs": {"name": "staging-agent-1", "candidates": [{"instanceType": "cpu_4x_general"}]},
            "outputs": {"instanceType": "cpu_4x_generalx"},
        },
    ]
    monkeypatch.setattr(money, "deployed", lambda *_: state)
    found = money.before("staging", "", Target.REHEARSAL)
    assert found == Before(against="what is deployed of staging", types={"staging-agent-1": "cpu_4x_generalx"})
    monkeypatch.setattr(money, "deployed", lambda *_: ())
    assert money.before("staging", "state", Target.REHEARSAL) is None
    monkeypatch.setattr(money, "render_commit", lambda stack, _: once(stack))
    found = money.before("staging", "", Target.REHEARSAL)
    assert found is not None
    assert (found.against, found.types["staging-server"]) == ("HEAD", "gpu_1x_a10")


def test_a_type_that_nobody_prices_is_in_no_sum_of_what_was():
    before = Before(against="then", types={"old": "gpu_1x_none"})
    result = told(once("dev"), catalog.load(), TODAY, before)
    assert result.delta is not None
    (gone,) = result.delta.removed
    assert (gone.monthly_usd, gone.price_usd) == (None, None)


def test_stale_prices_are_refused_with_what_to_do():
    with pytest.raises(CatalogError) as error:
        cost("prod", today=date(2026, 12, 20))
    (offence,) = error.value.offences
    assert str(offence) == (
        "catalog/prices/2026.yaml: as_of: 2026-09-20: prices are at most 90 days old (catalog/limits.yaml), "
        "and these are 91; run `./sophia lock prices`, and commit the result"
    )
    assert cost("prod", today=date(2026, 12, 20), price_book="2025").book.name == "2025", "asked for by name"


def test_the_verb_answers_by_its_schema_and_writes_what_was_asked_for(sophia, tmp_path, monkeypatch):
    monkeypatch.setattr("ops.cost_app.datetime", Clock)
    document, shown = tmp_path / "new/cost.json", tmp_path / "new/cost.html"
    left = sophia("cost", "prod", "--json", "--infracost", str(document), "--html", str(shown))
    assert left.code == ExitCode.OK
    schema("cost").validate(json.loads(left.out))
    members = json.loads((SCHEMAS / "cost.json").read_text(encoding="utf-8"))["properties"]
    assert set(json.loads(left.out)) == set(members), "so that a reader need not guess"
    written = json.loads(document.read_text(encoding="utf-8"))
    schema("infracost").validate(written)
    assert written["totalMonthlyCost"] == "4443.80"
    assert shown.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_people_see_a_table_and_what_would_reach_the_targets(sophia, monkeypatch):
    monkeypatch.setattr("ops.cost_app.datetime", Clock)
    left = sophia("cost", "prod")
    assert "Total: $6.06 an hour, $4443.80 a month" in left.out
    assert "Against here: $4443.80 a month before, so +0.00 USD (+0.0 %)" in left.out
    assert "sophia-ai-core as gpu_1x_a6000: $3567.80 a month" in left.out


def test_infracost_reads_an_unknown_price_as_not_found_and_never_as_nothing(prod):
    unknown = prod.items[0].model_copy(update={"price_usd": None, "monthly_usd": None, "expected_usd": None})
    result = prod.model_copy(update={"items": (unknown, *prod.items[1:])})
    document = infracost.document(result, infracost.commit(ROOT), 730, datetime(2026, 11, 30, tzinfo=UTC))
    first = document.projects[0].breakdown.resources[0]
    assert (first.monthly_cost, first.cost_components[0].price_not_found) == (None, True)
    assert document.summary.no_price_resource_counts == {"lambda-cloud:index:Instance": 1}
    assert document.total_monthly_cost == "2772.10", "the rest"


def test_a_page_needs_nothing_from_elsewhere(prod):
    text = page(prod)
    assert text.count("<svg") == 2
    assert not re.findall(r'(?:src|href)="?https?://', text)
    assert all(name in text for name in PROD)


def test_a_stack_over_its_budget_leaves_with_4(sophia, monkeypatch):
    left = sophia("cost", "nosuch")
    assert left.code == ExitCode.BAD_INPUT

    def blocked(*_: object, **__: object):
        rule = "prod costs less than 4,700.00 USD a month"
        path = "Pulumi.prod.yaml: sophia:machines"
        raise CatalogError([catalog.Offence(path, "4,900.00 USD", rule, "choose fewer", catalog.Concern.COST)])

    monkeypatch.setattr(money, "render", blocked)
    assert sophia("cost", "prod").code == ExitCode.COST
