"""Services are started when they must be, and their failures are told."""

import io
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import RehearsalError
from rehearsal.address import address
from rehearsal.home import Folder
from rehearsal.service import Service, start, status, stop
from rehearsal.toolchain import progress_for

TRUST = ssl.create_default_context()
QUIET = progress_for(io.StringIO())
PORT = 8080


def _web(folder: Folder, *arguments: str) -> Service:
    here = address(folder.home, folder.stack)
    command = (sys.executable, "-m", "http.server", str(PORT), "--bind", here, "--directory", str(folder.logs))
    return Service("web", (*command, *arguments), f"http://{here}:{PORT}/")


@pytest.fixture
def web(folder: Folder) -> Iterator[Service]:
    yield _web(folder)
    stop(folder, [["web"]])


def test_a_service_that_runs_is_left_alone(folder: Folder, web: Service) -> None:
    start(folder, [[web]], TRUST, QUIET)
    before = status(folder, {"web": ""})
    start(folder, [[web]], TRUST, QUIET)
    assert status(folder, {"web": ""})[0].pid == before[0].pid


def test_a_service_with_another_command_is_started_anew(folder: Folder, web: Service) -> None:
    start(folder, [[web]], TRUST, QUIET)
    before = status(folder, {"web": ""})
    start(folder, [[_web(folder, "--protocol", "HTTP/1.1")]], TRUST, QUIET)
    after = status(folder, {"web": ""})
    assert after[0].running
    assert after[0].pid != before[0].pid, "an upgrade of the tool chain must reach what runs"


def test_starting_what_runs_tells_nothing(folder: Folder, web: Service) -> None:
    told = io.StringIO()
    start(folder, [[web]], TRUST, QUIET)
    start(folder, [[web]], TRUST, progress_for(told))
    assert told.getvalue() == ""


def test_a_service_that_dies_at_start_tells_its_last_words_and_its_log(folder: Folder) -> None:
    dying = Service("web", ("/bin/sh", "-c", "echo no such flag; exit 2"), "http://127.0.0.1:1/")
    with pytest.raises(RehearsalError) as error:
        start(folder, [[dying]], TRUST, QUIET)
    told = str(error.value)
    assert "no such flag" in told
    assert str(folder.logs / "web.log") in told


def test_a_later_wave_waits_for_the_one_before(folder: Folder, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    dying = Service("web", ("/bin/false",), "http://127.0.0.1:1/")
    after = Service("later", ("/bin/touch", str(witness)), "http://127.0.0.1:1/")
    with pytest.raises(RehearsalError, match="web ended by itself"):
        start(folder, [[dying], [after]], TRUST, QUIET)
    assert not witness.exists()


def test_what_does_not_run_has_a_status_too(folder: Folder) -> None:
    (stopped,) = status(folder, {"etcd": "127.64.0.1:2379"})
    assert (stopped.running, stopped.uptime_seconds, stopped.endpoint) == (False, None, "127.64.0.1:2379")


def test_stopping_what_does_not_run_is_no_error(folder: Folder) -> None:
    stop(folder, [["etcd"], ["kwok"]])
    assert not any(folder.run.iterdir())
