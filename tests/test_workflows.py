"""Workflows say nothing that a person could not run, and what checks them finds what is wrong."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / ".github/workflows").glob("*.yml"))
VERB = re.compile(r"(make|\./sophia)( [^;&|]+)?")
"""One verb, with its arguments; its answer may go to a file."""


def jobs(file: Path) -> dict[str, dict[str, Any]]:
    """The jobs of a workflow by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"]
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_step_is_a_verb_that_a_person_can_run(file):
    runs = [step["run"] for job in jobs(file).values() for step in job["steps"] if "run" in step]
    assert runs
    assert [run for run in runs if not VERB.fullmatch(run.strip())] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_job_ends_and_may_do_what_it_says(file):
    for name, job in jobs(file).items():
        assert 0 < job["timeout-minutes"] <= 90, name
        assert job["permissions"], name
        assert re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"]), "one that is renewed under the same name is another"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_jobs_bring_what_runners_lack_and_nobody_is_root_there(file):
    for name, job in jobs(file).items():
        actions = {step["uses"].partition("@")[0]: step.get("with", {}) for step in job["steps"] if "uses" in step}
        runs = [step["run"] for step in job["steps"] if "run" in step]
        assert "make setup" not in runs, f"{name}: machines' roots are made by root alone"
        if any("$TARGET" in run for run in runs):
            assert runs[:2] == ["make venv", './sophia setup --target "$TARGET"'], name
            assert actions["actions/setup-go"]["go-version"] == str(catalog.load().versions.go), name


def due(cron: str, moment: datetime) -> bool:
    """Whether a schedule of minutes, hours and days of the week begins a run at a moment, in UTC."""
    minute, hours, _, _, days = cron.split()
    first, last = map(int, days.split("-"))
    return (
        moment.minute == int(minute)
        and str(moment.hour) in hours.split(",")
        and first <= moment.isoweekday() <= last
        and "* *" in cron
    )


def test_each_end_of_devs_hours_has_a_run_within_ten_minutes_in_summer_and_in_winter():
    """Of a whole year: the hours are local ones, and cron knows UTC alone."""
    schedule = catalog.load().account.schedules["dev"]
    crons = [
        one["cron"] for one in yaml.safe_load((ROOT / ".github/workflows/off-hours.yml").read_text())["on"]["schedule"]
    ]
    hours = [datetime(2027, 1, 4, tzinfo=UTC) + timedelta(hours=passed) for passed in range(364 * 24)]
    awake = [schedule.awake(hour) for hour in hours]
    ends = [hour for hour, before, now in zip(hours[1:], awake, awake[1:], strict=False) if now != before]
    assert len(ends) == 52 * 5 * 2
    soon = [timedelta(minutes=minutes) for minutes in range(11)]
    assert [end for end in ends if not any(due(cron, end + later) for cron in crons for later in soon)] == []


def test_updates_of_dependencies_wait_until_a_release_is_known_and_no_lock_is_left_out():
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    assert all(one["cooldown"]["default-days"] >= 7 for one in updates)
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    kinds = {"go.mod": "gomod", "package-lock.json": "npm", "requirements.txt": "pip"}
    locks = {(kinds[path.name], path.parent) for path in map(Path, done.stdout.splitlines()) if path.name in kinds}
    covered = {
        (one["package-ecosystem"], folder.relative_to(ROOT))
        for one in updates
        for pattern in one["directories"]
        for folder in ([ROOT] if pattern == "/" else ROOT.glob(pattern.lstrip("/")))
    }
    assert locks - covered == set()


INJECTED = """\
name: Planted
on: [pull_request]
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - run: echo "${{ github.event.pull_request.title }}"
"""


def test_the_auditor_finds_a_title_that_is_run(tmp_path):
    (tmp_path / "planted.yml").write_text(INJECTED, encoding="utf-8")
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--persona", "auditor", "--no-progress", str(tmp_path / "planted.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 14, done.stderr
    assert "template-injection" in done.stdout


@pytest.mark.engine
def test_the_linter_finds_an_output_that_no_step_has(tmp_path):
    """Needs a tool that set-up brings, as the engine's tests do."""
    (tmp_path / "planted.yml").write_text(INJECTED.replace("github.event.pull_request.title", "steps.none.outputs.x"))
    where = subprocess.run(
        [sys.executable, "-m", "rehearsal.toolchain", "actionlint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    program = where.stdout.strip()
    done = subprocess.run([program, str(tmp_path / "planted.yml")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'property "none" is not defined' in done.stdout
