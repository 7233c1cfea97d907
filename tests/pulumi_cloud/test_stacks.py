"""Stacks in the rehearsal's Pulumi Cloud, by the unmodified command line: secrets, history, leases."""

import json
import time
from pathlib import Path

import httpx
import pytest
import yaml

from rehearsal.pulumi_cloud import server
from tests.pulumi_cloud.conftest import Run, Served, drawn

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
STACK = "rehearsal/sophia/dev"
PROGRAM = """\
import pulumi
config = pulumi.Config()
pulumi.export("secret", config.require_secret("key"))
pulumi.export("word", config.get("word"))
"""
UP = ("up", "--yes", "--skip-preview", "--non-interactive", "--stack", STACK)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A program whose stack file opens an environment, and holds nothing else."""
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "sophia", "runtime": runtime}), encoding="utf-8")
    (tmp_path / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "Pulumi.dev.yaml").write_text("environment:\n  - sophia/dev\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def value(pulumi: Run, project: Path) -> str:
    """The secret that the environment gives to the stack, which is there and empty."""
    made = drawn()
    pulumi("env", "init", STACK)
    pulumi("env", "set", STACK, "pulumiConfig.sophia:key", "--secret", "--file", "-", text=made)
    pulumi("stack", "init", STACK, "--no-select", "--non-interactive")
    assert (project / "Pulumi.dev.yaml").read_text(encoding="utf-8") == "environment:\n  - sophia/dev\n"
    return made


def test_the_committed_stack_file_runs_as_it_is_and_its_secret_stays_one(
    served: Served, pulumi: Run, project: Path, value: str
) -> None:
    before = {path.name: path.read_bytes() for path in project.glob("Pulumi*.yaml")}
    pulumi(*UP)
    assert pulumi("stack", "output", "secret", "--show-secrets", "--stack", STACK).stdout.strip() == value
    assert value not in pulumi("stack", "export", "--stack", STACK).stdout
    assert value in pulumi("stack", "export", "--show-secrets", "--stack", STACK).stdout
    pulumi("refresh", "--yes", "--skip-preview", "--non-interactive", "--stack", STACK)
    assert {path.name: path.read_bytes() for path in project.glob("Pulumi*.yaml")} == before
    kept = [path for path in served.root.rglob("*") if path.is_file()]
    assert [path for path in kept if value.encode() in path.read_bytes()] == []


@pytest.mark.usefixtures("value")
def test_the_history_tells_what_was_done_and_a_state_of_before_comes_back(pulumi: Run) -> None:
    pulumi(*UP, "--message", "the first")
    pulumi("env", "set", STACK, "pulumiConfig.sophia:word", "changed")
    pulumi(*UP, "--message", "the second")
    told = json.loads(pulumi("stack", "history", "--json", "--stack", STACK).stdout)
    assert [(one["kind"], one["message"], one["result"], one["version"]) for one in told] == [
        ("update", "the second", "succeeded", 2),
        ("update", "the first", "succeeded", 1),
    ]
    assert told[1]["resourceChanges"] == {"create": 1}
    first = pulumi("stack", "export", "--version", "1", "--stack", STACK).stdout
    assert "changed" not in first
    pulumi("stack", "import", "--stack", STACK, text=first)
    assert "word" not in json.loads(pulumi("stack", "output", "--json", "--stack", STACK).stdout)
    newest = json.loads(pulumi("stack", "history", "--json", "--stack", STACK).stdout)[0]
    assert (newest["kind"], newest["version"]) == ("import", 3)
    assert "still has resources" in pulumi("stack", "rm", "--yes", "--stack", STACK, code=1).stderr
    pulumi("stack", "rm", "--yes", "--force", "--stack", STACK)
    assert STACK not in pulumi("stack", "ls", "--all").stdout


@pytest.mark.usefixtures("value")
def test_who_lost_the_lease_changes_nothing_any_more(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_LEASE_SECONDS", 1)
    headers = {"Authorization": f"token {served.token}"}
    with httpx.Client(base_url=f"{served.url}/api/stacks/{STACK}", headers=headers, trust_env=False) as client:

        def begun() -> tuple[str, str]:
            identity = client.post("/update", json={}).raise_for_status().json()["updateID"]
            return identity, client.post(f"/update/{identity}", json={}).raise_for_status().json()["token"]

        identity, token = begun()
        own = {"Authorization": f"update-token {token}"}
        assert client.patch(f"/update/{identity}/journalentries", json={"entries": []}, headers=own).is_success
        time.sleep(1.2)
        late = client.patch(f"/update/{identity}/journalentries", json={"entries": []}, headers=own)
        assert late.status_code == httpx.codes.FORBIDDEN
        other, _ = begun()
        assert other != identity


@pytest.mark.usefixtures("value")
def test_the_token_of_an_update_opens_nothing_but_what_its_engine_writes(served: Served) -> None:
    headers = {"Authorization": f"update-token {drawn()}"}
    with httpx.Client(base_url=f"{served.url}/api", headers=headers, trust_env=False) as client:
        for method, path in (
            ("GET", f"/stacks/{STACK}/export"),
            ("POST", f"/stacks/{STACK}/decrypt"),
            ("POST", f"/stacks/{STACK}/update"),
            ("GET", f"/esc/environments/{STACK}/decrypt"),
            ("GET", "/user"),
        ):
            assert client.request(method, path, json={}).status_code == httpx.codes.UNAUTHORIZED, path
        assert client.post(f"/stacks/{STACK}/update/none/complete", json={}).status_code == httpx.codes.FORBIDDEN


def test_what_is_sealed_for_one_stack_is_not_opened_for_another(served: Served, pulumi: Run, value: str) -> None:
    pulumi("stack", "init", "rehearsal/sophia/prod", "--no-select", "--non-interactive")
    headers, base = {"Authorization": f"token {served.token}"}, f"{served.url}/api/stacks/rehearsal/sophia"
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
        sealed = client.post("/dev/encrypt", json={"plaintext": "d29yZA=="}).raise_for_status().json()
        assert client.post("/dev/decrypt", json=sealed).raise_for_status().json() == {"plaintext": "d29yZA=="}
        refused = client.post("/prod/decrypt", json=sealed)
    assert refused.is_error
    assert "d29yZA==" not in refused.text
    assert value not in refused.text
