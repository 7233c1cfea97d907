"""Where a verb acts, and what a shell must know to act by hand."""

import subprocess

import pytest

from ops import deployment
from ops.engine import EngineError
from ops.shell import exports
from rehearsal import RehearsalError
from rehearsal.toolchain import progress_for

CALLER = {"PATH": "/bin", "PULUMI_ACCESS_TOKEN": "a", "AWS_PROFILE": "b", "GONG_KEY": "c", "HOME": "/home/me"}


@pytest.fixture
def toolless(monkeypatch, tmp_path):
    """A home without a rehearsal, and a tool chain that nobody needs."""
    monkeypatch.setenv("SOPHIA_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(deployment, "ensure", lambda *_, **__: None)


@pytest.mark.usefixtures("toolless")
def test_a_rehearsal_that_is_not_up_names_the_command_that_brings_it_up(tmp_path):
    with pytest.raises(
        RehearsalError, match=r"dev under .* is not up \(.*lambda-cloud stopped.*\); run `\./sophia up dev`"
    ):
        deployment.existing("dev", progress_for())
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("toolless")
def test_the_cloud_is_not_built_on_a_rehearsals_state(monkeypatch):
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///home/me/state")
    monkeypatch.setenv("LAMBDA_CLOUD_API_URL", "http://127.9.8.7:8480")
    both = "PULUMI_BACKEND_URL, LAMBDA_CLOUD_API_URL"
    with pytest.raises(EngineError, match=f"{both} point this shell at a rehearsal; open a new shell"):
        deployment.in_cloud("dev", progress_for())


def test_the_floors_are_those_of_the_stacks_choice(graph):
    assert deployment.Deployment("dev", graph, None, None).floors == {  # type: ignore[arg-type]  # unused
        "egress-proxy": 2,
        "github": 1,
        "health-monitor": 1,
        "mcp-gateway": 2,
        "mcp-orchestration": 2,
        "postgresql": 1,
        "postgresql-exporter": 1,
        "registry-v2": 1,
        "valkey": 1,
        "valkey-exporter": 1,
        "weaviate": 1,
    }


def test_a_shell_is_told_everything_and_loses_credentials_of_the_cloud():
    lines = list(exports({"PATH": "/tools:/bin", "STATE": "it's here"}, CALLER, ["GONG_KEY"]))
    assert lines == [
        "unset AWS_PROFILE",
        "unset GONG_KEY",
        "unset PULUMI_ACCESS_TOKEN",
        "export PATH=/tools:/bin",
        """export STATE='it'"'"'s here'""",
    ]


def test_a_shell_reads_every_value_as_it_is():
    value = "a b'c\"d$HOME`id`\\"
    lines = "\n".join([*exports({"VALUE": value}, {}, []), 'printf %s "$VALUE"'])
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout == value


def test_no_credential_of_the_caller_is_shown():
    assert list(exports({}, dict.fromkeys(["GONG_KEY"], "canary"), ["GONG_KEY"])) == ["unset GONG_KEY"]
