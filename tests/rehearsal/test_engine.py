"""The real engine with the stack's environment: it reads every value and touches no committed file."""

import hashlib
import io
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rehearsal import Rehearsal, configuration, stacks
from rehearsal.toolchain import Toolchain, progress_for
from tests.rehearsal.definitions import define

pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

SECRETS = ("OPENAI_API_KEY", "FINGERPRINT_KEY")
PROGRAM = """\
import pulumi
config = pulumi.Config()
pulumi.export("secret", config.require_secret("openai_api_key"))
pulumi.export("lock", config.require("image_lock"))
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A directory with a space in its name, which the engine gets as a URL."""
    place = Path(tempfile.mkdtemp(prefix="sophia rehearsal "))
    yield place
    for stack in stacks(place):
        Rehearsal(stack=stack, home=place).remove(release=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the committed files of the repository's kind."""
    root = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("project")
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(root / ".venv")}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "sophia", "runtime": runtime}), encoding="utf-8")
    (folder / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    for stack in ("dev", "prod"):
        committed = {"environment": [f"sophia/{stack}"], "config": {"sophia:price_book": "2026"}}
        (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(committed), encoding="utf-8")
    define(folder, SECRETS, "dev", "prod")
    return folder


def _configured(home: Path, toolchain: Toolchain, project: Path, stack: str) -> Rehearsal:
    rehearsal = Rehearsal(stack=stack, home=home, toolchain=toolchain)
    rehearsal.start(progress_for(io.StringIO()))
    rehearsal.configure(project / "esc")
    return rehearsal


@pytest.fixture(scope="module")
def configured(home: Path, toolchain: Toolchain, project: Path) -> Rehearsal:
    return _configured(home, toolchain, project, "dev")


def _committed(project: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in project.iterdir() if path.is_file()}


def _pulumi(rehearsal: Rehearsal, project: Path, *words: str) -> str:
    command = ["pulumi", *words, "--non-interactive"]
    done = subprocess.run(
        command, cwd=project, env=rehearsal.environment(), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_engine_reads_what_the_environment_gives(configured: Rehearsal, project: Path) -> None:
    values = json.loads(_pulumi(configured, project, "config", "--open", "--show-secrets", "--json"))
    kept = configuration.secret(configured.folder, "OPENAI_API_KEY")
    assert values["sophia:openai_api_key"] == {"value": kept, "secret": True}


def test_a_whole_deployment_leaves_every_committed_file_as_it_was(
    home: Path, toolchain: Toolchain, project: Path
) -> None:
    before = _committed(project)
    rehearsal = _configured(home, toolchain, project, "prod")
    for verb in ("up", "refresh", "destroy"):
        _pulumi(rehearsal, project, verb, "--yes", "--skip-preview")
    assert _committed(project) == before


def test_a_secret_stays_a_secret_in_the_state(configured: Rehearsal, project: Path) -> None:
    kept = configuration.secret(configured.folder, "OPENAI_API_KEY")
    assert kept
    _pulumi(configured, project, "up", "--yes", "--skip-preview")
    assert kept not in configured.state.kept.checkpoint.read_text(encoding="utf-8")
    assert _pulumi(configured, project, "stack", "output", "secret", "--show-secrets").strip() == kept


def test_configuring_twice_keeps_the_state(configured: Rehearsal, project: Path) -> None:
    _pulumi(configured, project, "up", "--yes", "--skip-preview")
    configured.configure(project / "esc")
    assert "lock" in _pulumi(configured, project, "stack", "output")


def test_the_engine_finds_its_plugins_without_the_network(configured: Rehearsal, project: Path) -> None:
    plugins = json.loads(_pulumi(configured, project, "plugin", "ls", "--json"))
    found = sorted((plugin["name"], plugin["kind"]) for plugin in plugins)
    assert found == [("command", "resource"), ("kubernetes", "resource"), ("vercel", "resource")]


def test_removing_a_stack_makes_the_engine_forget_it_and_it_alone(
    configured: Rehearsal, home: Path, toolchain: Toolchain, project: Path
) -> None:
    _configured(home, toolchain, project, "prod").remove()
    known = json.loads(_pulumi(configured, project, "stack", "ls", "--json"))
    assert [stack["name"] for stack in known] == ["dev"]
