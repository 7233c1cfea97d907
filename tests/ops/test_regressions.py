"""Faults of ops that were found and mended; each would come back unseen."""

import contextlib
import gc
import io
import json
import os
import subprocess
import warnings
from dataclasses import replace as _replace
from datetime import UTC, datetime

import httpx
import psutil
import pytest
from rich.console import Console

from ops import view
from ops.cluster import nodes, servers
from ops.deployment import Target
from ops.differences import paths
from ops.preview import preview
from ops.results import DoctorResult, ToolRow
from ops.watch import current

BEFORE = datetime(2026, 11, 21, 6, 20, tzinfo=UTC)


def test_a_run_leaves_no_file_open(replayed):
    engine = replayed("unchanged.jsonl")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        engine.run(("up",), lambda _: None)
        gc.collect()
    assert [str(w.message) for w in caught] == []


def test_an_engine_whose_listener_fails_leaves_no_zombie(stand_in):
    def failing(_):
        raise BrokenPipeError

    others = psutil.Process().children()  # of other tests
    with pytest.raises(BrokenPipeError):
        stand_in('print(\'{"diagnosticEvent":{"severity":"info","message":"x"}}\', flush=True)\ntime.sleep(300)').run(
            ("up",), failing
        )
    assert [p for p in psutil.Process().children() if p not in others] == []


def test_a_replaced_resource_is_one_change_of_the_documented_kind(deployment, replayed):
    (change,) = preview(deployment(replayed("replaced.jsonl"))).changes
    assert change.op == "replace"
    assert 'spec.selector.matchLabels["sophia.ai/new"]' in change.paths


def test_a_replacement_is_told_once_and_with_its_mark(replayed):
    file = io.StringIO()
    told = view.View(Console(file=file, width=160, highlight=False))
    replayed("replaced.jsonl").run(("up",), told.event)
    assert [line.split()[:3] for line in file.getvalue().splitlines()] == [["±", "replace", "mcp-github"]]


def test_what_a_killed_engine_left_is_ended_though_nobody_has_reaped_it(stand_in, tmp_path):
    (tmp_path / "run").mkdir()
    killed = subprocess.Popen(["/bin/sh", "-c", "sleep 300 & sleep 300"], start_new_session=True)
    try:
        left: list[psutil.Process] = []
        while len(left) < 1:
            left = psutil.Process(killed.pid).children()
        (tmp_path / "run/engine.json").write_text(json.dumps([killed.pid, psutil.Process(killed.pid).create_time()]))
        killed.kill()
        os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)  # a zombie, as under an init that does not reap
        stand_in("").run(("up",), lambda _: None)
        assert all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in left)
    finally:
        for p in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                p.kill()
        killed.wait()


@pytest.mark.parametrize(
    "told", [{"metadata": {"deletionTimestamp": "2026-11-21T06:30:00Z"}}, {"status": {"phase": "Failed"}}]
)
def test_a_pod_that_leaves_or_has_ended_is_neither_ready_nor_counted(api, told):
    def going(request):
        document = api("mcp-github")(request).json()
        for item in document["items"]:
            for part, values in told.items():
                item[part] |= values
        return httpx.Response(200, json=document)

    with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(going)) as client:
        (server,) = servers(client, {"github": 1}, {})
        (node,) = nodes(client)
    assert (server.ready, node.pods) == (0, 0)


def test_true_is_not_the_number_1():
    assert list(paths({"a": True}, {"a": 1})) == ["a"]


@pytest.mark.parametrize("reason", ["CreateContainerError", "RunContainerError", "ErrImageNeverPull"])
def test_a_container_that_cannot_be_made_is_a_trouble(reason, api):
    def broken(request):
        document = api("mcp-crash")(request).json()
        for item in document["items"]:
            for status in item.get("status", {}).get("containerStatuses", []):
                status["state"]["waiting"]["reason"] = reason
        return httpx.Response(200, json=document)

    with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(broken)) as client:
        assert [t.reason for t in current(client, BEFORE)] == [reason]


def test_a_refusal_whose_events_have_expired_is_still_told(api):
    def forgetful(request):
        if request.url.path.endswith("/events"):
            return httpx.Response(200, json={"items": []})
        return api("mcp-refused")(request)

    with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(forgetful)) as client:
        assert [t.reason for t in current(client, BEFORE)] == ["FailedCreate"]


def test_what_a_tool_says_is_shown_as_it_is():
    file = io.StringIO()
    result = DoctorResult(stack="dev", tools=(ToolRow(name="x", wanted="1", found="[bold]2", ok=False, mend="a [b]"),))
    view.show_doctor(result, Console(file=file, width=160))
    assert "[bold]2" in file.getvalue()


def test_the_answer_of_up_in_the_cloud_is_json_alone(monkeypatch, deployment, replayed, sophia):
    engine = replayed("drift.jsonl")
    made = deployment(engine)
    monkeypatch.setattr("ops.up.in_cloud", lambda *_: _replace(made, target=Target.CLOUD))
    json.loads(sophia("up", "dev", "--target", "cloud", "--yes", "--json").out)
