"""An account outlives the process that serves it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from rehearsal.error import RehearsalError
from rehearsal.lambda_cloud import Account, Control, serve
from rehearsal.lambda_cloud.storage import Storage
from rehearsal.waiting import until

LAUNCH = {"region_name": "us-west-1", "instance_type_name": "cpu_4x_general", "ssh_key_names": ["sophia2025"]}
ROOT = Path(__file__).resolve().parents[2]


def test_what_was_saved_comes_back_as_it_was(tmp_path, account, launch):
    launch(name="one")
    account.clock.advance(50)
    storage = Storage(tmp_path / "state.json")
    storage.save(account)
    again = storage.load()
    assert again is not None
    assert again.view() == account.view()
    assert again.counters() == account.counters()


def test_a_boot_goes_on_where_it_stood(tmp_path, account, launch):
    one = launch(instance_type_name="cpu_4x_general")
    account.clock.advance(80)
    storage = Storage(tmp_path / "state.json")
    storage.save(account)
    again = storage.load()
    assert again is not None
    assert again.instances.get(one)["status"] == "booting"
    again.clock.advance(10)
    assert again.instances.get(one)["status"] == "active"


def test_the_state_is_the_owners_alone(tmp_path, account):
    file = tmp_path / "state.json"
    Storage(file).save(account)
    assert file.stat().st_mode & 0o777 == 0o600


def test_there_is_no_account_where_there_is_no_file(tmp_path):
    assert Storage(tmp_path / "state.json").load() is None


@pytest.mark.parametrize("text", ["", "{", '{"version": 2}'])
def test_a_file_of_another_version_says_what_to_do(tmp_path, text):
    file = tmp_path / "state.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RehearsalError, match="remove the file"):
        Storage(file).load()


def test_every_change_is_saved_at_once(tmp_path):
    file = tmp_path / "state.json"
    with serve(Account.born(), state=file) as fake:
        assert not file.exists()
        api = f"{fake.url}/api/v1"
        answer = httpx.post(f"{api}/instance-operations/launch", json=LAUNCH, auth=(fake.key, ""), trust_env=False)
        (one,) = answer.json()["data"]["instance_ids"]
        assert one in json.loads(file.read_text(encoding="utf-8"))["instances"]
        fake.control.terminate(one)
        assert json.loads(file.read_text(encoding="utf-8"))["instances"][one]["terminated"] is not None


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Starts the fake as a process of its own on a free port; it ends with the test."""
    (tmp_path / "key").write_text("a-key-of-a-test\n", encoding="utf-8")
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "rehearsal.lambda_cloud", "--address", "127.0.0.1", "--port", str(port)]
        command += ["--state", str(tmp_path / "state.json"), "--key-file", str(tmp_path / "key"), "--speed", "60"]
        one = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        started.append(one)
        url = f"http://127.0.0.1:{port}"
        until(lambda: healthy(url), seconds=30.0, failure=lambda: "the fake does not answer")
        return one, url

    yield start
    for one in started:
        one.kill()
        one.communicate(timeout=10)


def healthy(url: str) -> bool | None:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).is_success or None
    except httpx.TransportError:
        return None


def test_a_process_that_starts_again_resumes_its_account(process):
    first, url = process()
    with Control(url, "a-key-of-a-test") as control:
        before = control.state()
        control.rename(before.instances[0].id, "renamed")
        control.advance_clock(500.0)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=10)
    _, url = process()
    with Control(url, "a-key-of-a-test") as control:
        after = control.state()
    assert after.instances[0].name == "renamed"
    assert [one.id for one in after.instances] == [one.id for one in before.instances]
    assert after.now >= before.now + 500.0


def test_sigterm_ends_the_process_and_its_log_has_lines_without_secrets(process):
    one, url = process()
    httpx.get(f"{url}/api/v1/instances", auth=("a-key-of-a-test", ""), trust_env=False)
    one.send_signal(signal.SIGTERM)
    output, _ = one.communicate(timeout=10)
    (line,) = output.splitlines()
    assert line.split()[1:] == ["GET", "/api/v1/instances", "200", "-", "-"]
    assert one.returncode == 0


def test_it_listens_on_loopback_only(tmp_path):
    command = [sys.executable, "-m", "rehearsal.lambda_cloud", "--address", "192.0.2.1", "--port", "1"]
    command += ["--state", str(tmp_path / "state.json"), "--key-file", str(tmp_path / "key")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "choose one of 127.0.0.0/8" in done.stderr


def test_a_taken_port_ends_the_process_with_the_reason(tmp_path):
    (tmp_path / "key").write_text("x", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "rehearsal.lambda_cloud", "--address", "127.0.0.1"]
        command += ["--port", str(taken.getsockname()[1]), "--state", str(tmp_path / "state.json")]
        command += ["--key-file", str(tmp_path / "key")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
