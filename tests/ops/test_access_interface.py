"""This computer's interface to the hosts of a stack in the cloud; wg-quick is a program that writes down its words."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import catalog
from ops.access import CI
from ops.access_interface import Interface
from ops.error import AccessError, InputError
from rehearsal.access import private_key

KEY = private_key()


def host(number: int) -> dict[str, Any]:
    told = {
        "publicKey": f"key-{number}",
        "connection": {"addresses": [f"203.0.113.{number}"]},
        "port": 51822,
        "address": f"10.98.0.{number}/32",
    }
    return {"type": "host:index:Access", "parent": f"urn:host::host-{number}", "outputs": told}


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What wg-quick was told, without the folder."""
    said, program = tmp_path / "said", tmp_path / "bin/wg-quick"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$1 $2" >> {said}\nif [ -e {tmp_path}/broken ]; then echo why >&2; exit 1; fi\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("rehearsal.machines.command.os.geteuid", lambda: 0)
    return lambda: said.read_text().replace(f"{tmp_path}/", "").splitlines() if said.exists() else []


@pytest.fixture
def resources() -> list[dict[str, Any]]:
    return [host(1)]


@pytest.fixture
def interface(tmp_path: Path, resources: list[dict[str, Any]]) -> Interface:
    return Interface(tmp_path / "access", "staging", catalog.load().access, lambda: list(resources))


def test_a_computer_joins_with_a_file_that_is_its_owners_alone_and_leaves_without_a_trace(interface, log, tmp_path):
    assert interface.join(CI, KEY) == 1
    file = interface.file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {"PrivateKey = " + KEY, "Endpoint = 203.0.113.1:51822"} <= set(file.read_text().splitlines())
    assert log() == ["up access/ci/sophia-staging.conf"]
    assert KEY not in "".join(log())
    assert interface.leave()
    assert (interface.file, interface.leave()) == (None, False)
    assert not any(KEY in one.read_text() for one in tmp_path.rglob("*") if one.is_file())


def test_it_follows_to_new_hosts_and_to_those_alone(interface, log, resources):
    interface.follow()
    assert log() == [], "who is no peer follows nothing"
    resources.clear()
    assert interface.join(CI, KEY) == 0
    resources.append(host(2))
    interface.follow()
    assert log() == ["up access/ci/sophia-staging.conf"], "a look takes seconds, and one was made just now"
    interface.catch_up()
    interface.catch_up()
    assert log() == ["up access/ci/sophia-staging.conf"] * 2
    assert "203.0.113.2:51822" in interface.file.read_text()


def test_what_fails_is_told_with_a_remedy_and_without_the_key(interface, log, tmp_path, monkeypatch):
    (tmp_path / "broken").touch()
    with pytest.raises(AccessError, match=r"wg-quick up .*sophia-staging.conf: why; it needs root") as told:
        interface.join(CI, KEY)
    assert KEY not in str(told.value)
    assert log()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AccessError, match="sudo apt-get install wireguard-tools"):
        interface.join(CI, KEY)
    with pytest.raises(InputError, match=r"nobody: there is no such peer in catalog/access.yaml"):
        interface.join("nobody", KEY)
