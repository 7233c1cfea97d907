"""Small Pulumi programs with a state of their own, run by the real engine and timed as whole commands."""

import os
import resource
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.checkout import ROOT
from benchmarks.samples import seconds

PREVIEW = ("pulumi", "preview", "--non-interactive", "--expect-no-changes")
REFRESH = ("pulumi", "preview", "--refresh", "--run-program", "--non-interactive", "--expect-no-changes")
UP = ("pulumi", "up", "--yes", "--skip-preview", "--non-interactive")


@dataclass(frozen=True)
class Project:
    """A program with a state of its own."""

    folder: Path
    """Where it is."""
    environment: Mapping[str, str]
    """What the engine runs in."""

    def timed(self, *words: str) -> tuple[float, float]:
        """Return the seconds that a command takes, and those of CPU time in it and all it starts."""
        before = _cpu()
        taken = seconds(words, folder=self.folder, environment=self.environment)
        return taken, _cpu() - before

    def initialise(self) -> None:
        """Make the engine know its stack."""
        self.timed("pulumi", "stack", "init", "dev", "--non-interactive")


def _cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def project(
    folder: Path,
    settings: Mapping[str, str],
    files: Mapping[str, str],
    extra: Mapping[str, object] | None = None,
) -> Project:
    """Return a project made of files, in a folder that is made for it.

    Args:
        folder: the folder, whose name is the project's.
        settings: the environment of the engine.
        files: texts by name.
        extra: what Pulumi.yaml says beside name and runtime.
    """
    folder.mkdir()
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}}
    described = {"name": folder.name, "runtime": runtime, **(extra or {})}
    for name, text in {**files, "Pulumi.yaml": yaml.safe_dump(described)}.items():
        (folder / name).write_text(text, encoding="utf-8")
    return Project(folder, settings)


def environment(folder: Path, programs: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of an engine whose state and plugins are in a folder.

    Args:
        folder: the folder.
        programs: the tool chain's programs.
        settings: what the providers are told.
    """
    home = folder / "home"
    home.mkdir()
    # A file in its place: the engine keeps no log of its own, as in every rehearsal.
    (home / "logs").touch()
    return {
        "PATH": os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"{folder.as_uri()}?metadata=skip",
        "PULUMI_STACK": "dev",
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(8),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
        "PULUMI_PARALLEL": "64",
        "PYTHONPATH": str(ROOT),
        **settings,
    }
