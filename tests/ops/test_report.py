"""The state of a stack on one page, and what of it cannot be told."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

import catalog
from ops import report as reporting
from ops.deployment import Target
from ops.drift_record import keep_answer, kept_answer, record_file
from ops.drift_rows import Deviation
from ops.exit_code import ExitCode
from ops.report import deployment, report, runbooks, versions
from ops.report_page import manual, page
from ops.report_rows import PlaceRow
from ops.results import DriftedResource, DriftResult
from ops.secret_rows import AuditRow
from rehearsal.toolchain import progress_for
from render import ROOT
from tests.renders import once

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
UPDATE = {
    "version": 3,
    "kind": "update",
    "startTime": "2026-11-30T11:00:05.000Z",
    "message": "Say <b>what</b> is new\n\nand why",
    "environment": {"git.head": "a" * 40, "git.dirty": "true", "git.author": "Ada"},
    "result": "failed",
    "endTime": "2026-11-30T11:01:35.000Z",
    "resourceChanges": {"same": 400, "update": 2, "create": 1},
}
"""As pulumi 3.259.0 prints it, cut to what is read."""


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No rehearsal is up; each stack is rendered once."""
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(reporting, "render", once)


@pytest.fixture
def prod():
    return report("prod", Target.REHEARSAL, progress_for(), NOW)


def test_without_a_rehearsal_all_that_is_declared_is_told_and_the_rest_says_what_to_do(prod):
    assert {*prod.untold} == {"what runs", "drift", "secrets", "deployments"}
    assert "run `./sophia up prod`" in prod.untold["what runs"]
    assert prod.untold["drift"] == "nobody has looked yet: ./sophia drift prod"
    facts = catalog.load().machines
    shown = {machine.name: region.region for region in prod.regions for machine in region.machines}
    assert shown == {name: machine.region for name, machine in facts.items() if machine.owner == "prod"}
    assert prod.cost is not None
    assert prod.cost.monthly_usd == "4443.80"
    places = [place for region in prod.regions for machine in region.machines for place in machine.runs]
    assert prod.capacity is not None
    assert sum(place.pods for place in places) == prod.capacity.pods
    assert {place.ready for place in places} == {None}, "nobody was asked"
    assert not prod.live


def test_the_page_needs_nothing_from_elsewhere_and_every_link_in_it_leads_somewhere(prod):
    text = page(prod)
    assert len(text.encode()) < 1_000_000
    assert not re.findall(r"<script|(?:src|href)=\"(?!#)", text)
    assert {*re.findall(r'href="#([^"]+)"', text)} <= {*re.findall(r'id="([^"]+)"', text)}
    assert all(machine.name in text for region in prod.regions for machine in region.machines)
    assert "nobody has looked yet" in text
    assert "Below stands what is planned." in text


def test_every_runbook_is_in_the_page_whole():
    known = {row.file for row in runbooks()}
    assert known == {file.stem for file in (ROOT / "docs/runbooks").glob("*.md")}
    locked_out = manual("locked-out", known)
    assert "<h3>1. Who is locked out?</h3>" in locked_out
    assert "./sophia access peers dev" in locked_out
    assert '<a href="#runbook-host-key-changed">' in locked_out
    assert "<a" not in manual("switch-the-front-end", known), "a link out of the page is text"


def test_what_comes_from_outside_is_shown_and_does_nothing(prod):
    deviation = Deviation(path="spec", expected="<script>1</script>", actual="<img src=x>", drift_class="security")
    changed = DriftedResource(
        component="c", kind="Service", name="<b>", op="update", urn="u", deviations=(deviation,), first_seen=NOW
    )
    looked = DriftResult(stack="prod", status="drifted", changes=(changed,), started=NOW - timedelta(hours=3))
    text = page(prod.model_copy(update={"drift": looked, "deployments": (deployment(UPDATE),)}))
    assert "&lt;script&gt;1&lt;/script&gt;" in text
    assert "&lt;b&gt;" in text
    assert "Say &lt;b&gt;what&lt;/b&gt; is new" in text
    assert "<script" not in text
    assert "before the last deployment" in text
    assert "3 h ago" in text


def test_an_update_is_told_with_its_commit_and_what_it_changed():
    told = deployment(UPDATE)
    assert (told.commit, told.seconds, told.changes) == ("a" * 12 + "-dirty", 90, {"create": 1, "update": 2})
    assert told.message == "Say <b>what</b> is new"
    running = deployment({**UPDATE, "endTime": None, "environment": {}, "resourceChanges": None})
    assert (running.seconds, running.commit, running.changes) == (None, "", {})


def test_every_version_is_told_with_when_it_was_pinned():
    rows = {row.name: row for row in versions(datetime.now(UTC))}
    assert {name: row.version for name, row in rows.items()} == {
        name: str(version) for name, version in catalog.load().versions.model_dump().items()
    }
    # A line that is edited, or without its history, has no age; none here is older than the file.
    assert all(row.since is None or row.since.year >= 2025 for row in rows.values())


def test_what_is_wrong_stands_in_the_summary(prod):
    secrets = (
        AuditRow(name="A", group="g", due=date(2026, 12, 5)),
        AuditRow(name="B", group="g", findings=("it has no value",)),
    )
    machines = prod.regions[0].machines
    down = machines[0].model_copy(update={"ready": False})
    slow = machines[0].model_copy(update={"ready": True, "runs": (PlaceRow(workload="w", pods=3, ready=1),)})
    text = page(
        prod.model_copy(
            update={
                "live": True,
                "regions": (prod.regions[0].model_copy(update={"machines": (down,)}),),
                "secrets": secrets,
            }
        )
    )
    assert f"not ready: {down.name}" in text
    assert "2 kept; to look at: 1; due within 14 days: 1" in text
    text = page(
        prod.model_copy(update={"live": True, "regions": (prod.regions[0].model_copy(update={"machines": (slow,)}),)})
    )
    assert "1 ready; pods that are not: 2" in text
    assert "1 of 3 ready" in text


def test_the_last_look_for_drift_is_kept_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path))
    file = record_file("dev", Target.REHEARSAL)
    assert kept_answer(file) is None
    keep_answer(file, DriftResult(stack="dev"))
    assert kept_answer(file) is None, "no folder is made for it"
    file.parent.mkdir(parents=True)
    keep_answer(file, DriftResult(stack="dev", started=NOW))
    assert kept_answer(file) == DriftResult(stack="dev", started=NOW)
    (answer,) = file.parent.iterdir()
    answer.write_text("{", encoding="utf-8")
    assert kept_answer(file) is None


def test_the_verb_names_the_page_and_answers_by_its_schema(sophia, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sophia("report", "dev").out == f"Report of dev: {tmp_path / 'dev-report.html'}\n"
    written = tmp_path / "new/page.html"
    left = sophia("report", "dev", "--html", str(written), "--json")
    schema = json.loads((ROOT / "docs/schema/report.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(left.out))
    assert set(json.loads(left.out)) == set(schema["properties"]), "so that a reader need not guess"
    assert Path(json.loads(left.out)["file"]) == written
    assert written.stat().st_mode & 0o777 == 0o600
    assert sophia("report", "nosuch").code == ExitCode.BAD_INPUT
    refused = sophia("report", "dev", "--html", f"{written}/more.html")
    assert (refused.code, "more.html: it cannot be written" in refused.err) == (ExitCode.BAD_INPUT, True)
