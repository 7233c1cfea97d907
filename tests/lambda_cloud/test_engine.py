"""The real engine drives the plugin against a strict account: the README's program, adoption, drift and repair."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import catalog
from rehearsal.lambda_cloud import Account, Fake, serve
from rehearsal.toolchain import ensure, progress_for

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "providers" / "lambda_cloud"
SPEED = 1000.0
DRIFT = 7
ADOPTED = "sophia-development"


@dataclass(frozen=True)
class Project:
    """A project of its own, its state and the engine."""

    folder: Path
    environment: dict[str, str]

    def pulumi(self, *words: str, code: int = 0) -> str:
        """Return what the engine printed, on both outputs."""
        done = subprocess.run(
            ["pulumi", "--non-interactive", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == code, f"{words} left with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def program(self, text: str) -> None:
        """Make a text the program."""
        (self.folder / "__main__.py").write_text(text, encoding="utf-8")

    def resources(self) -> dict[str, Any]:
        """Return the state's resources of our own by type and name."""
        deployment = json.loads(self.pulumi("stack", "export"))["deployment"]
        mine = [one for one in deployment.get("resources", []) if one["type"].startswith("lambda-cloud:")]
        return {f"{one['type'].rpartition(':')[2]} {one['urn'].rpartition('::')[2]}": one for one in mine}


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serve(Account.born(), speed=SPEED) as served:
        yield served


@pytest.fixture
def project(tmp_path: Path, fake: Fake) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    settings = {
        "name": "sample",
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}},
        "plugins": {"providers": [{"name": "lambda-cloud", "path": str(FOLDER)}]},
    }
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    programs = ensure(catalog.load(), progress=progress_for()).bin
    made = Project(
        folder,
        {
            "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(tmp_path),
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_BACKEND_URL": tmp_path.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(8),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONPATH": str(ROOT),
            "LAMBDA_CLOUD_API_KEY": fake.key,
            "LAMBDA_CLOUD_API_URL": fake.url,
            "LAMBDA_CLOUD_CLOCK_SPEED": str(SPEED),
        },
    )
    made.program(readme_program().replace('"laptop"', '"sophia2025"'))
    made.pulumi("stack", "init", "dev")
    return made


def readme_program() -> str:
    (program,) = re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return str(program)


def test_the_readme_s_program_comes_up_drifts_is_repaired_and_goes(project, fake):
    project.pulumi("up", "--yes")
    machine = fake.control.state().instance("trainer")
    assert project.resources()["InstanceReady trainer"]["outputs"]["ip"] == machine.ip

    project.pulumi("refresh", "--preview-only", "--expect-no-changes")
    fake.control.rename(machine.id, "renamed")
    assert "trainer" in project.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff", code=DRIFT)
    fake.control.terminate(machine.id)
    project.pulumi("refresh", "--preview-only", "--expect-no-changes", code=DRIFT)

    project.pulumi("up", "--yes", "--refresh", "--run-program")
    assert fake.control.counters()["launches"] == 2
    project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes")
    project.pulumi("destroy", "--yes")
    assert fake.control.counters()["live"] == 0


def test_an_import_writes_a_program_that_previews_clean(project, fake):
    live = fake.control.state().instance(ADOPTED)
    project.program("")
    project.pulumi("import", "lambda-cloud:index:Instance", "adopted", live.id, "--yes", "--out", "generated.py")
    project.program((project.folder / "generated.py").read_text(encoding="utf-8"))
    project.pulumi("preview", "--expect-no-changes")
    assert project.resources()["Instance adopted"]["protect"]
    assert fake.control.counters()["launches"] == 0


def test_importing_what_does_not_exist_fails_and_stores_nothing(project):
    project.program("")
    text = project.pulumi("import", "lambda-cloud:index:Instance", "adopted", "0" * 32, "--yes", code=1)
    assert "no Instance has the id" in text
    assert project.resources() == {}


def test_a_wrong_key_during_a_refresh_changes_nothing(project):
    project.pulumi("up", "--yes")
    before = project.resources()
    wrong = {**project.environment, "LAMBDA_CLOUD_API_KEY": secrets.token_hex(16)}
    text = Project(project.folder, wrong).pulumi("refresh", "--yes", code=1)
    assert "LAMBDA_CLOUD_API_KEY" in text
    assert wrong["LAMBDA_CLOUD_API_KEY"] not in text
    assert project.resources() == before


def test_no_secret_of_the_account_is_in_the_exported_state(project, fake):
    project.pulumi("up", "--yes")
    project.pulumi("refresh", "--yes")
    state = project.pulumi("stack", "export", "--show-secrets")
    hidden = [fake.key, *(one.jupyter_token for one in fake.control.state().instances)]
    assert [one for one in hidden if one in state] == []


def test_a_program_that_adopts_launches_nothing(project, fake):
    live = fake.control.state().instance(ADOPTED)
    project.program(
        f"""
import pulumi

from providers.lambda_cloud import sdk

sdk.Instance(
    "adopted",
    name="{ADOPTED}",
    candidates=[{{"instance_type": "{live.type}", "region": "{live.region}"}}],
    ssh_key_name="sophia2025",
    expected_ip="{live.ip}",
    deletion_protection=True,
    opts=pulumi.ResourceOptions(import_="{live.id}", protect=True, retain_on_delete=True),
)
"""
    )
    project.pulumi("up", "--yes")
    project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes")
    assert fake.control.counters()["launches"] == 0
    fake.control.terminate(live.id)
    text = project.pulumi("up", "--yes", "--refresh", "--run-program", code=1)
    assert "no Instance has the id" in text
    assert fake.control.counters()["launches"] == 0


def test_a_replacement_asked_for_by_name_ends_the_old_machine_before_it_launches_another(project, fake):
    """The engine asks for no diff then, and made first the new machine would be the old one, taken over."""
    project.pulumi("up", "--yes")
    before = project.resources()["Instance trainer"]
    project.pulumi("up", "--yes", "--replace", before["urn"])
    after = project.resources()["Instance trainer"]
    assert after["id"] != before["id"]
    assert fake.control.state().instance("trainer").id == after["id"]
    counters = fake.control.counters()
    assert (counters["launches"], counters["terminations"]) == (2, 1)
