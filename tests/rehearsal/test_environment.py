"""The engine's environment holds nothing that could reach a real account."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.versions import read_versions
from rehearsal.environment import environment, install_plugins
from rehearsal.home import Folder
from rehearsal.toolchain import Toolchain

CANARY = "canary-6b1f-must-never-leave-the-shell"
FOLDER = Folder(Path("/home/someone/.local/state/sophia"), "dev")
TOOLS = Toolchain(
    Path("/tools/bin"), {"kubernetes": Path("/tools/pulumi-resource-kubernetes")}, Path("/tools/kwok.yaml")
)
CREDENTIALS = (
    *("LAMBDA_CLOUD_API_KEY", "LAMBDA_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"),
    *("VERCEL_API_TOKEN", "VERCEL_TOKEN", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG"),
    *("GITHUB_TOKEN", "OPENAI_API_KEY", "CLOUDFLARE_API_TOKEN", "SSH_AUTH_SOCK", "DOCKER_CONFIG", "HTTPS_PROXY"),
    *("PULUMI_OPTION_STACK", "PULUMI_K8S_DELETE_UNREACHABLE", "AI_AGENT", "CLAUDECODE", "PYTHONPATH", "LD_PRELOAD"),
)


@pytest.mark.parametrize("name", CREDENTIALS)
def test_a_credential_in_the_shell_never_reaches_the_engine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, CANARY)
    given_to_engine = environment(FOLDER, TOOLS)
    assert CANARY not in " ".join(given_to_engine.values())
    assert given_to_engine.get(name) is None


@pytest.mark.parametrize("name", ["KUBECONFIG", "PULUMI_HOME", "PULUMI_STACK"])
def test_what_the_shell_points_elsewhere_points_at_the_rehearsal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, CANARY)
    assert environment(FOLDER, TOOLS)[name] != CANARY


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{3,30}", fullmatch=True), st.just(CANARY)))
def test_no_variable_passes_but_those_that_are_listed(shell: dict[str, str]) -> None:
    listed = {"CI", "COLUMNS", "HOME", "LANG", "NO_COLOR", "TERM", "TMPDIR", "TZ", "USER"}
    passed = {name for name, value in environment(FOLDER, TOOLS, shell).items() if value == CANARY}
    assert passed <= {name for name in shell if name in listed or name.startswith("LC_")}


def test_the_tool_chains_programs_come_before_the_shells() -> None:
    path = environment(FOLDER, TOOLS, {"PATH": "/usr/bin"})["PATH"].split(os.pathsep)
    assert (path[0], path[-1]) == ("/tools/bin", "/usr/bin")


def test_the_plugin_stands_under_the_version_of_its_package(folder: Folder) -> None:
    install_plugins(folder, TOOLS)
    place = folder.pulumi_home / f"plugins/resource-kubernetes-v{read_versions().pulumi_kubernetes}"
    assert (place / "pulumi-resource-kubernetes").readlink() == TOOLS.plugins["kubernetes"]


def test_a_rebuilt_plugin_takes_the_place_of_the_old_one(folder: Folder, tmp_path: Path) -> None:
    install_plugins(folder, TOOLS)
    rebuilt = tmp_path / "pulumi-resource-kubernetes"
    install_plugins(folder, Toolchain(TOOLS.bin, {"kubernetes": rebuilt}, TOOLS.kwok_stages))
    (link,) = folder.pulumi_home.glob("plugins/resource-kubernetes-*/*")
    assert link.readlink() == rebuilt
