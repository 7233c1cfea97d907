"""The vector store that a rehearsal runs where no pod of its stack does: it keeps, and it is for who has its key."""

import io
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from rehearsal import Rehearsal, configuration
from rehearsal.process import find
from rehearsal.toolchain import progress_for
from rehearsal.weaviate.place import ADMIN_KEY, NAME
from tests.rehearsal.definitions import define

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

QUIET = progress_for(io.StringIO())
OBJECT = str(uuid.UUID(int=7))
KEPT: dict[str, Any] = {"class": "Kept", "id": OBJECT, "properties": {"word": "whole"}, "vector": [0.25, 0.5]}


@pytest.fixture
def up(lane: Rehearsal, tmp_path: Path) -> Callable[[], Rehearsal]:
    """Makes the account and the vector store run."""

    def start() -> Rehearsal:
        lane.start(QUIET)
        lane.configure(define(tmp_path, [ADMIN_KEY], "lane"))
        lane.start_vector_store("cloud", QUIET)
        return lane

    return start


@pytest.fixture
def store(up: Callable[[], Rehearsal]) -> Iterator[httpx.Client]:
    """A client with the key."""
    told = up().vector_store.environment()
    headers = {"Authorization": f"Bearer {told['WEAVIATE_API_KEY']}"}
    with httpx.Client(base_url=f"{told['WEAVIATE_URL']}/v1", headers=headers, trust_env=False, timeout=30) as client:
        yield client


def leader(rehearsal: Rehearsal) -> int:
    """The process that leads to the server, and is its parent."""
    return find(rehearsal.folder, [NAME])[NAME].pid


def test_it_is_started_by_itself_beside_what_the_account_runs(lane: Rehearsal, up: Callable[[], Rehearsal]) -> None:
    lane.start(QUIET)
    before = lane.status()
    assert [one.name for one in before if not one.running] == [NAME]
    after = up().status()
    assert all(one.running for one in after)
    assert [one.pid for one in after[:-1]] == [one.pid for one in before[:-1]]
    assert after[-1].endpoint == up().vector_store.environment()["WEAVIATE_URL"].removeprefix("http://")


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {uuid.uuid4().hex}"}], ids=["nobody", "wrong key"])
def test_who_has_not_the_key_is_refused(store: httpx.Client, headers: dict[str, str]) -> None:
    assert store.get("/schema").is_success
    for method, path in (("GET", "/schema"), ("GET", "/objects"), ("POST", "/schema")):
        answer = httpx.request(method, f"{store.base_url}{path}", headers=headers, json={"class": "A"}, trust_env=False)
        assert answer.status_code == httpx.codes.UNAUTHORIZED, f"{method} {path}: {answer.text}"


def test_what_it_holds_outlives_a_kill(up: Callable[[], Rehearsal], store: httpx.Client) -> None:
    words = [{"name": "word", "dataType": ["text"]}]
    store.post("/schema", json={"class": "Kept", "vectorizer": "none", "properties": words}).raise_for_status()
    store.post("/objects", json=KEPT).raise_for_status()
    before = leader(up())
    (server,) = psutil.Process(before).children()
    os.kill(before, signal.SIGKILL)
    assert not psutil.wait_procs([server], timeout=10)[1], "the server outlives who leads to it"
    assert leader(up()) != before
    found = store.get(f"/objects/Kept/{OBJECT}", params={"include": "vector"}).raise_for_status().json()
    assert {name: found[name] for name in KEPT} == KEPT


def test_its_key_stands_in_no_log_and_no_command(lane: Rehearsal, store: httpx.Client) -> None:
    key = configuration.secret(lane.folder, ADMIN_KEY)
    assert key
    assert store.get("/schema").is_success
    assert httpx.get(f"{store.base_url}/schema", headers={"Authorization": key[:-1]}, trust_env=False).is_client_error
    logs = (*lane.folder.logs.iterdir(), *lane.account.folder.logs.iterdir())
    told = {f"log {log.name}": log.read_text(encoding="utf-8") for log in logs}
    told |= {f"process {one.pid}": " ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])}
    (server,) = psutil.Process(leader(lane)).children()
    assert {f"log {NAME}.log", f"process {leader(lane)}", f"process {server.pid}"} <= told.keys()
    assert len(told[f"log {NAME}.log"]) > 1000, "the server logs elsewhere"
    assert [where for where, text in told.items() if key in text] == []
