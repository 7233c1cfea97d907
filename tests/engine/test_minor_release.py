"""The minor release before, which a cluster that was left alone still runs: it is one upgrade away too."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from benchmarks.checkout import Checkout, copied
from catalog.versions import read_versions
from tests.engine.clusters import choose, floors_held, releases
from tests.engine.conftest import ended
from tests.engine.runbook import followed

pytestmark = [pytest.mark.engine, pytest.mark.soak]

BEFORE = "1.35.4"
ONLY_SINCE = ("k8s.io/cri-streaming", "k8s.io/streaming")
"""Modules of Kubernetes that the minor release before did not have."""

LOGGED = ('\t"k8s.io/klog/v2"\n', "\t\tklog.FromContext(ctx),\n")
"""What a node's program gives cAdvisor, whose constructor took no logger before."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Iterator[Checkout]:
    """A checkout whose release to come from is one of the minor version before; it is built, which takes its time."""
    made = copied(tmp_path_factory.mktemp("minor"))
    stated = read_versions().kubernetes_previous
    for name in ("catalog/versions.yaml", "catalog/k3s.yaml", "catalog/lock/k3s.yaml"):
        file = made.root / name
        file.write_text(file.read_text(encoding="utf-8").replace(stated, BEFORE), encoding="utf-8")
    pin(made.root / "tools/kubernetes-previous", stated)
    yield from ended(made)


def stays(line: str) -> bool:
    """Tell whether a line of go.mod stays: of Kubernetes itself, which says what it needs of all others."""
    return line.startswith("\tk8s.io/") and "// indirect" not in line and not any(one in line for one in ONLY_SINCE)


def pin(module: Path, stated: str) -> None:
    """Have a module of Kubernetes stand on the release before."""
    file = module / "go.mod"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("\t") or stays(line)]
    text = "\n".join(lines).replace(f"v{stated}", f"v{BEFORE}")
    file.write_text(text.replace(f"v0{stated[1:]}", f"v0{BEFORE[1:]}") + "\n", encoding="utf-8")
    node = module / "node/size.go"
    code = node.read_text(encoding="utf-8")
    for line in LOGGED:
        assert code.count(line) == 1
        code = code.replace(line, "")
    node.unlink()  # a link to that of the release that runs
    node.write_text(code, encoding="utf-8")
    # The database of checksums does not know every pinned pseudo-version.
    variables = {**os.environ, "GOSUMDB": "off"}
    subprocess.run([shutil.which("go") or "/usr/local/go/bin/go", "mod", "tidy"], cwd=module, env=variables, check=True)


@pytest.mark.timeout(5400)
def test_an_upgrade_from_the_minor_release_before_goes_node_by_node_and_everything_goes_on_serving(checkout):
    known = yaml.safe_load((checkout.root / "catalog/k3s.yaml").read_text(encoding="utf-8"))
    assert known["previous"] == f"v{BEFORE}+k3s1"
    checkout.sophia("setup", timeout=3600)
    choose(checkout, "staging", k3s_version=known["previous"])
    checkout.sophia("up", "staging")
    assert set(releases(checkout, "staging").values()) == {known["previous"]}
    with floors_held(checkout, "staging", {"mcp-slack": 1, "mcp-ai-memory": 1}):
        told = followed(checkout, "upgrade-kubernetes.md")
    assert set(releases(checkout, "staging").values()) == {known["version"]}
    assert "No drift" in told[-1][1]
