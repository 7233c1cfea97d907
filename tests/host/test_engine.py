"""The real engine drives the plugin against a machine: the README's program, drift by name, repair, secrets."""

import os
import re
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

import catalog
from rehearsal.toolchain import ensure, progress_for
from tests.host.life import Machine

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "providers" / "host"
DRIFT = 7


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


@pytest.fixture
def project(tmp_path: Path, fresh: Machine, canary: str) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    settings = {
        "name": "sample",
        "runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": str(ROOT / ".venv")}},
        "plugins": {"providers": [{"name": "host", "path": str(FOLDER)}]},
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
            "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PYTHONPATH": str(ROOT),
            "HOST_SSH_PRIVATE_KEY": fresh.key,
            "HOST_PROXY_URL": fresh.room.gate,
        },
    )
    (program,) = re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    made.pulumi("stack", "init", "dev")
    made.pulumi("config", "set", "address", fresh.address)
    made.pulumi("config", "set", "--secret", "host:fingerprintKey", secrets.token_hex(32))
    made.pulumi("config", "set", "--secret", "token", canary)
    return made


def test_the_readme_s_program_comes_up_drifts_by_name_is_repaired_and_goes(project, fresh, canary):
    project.pulumi("up", "--yes")
    assert fresh.run("cat /etc/web/web.conf /etc/web/token") == f"listen = 8080\n{canary}"
    project.pulumi("refresh", "--preview-only", "--expect-no-changes")

    fresh.run(
        "chmod 0666 /etc/web/web.conf; echo theirs > /etc/web/token; systemctl stop web; apt-get -y -q purge tree"
    )
    fresh.run("sysctl -w net.ipv4.tcp_syn_retries=9")
    drift = project.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff", code=DRIFT)
    for told in ("0666", "tree (missing)", "9 (file: 3)", "~ active: true => false", "~ /etc/web/token: [secret]"):
        assert told in drift, told
    told = project.pulumi("refresh", "--preview-only", "--json")
    assert "theirs" not in drift + told
    assert len({*re.findall(r"hmac-sha256:[0-9a-f:]+", told)}) == 2, "expected and actual, as fingerprints"

    project.pulumi("up", "--yes", "--refresh", "--run-program")
    project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes")
    assert fresh.run("stat -c %a /etc/web/web.conf; cat /etc/web/token; systemctl is-active web; which tree") == (
        f"644\n{canary}active\n/usr/bin/tree\n"
    )
    assert canary not in drift + project.pulumi("stack", "export")
    project.pulumi("destroy", "--yes")
    assert fresh.run("ls /etc/web; ls /etc/systemd/system/web.service 2>/dev/null || true") == ""


def test_a_machine_that_is_down_is_named_and_the_rest_is_still_read(project, fresh):
    project.pulumi("up", "--yes")
    fresh.room.halt(fresh.id)
    drift = project.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff", code=DRIFT)
    assert "no address answers" in drift
    text = project.pulumi("up", "--yes", "--refresh", "--run-program", code=1)
    assert f"{fresh.address}: connecting: no address answers; check that the machine runs" in text
    fresh.room.reboot(fresh.id)
    project.pulumi("up", "--yes", "--refresh", "--run-program")
    project.pulumi("preview", "--refresh", "--run-program", "--expect-no-changes")
    assert fresh.run("systemctl is-active web").strip() == "active"
