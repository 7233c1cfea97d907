"""What is asked of an API server where backups are made, tried out and restored by hand, and what is told of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from ops import backups
from ops.error import InputError

JOBS = "/apis/batch/v1/namespaces/sophia-data/jobs"
FAILED = {"type": "Failed", "status": "True"}
DONE = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
GOOD = {"snapshot": "0123456789abcdef", "taken_at": "2026-11-29T02:00:00+00:00", "checksums": {"rows": "3:abc"}}


class Api:
    """An API server that has a service's CronJob and its Jobs, and the logs of what the new one's pods said."""

    def __init__(self, *said: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> None:
        self.said, self.present = said, [present] if present else []
        self.made: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST":
            self.made.append(json.loads(request.content))
            return httpx.Response(201, json=self.made[-1])
        if "/cronjobs/" in path:
            template = {"spec": {"containers": [{"name": "postgresql-backup", "env": [{"name": "A", "value": "b"}]}]}}
            meta = {"name": path.rpartition("/")[2], "uid": "1", "labels": {"sophia.ai/workload": "postgresql-backup"}}
            spec = {"jobTemplate": {"spec": {"activeDeadlineSeconds": 14400, "template": template}}}
            return httpx.Response(200, json={"metadata": meta, "spec": spec})
        if path == JOBS:
            assert request.url.params["labelSelector"] == "sophia.ai/workload=postgresql-backup"
            return httpx.Response(200, json={"items": self.present})
        if path.startswith(JOBS):
            return httpx.Response(200, json={**self.made[-1], "status": {"conditions": [FAILED]}})
        if path.endswith("/log"):
            return httpx.Response(200, text=json.dumps(self.said[int(path.split("/")[-2])]) + "\n")
        pods = [
            {"metadata": {"name": str(n), "creationTimestamp": f"2026-11-29T02:0{n}:00Z"}}
            for n, _ in enumerate(self.said)
        ]
        return httpx.Response(200, json={"items": pods[::-1]})


@pytest.fixture
def run(deployment, replayed):
    """Does something with PostgreSQL at such an API server, and gives the row."""

    def done(api: Api, verb: str = "restore", *services: str, **given: str) -> Any:
        with httpx.Client(base_url="https://api.invalid", transport=httpx.MockTransport(api)) as client:
            made = replace(deployment(replayed("unchanged.jsonl")), cluster=client)
            (row,) = backups.run(made, verb, services or ["postgresql"], **given)  # type: ignore[arg-type]  # a verb
        return row

    return done


def test_of_tries_that_failed_the_first_one_tells_why(run: Callable[..., Any]) -> None:
    row = run(Api({"error": "the network broke"}, {"error": "tables hold rows; nothing was changed"}))
    assert row.error == "the network broke"


def test_a_try_that_went_well_makes_up_for_one_that_failed(run: Callable[..., Any]) -> None:
    row = run(Api({"error": "the network broke"}, GOOD), "backup")
    assert (row.error, row.snapshot, row.items) == ("", "01234567", 3)


def test_nothing_is_begun_beside_what_still_runs(run: Callable[..., Any]) -> None:
    api = Api(GOOD, present={"metadata": {"name": "postgresql-backup-1"}, "status": {"active": 1}})
    error = run(api).error
    assert error.startswith("postgresql-backup-1 still works on postgresql, and nothing was changed")
    assert api.made == []


def test_one_that_ended_is_in_nobodys_way_and_a_new_one_goes_by_itself(run: Callable[..., Any]) -> None:
    api = Api(GOOD, present={"metadata": {"name": "postgresql-backup-1"}, **DONE})
    assert run(api).error == ""
    (job,) = api.made
    assert job["spec"]["ttlSecondsAfterFinished"] == 86400


def test_the_backup_that_is_named_comes_to_the_program_beside_what_it_is_told_anyway(run: Callable[..., Any]) -> None:
    api = Api(GOOD)
    run(api, snapshot="01234567")
    (container,) = api.made[0]["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "A", "value": "b"}, {"name": "SNAPSHOT", "value": "01234567"}]


def test_a_backup_of_one_service_serves_no_other(run: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match="a backup is of one service; name it: --service postgresql"):
        run(Api(GOOD), "drill", "postgresql", "valkey", snapshot="01234567")
