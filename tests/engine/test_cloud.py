"""The verbs of `--target cloud`, on a stack of a rehearsal whose accounts stand in the place of the real ones.

Its addresses are written as those of another machine, for the real ones are no loopback; its proxy is in the place of
the access network.
"""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.checkout import Checkout, copied
from rehearsal import configuration
from rehearsal.home import Folder

pytestmark = pytest.mark.engine

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask(dev: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Asks in a checkout whose digests are known, with the login of a shell and a home of its own."""
    there = copied(tmp_path_factory.mktemp("cloud"))
    locks = there.root / "catalog/lock"
    (locks / "images.yaml").write_bytes((locks / "rehearsal.yaml").read_bytes())
    _fill(locks / "k3s.yaml", configuration.chosen(Folder(dev.home, "dev"))["k3s_artefacts"])
    login = dev.engine_environment("dev")
    backend = re.sub(r"//([\d.]+):", r"//[::ffff:\1]:", login["PULUMI_BACKEND_URL"])
    environment = {**login, "PULUMI_BACKEND_URL": backend, "SOPHIA_HOME": str(there.home)}

    def asked(verb: str, *words: str, code: int = 0) -> dict[str, Any]:
        command = [str(there.root / "sophia"), *verb.split(), "dev", "--target", "cloud", *words, "--json"]
        done = subprocess.run(
            command, cwd=there.root, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == code, done.stderr
        return dict(json.loads(done.stdout))

    return asked


def _fill(lock: Path, digests: dict[str, dict[str, str]]) -> None:
    text = lock.read_text(encoding="utf-8")
    for version, known in digests.items():
        for architecture, digest in known.items():
            of_it = rf"({re.escape(version)}:\n(?:    .*\n)*?    {architecture}: .*sha256: )null"
            text = re.sub(of_it, rf"\g<1>{digest}", text)
    lock.write_text(text, encoding="utf-8")


def test_servers_are_verified_and_loaded_through_the_cluster_that_the_stack_tells(ask):
    found = ask("verify", "--server", "github")
    assert [one["name"] for one in found["servers"]] == ["github"]
    assert {check["way"] for check in found["servers"][0]["checks"]} == {"service", "public", "pod"}
    assert Path(found["evidence"]).is_file()
    assert ask("load", "--server", "github", "--seconds", "1", "--clients", "2")["servers"][0]["failed"] == 0


def test_what_is_in_the_cluster_is_looked_at_and_an_account_without_a_key_is_told(ask):
    found = ask("drift", code=6)
    assert [(one["provider"], "LAMBDA_CLOUD_API_KEY" in one["trouble"]) for one in found["silent"]] == [
        ("lambda-cloud", True)
    ]
    assert any(row["managed"] for row in found["coverage"] if row["type"].endswith(":Deployment"))
    assert found["changes"] == []


def test_the_preview_of_what_runs_shows_nothing(ask):
    assert ask("preview")["changes"] == []


@pytest.mark.soak
def test_services_are_backed_up(ask):
    assert all(row["snapshot"] for row in ask("backup")["services"])
