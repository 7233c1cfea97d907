"""The engine's look: what is left out, who fails under its hands, who hangs, and who else works on the stack."""

import json
import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from rich.console import Console

import catalog
from ops import refresh, view
from ops.drift import drift
from ops.engine import InterruptedRunError, LockedError
from ops.later import later
from ops.listings import APART
from ops.results import DriftResult
from ops.unmanaged import Listing
from render import Graph

CLASSES = catalog.load().drift_classes
TODAY = date(2026, 11, 30)
VERCEL = "urn:pulumi:dev::sophia::vercel:index/project:Project::site"
FILES = "urn:pulumi:dev::sophia::host:index:Files::files"
STATE = (
    {"urn": VERCEL, "type": "vercel:index/project:Project", "id": "prj_1"},
    {"urn": FILES, "type": "host:index:Files", "id": "/"},
)

PROGRAM = """
import json
def say(**event): print(json.dumps(event), flush=True)
def step(urn, kind, op="refresh"):
    state = {"urn": urn, "type": kind, "custom": True, "parent": "", "inputs": {}, "outputs": {}}
    return {"metadata": {"op": op, "urn": urn, "type": kind, "old": state, "new": state}}
VERCEL, FILES = %r, %r
words = sys.argv[1:]
"""


@pytest.fixture
def look(deployment, stand_in, monkeypatch):
    """Looks, with an engine of one's own and providers that were listed so."""

    def run(body: str, *listed: Listing, **options: Any) -> DriftResult:
        monkeypatch.setattr("ops.drift.listings", lambda *words: listed if words[2] is APART else ())
        made = deployment(stand_in(PROGRAM % (VERCEL, FILES) + body))
        made = replace(made, resources=lambda: STATE, cluster=None, classes=CLASSES)
        return drift(made, view.View(Console(quiet=True)), TODAY, **options)

    return run


SOUND = """
for urn, kind in ((VERCEL, "vercel:index/project:Project"), (FILES, "host:index:Files")):
    if urn not in words:
        say(resourcePreEvent=step(urn, kind))
        say(resOutputsEvent=step(urn, kind, "same"))
say(summaryEvent={"result": "succeeded"})
"""
FAILING = """
if VERCEL not in words:
    say(resOutputsEvent=step(FILES, "host:index:Files", "same"))
    say(resOpFailedEvent=step(VERCEL, "vercel:index/project:Project"))
    say(diagnosticEvent={"severity": "error", "message": "status 500", "urn": VERCEL})
    say(summaryEvent={"result": "failed"})
    sys.exit(1)
"""


def test_a_provider_that_does_not_answer_is_left_out_and_the_rest_is_looked_at(look):
    result = look(SOUND, Listing("vercel", trouble="Vercel: status 503", remedy="wait"))
    assert (result.status, result.checked, result.errors) == ("partial", 1, ())
    (one,) = result.silent
    assert (one.provider, one.trouble, one.unchecked, one.remedy) == ("vercel", "Vercel: status 503", ("site",), "wait")
    assert result.repair == "wait"


def test_a_provider_that_fails_while_it_is_read_is_left_out_of_a_second_look(look):
    result = look(FAILING + SOUND)
    assert (result.status, result.checked, result.errors) == ("partial", 1, ())
    assert [(one.provider, one.trouble) for one in result.silent] == [("vercel", "status 500")]


def test_a_provider_that_failed_and_would_not_be_missed_is_still_an_error(look):
    result = look(FAILING.replace("if VERCEL not in words:", "if True:"))
    assert (result.status, bool(result.errors)) == ("error", True)


def test_what_fails_beside_all_providers_is_an_error(look):
    said = 'say(diagnosticEvent={"severity": "error", "message": "the program is broken"})\n'
    result = look(said + FAILING)
    assert result.status == "error"
    assert "the program is broken" in result.errors


def test_a_provider_that_hangs_is_ended_told_and_left_out(look, monkeypatch):
    monkeypatch.setattr(refresh, "SILENCE", 0.5)
    hanging = """
if VERCEL not in words:
    say(resOutputsEvent=step(FILES, "host:index:Files", "same"))
    say(resourcePreEvent=step(VERCEL, "vercel:index/project:Project"))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(1))
    while True:
        time.sleep(0.01)
"""
    result = look(hanging + SOUND)
    assert result.status == "partial"
    (one,) = result.silent
    assert one.provider == "vercel"
    assert "told nothing" in one.trouble
    assert "it was reading site" in one.trouble


def test_a_stack_that_somebody_works_on_is_no_drift_and_no_failure_to_tell(look):
    taken = "[409] Conflict: Another update is currently in progress."
    with pytest.raises(LockedError, match="somebody else works on dev"):
        look(f"sys.stderr.write({taken!r})\nsys.exit(1)")


def test_a_login_that_has_expired_says_what_to_do(look):
    result = look("sys.stderr.write('error: invalid access token')\nsys.exit(3)")
    assert result.status == "error"
    assert "PULUMI_ACCESS_TOKEN that is still valid" in result.errors[0]


MANY = """
for number in range(10):
    urn = f"urn:pulumi:dev::sophia::vercel:index/project:Project::site-{number}"
    say(resOutputsEvent=step(urn, "vercel:index/project:Project", "delete" if number < 8 else "same"))
say(summaryEvent={"result": "succeeded"})
"""


def test_a_mass_deletion_is_an_error_and_no_drift_unless_somebody_believes_it(look):
    result = look(MANY)
    assert result.status == "error"
    assert all("are told as gone" in one for one in result.errors)
    believed = look(MANY, believe_deletions=True)
    assert (believed.status, len(believed.changes), believed.errors) == ("drifted", 8, ())


def test_the_answer_is_json_as_its_schema_says(look):
    assert json.loads(look(SOUND).model_dump_json())["status"] == "in_sync"


def test_an_interrupt_ends_the_engine_and_says_so(deployment, stand_in, monkeypatch):
    waiting = "signal.signal(signal.SIGINT, lambda *_: os._exit(1))\nwhile True:\n    time.sleep(0.01)"
    monkeypatch.setattr("ops.drift.listings", lambda *_, **__: ())
    made = replace(deployment(stand_in(waiting)), resources=lambda: STATE, cluster=None)

    def interrupted() -> Graph:
        time.sleep(0.5)
        raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError, match="nothing was changed"):
        drift(replace(made, graph=later(interrupted)), view.View(Console(quiet=True)), TODAY)
