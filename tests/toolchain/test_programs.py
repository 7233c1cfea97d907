"""The real tools, as set-up made them: each answers its pinned version."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2_grpc, provider_pb2_grpc

import catalog
from catalog.versions import read_versions
from rehearsal.toolchain import Toolchain, ensure, ensure_clients, inspect, progress_for
from rehearsal.toolchain.chain import provide
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.recipes import recipes
from render import ROOT

pytestmark = pytest.mark.engine

VERSIONS = read_versions()


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return ensure(catalog.load(), progress=progress_for())


def _plugin_version(program: Path, stub: Callable[[grpc.Channel], Any]) -> str:
    process = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            return str(stub(channel).GetPluginInfo(Empty(), timeout=10).version)
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("kube-apiserver --version", f"Kubernetes v{VERSIONS.kubernetes}"),
        ("kube-controller-manager --version", f"Kubernetes v{VERSIONS.kubernetes}"),
        ("kube-scheduler --version", f"Kubernetes v{VERSIONS.kubernetes}"),
        ("kubectl version --client", f"Client Version: v{VERSIONS.kubernetes}"),
        ("etcd --version", f"etcd Version: {VERSIONS.etcd}"),
        ("etcdctl version", f"etcdctl version: {VERSIONS.etcd}"),
        ("etcdutl version", f"etcdutl version: {VERSIONS.etcd}"),
        ("kwok --version", f"kwok version v{VERSIONS.kwok}"),
    ],
)
def test_a_program_answers_the_pinned_version(toolchain: Toolchain, command: str, answer: str) -> None:
    name, *arguments = command.split()
    done = subprocess.run([toolchain.program(name), *arguments], capture_output=True, check=True, text=True)
    assert answer in done.stdout


def test_the_cli_answers_the_pinned_version(
    toolchain: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
    done = subprocess.run([toolchain.program("pulumi"), "version"], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == f"v{VERSIONS.pulumi}"


def test_the_language_host_is_the_cli_s_own_or_the_pinned_one_built_here(toolchain: Toolchain) -> None:
    version = _plugin_version(toolchain.program("pulumi-language-python"), language_pb2_grpc.LanguageRuntimeStub)
    assert version in {f"v{VERSIONS.pulumi}", f"v{VERSIONS.pulumi_language_python}"}


def test_the_kubernetes_plugin_answers_the_pinned_version(toolchain: Toolchain) -> None:
    version = _plugin_version(toolchain.plugins["kubernetes"], provider_pb2_grpc.ResourceProviderStub)
    assert version == VERSIONS.pulumi_kubernetes


def test_no_plugin_is_on_path(toolchain: Toolchain) -> None:
    plugins = [path.name for path in toolchain.bin.glob("pulumi-resource-*")]
    assert plugins == ["pulumi-resource-pulumi-python"], "the one that belongs beside the CLI"


def test_the_language_host_has_its_script_in_the_same_folder(toolchain: Toolchain) -> None:
    assert (toolchain.program("pulumi-language-python").resolve().parent / "pulumi-language-python-exec").exists()


def test_kwok_s_stages_start_nodes_and_pods_and_end_pods(toolchain: Toolchain) -> None:
    stages = list(yaml.safe_load_all(toolchain.kwok_stages.read_text(encoding="utf-8")))
    names = {"node-initialize", "node-heartbeat-with-lease", "pod-ready", "pod-complete", "pod-delete"}
    assert {stage["metadata"]["name"] for stage in stages} == names


def test_a_cached_tool_chain_is_at_hand_in_a_tenth_of_a_second(toolchain: Toolchain) -> None:
    # The best of a few: other tests run beside this one.
    assert min(_seconds_to_find(toolchain) for _ in range(5)) < 0.1


def test_what_reaches_the_cloud_is_a_part_of_it(toolchain: Toolchain) -> None:
    clients = ensure_clients(catalog.load(), progress=progress_for())
    programs = {path.name for path in clients.bin.iterdir()}
    assert {"pulumi", "pulumi-language-python", "pulumi-language-python-exec"} <= programs
    assert programs < {path.name for path in toolchain.bin.iterdir()}
    assert clients.conformance == toolchain.conformance


def test_a_verb_on_a_new_computer_brings_what_it_renders_itself(toolchain: Toolchain, tmp_path: Path) -> None:
    assert toolchain.addons
    versions = catalog.load().versions
    edges = Edges.here(versions.go)
    (helm,) = (tool for tool in recipes(versions, edges.platform) if tool.name == "helm")
    there = provide([helm], edges, progress_for())["helm"].folder
    new = {**os.environ, "SOPHIA_CACHE": str(tmp_path), "PATH": f"{there}{os.pathsep}{edges.search_path}"}
    done = subprocess.run(
        [ROOT / "sophia", "capacity", "dev", "--json"],
        env=new,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "Building addon-gateway-api" in done.stderr
    brought = {path.name for path in (tmp_path / "tools").iterdir()}
    assert brought == {"helm", *(f"addon-{name}" for name in toolchain.addons)}


def _seconds_to_find(toolchain: Toolchain) -> float:
    facts = catalog.load()
    start = time.monotonic()
    assert ensure(facts, progress=progress_for()) == toolchain
    return time.monotonic() - start


def test_the_doctor_finds_nothing_to_mend_once_set_up_has_run(toolchain: Toolchain) -> None:
    assert toolchain.bin.exists()
    assert [status.name for status in inspect(VERSIONS) if not status.ok] == []
