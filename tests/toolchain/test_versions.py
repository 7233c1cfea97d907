"""One file pins every version: everything else that names one agrees with it."""

import re
from pathlib import Path

import pytest
import yaml

from catalog.offence import CatalogError
from catalog.versions import TOOL_LOCK, VERSIONS, Versions, read_tool_lock, read_versions
from rehearsal.toolchain.recipes import recipes
from rehearsal.toolchain.tool import Platform

ROOT = Path(__file__).parents[2]
VERSIONS_PINNED = read_versions()
STAGING = VERSIONS_PINNED.kubernetes.replace("1.", "0.", 1)
STAGING_PREVIOUS = VERSIONS_PINNED.kubernetes_previous.replace("1.", "0.", 1)


def _requirement(package: str) -> tuple[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        name, _, version = line.partition("==")
        if name.strip().lower().replace("_", "-") == package:
            return version.split()[0], f"requirements.txt:{number}"
    pytest.fail(f"requirements.txt does not pin {package}")


def _modules(tool: str) -> dict[str, tuple[str, str]]:
    """Version and place of every module that a go.mod requires or puts in another's place."""
    path = ROOT / "tools" / tool / "go.mod"
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if named := re.match(r"^\s*(?:require |replace )?(?:\S+ => )?(\S+\.\S+/\S+) (v\S+)", line):
            found[named[1]] = (named[2], f"tools/{tool}/go.mod:{number}")
    return found


@pytest.mark.parametrize(
    ("package", "wanted"),
    [("pulumi", VERSIONS_PINNED.pulumi), ("pulumi-kubernetes", VERSIONS_PINNED.pulumi_kubernetes)],
)
def test_a_wheel_is_of_the_pinned_version(package: str, wanted: str) -> None:
    found, place = _requirement(package)
    assert found == wanted, f"{place}: {package} is {found}; catalog/versions.yaml pins {wanted}: change this line"


@pytest.mark.parametrize(
    ("tool", "module", "wanted"),
    [
        ("pulumi", "github.com/pulumi/pulumi/pkg/v3", VERSIONS_PINNED.pulumi),
        ("pulumi", "github.com/pulumi/pulumi/sdk/v3", VERSIONS_PINNED.pulumi),
        ("pulumi-language-python", "github.com/pulumi/pulumi/sdk/v3", VERSIONS_PINNED.pulumi_language_python),
        ("pulumi-language-python", "github.com/pulumi/pulumi/pkg/v3", VERSIONS_PINNED.pulumi_language_python),
        (
            "pulumi-resource-kubernetes",
            "github.com/pulumi/pulumi-kubernetes/sdk/v4",
            VERSIONS_PINNED.pulumi_kubernetes,
        ),
        ("esc", "github.com/pulumi/pulumi/sdk/v3", VERSIONS_PINNED.pulumi),
        ("kubernetes", "k8s.io/kubernetes", VERSIONS_PINNED.kubernetes),
        ("kubernetes", "k8s.io/kubectl", STAGING),
        ("kubernetes", "k8s.io/apiserver", STAGING),
        ("kubernetes", "k8s.io/kubelet", STAGING),
        ("nvidia-device-plugin", "k8s.io/kubelet", STAGING),
        ("nvidia-device-plugin", "github.com/NVIDIA/k8s-device-plugin", VERSIONS_PINNED.nvidia_device_plugin),
        ("kubernetes-previous", "k8s.io/kubernetes", VERSIONS_PINNED.kubernetes_previous),
        ("kubernetes-previous", "k8s.io/kubectl", STAGING_PREVIOUS),
        ("kubernetes-previous", "k8s.io/apiserver", STAGING_PREVIOUS),
        ("kubernetes-previous", "k8s.io/kubelet", STAGING_PREVIOUS),
        ("etcd", "go.etcd.io/etcd/server/v3", VERSIONS_PINNED.etcd),
        ("etcd", "go.etcd.io/etcd/etcdctl/v3", VERSIONS_PINNED.etcd),
        ("etcd", "go.etcd.io/etcd/etcdutl/v3", VERSIONS_PINNED.etcd),
        ("coredns", "github.com/coredns/coredns", VERSIONS_PINNED.coredns),
        (
            "local-path-provisioner",
            "github.com/rancher/local-path-provisioner",
            VERSIONS_PINNED.local_path_provisioner,
        ),
        ("kube-router", "github.com/cloudnativelabs/kube-router/v2", VERSIONS_PINNED.kube_router),
        ("kube-router", "k8s.io/client-go", STAGING),
        ("kwok", "sigs.k8s.io/kwok", VERSIONS_PINNED.kwok),
        (
            "postgres-exporter",
            "github.com/prometheus-community/postgres_exporter",
            VERSIONS_PINNED.postgres_exporter,
        ),
        ("redis-exporter", "github.com/oliver006/redis_exporter", VERSIONS_PINNED.redis_exporter),
        ("versitygw", "github.com/versity/versitygw", VERSIONS_PINNED.versitygw),
        ("actionlint", "github.com/rhysd/actionlint", VERSIONS_PINNED.actionlint),
        ("weaviate", "github.com/weaviate/weaviate", VERSIONS_PINNED.weaviate),
    ],
)
def test_a_go_module_is_of_the_pinned_version(tool: str, module: str, wanted: str) -> None:
    found, place = _modules(tool)[module]
    message = f"{place}: {module} is {found}; catalog/versions.yaml pins v{wanted}: change this line, run `go mod tidy`"
    assert found == f"v{wanted}", message


def test_the_release_to_upgrade_from_is_built_of_the_same_sources() -> None:
    old, new = ROOT / "tools" / "kubernetes-previous", ROOT / "tools" / "kubernetes"
    mains = [path for path in new.rglob("*.go") if not path.name.endswith("_test.go")]
    assert [path for path in mains if not path.samefile(old / path.relative_to(new))] == []


def test_every_tool_is_written_for_the_line_of_the_pinned_go_and_one_needs_it() -> None:
    lines = {
        str(path.relative_to(ROOT)): line.removeprefix("go ")
        for path in (ROOT / "tools").glob("*/go.mod")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("go ")
    }
    line = VERSIONS_PINNED.go.rpartition(".")[0]
    others = {path: release for path, release in lines.items() if release not in {f"{line}.0", VERSIONS_PINNED.go}}
    assert others == {}, f"catalog/versions.yaml pins {VERSIONS_PINNED.go}"
    assert VERSIONS_PINNED.go in lines.values(), "nothing needs the pinned Go: an older one would do"


def test_k3s_is_pinned_alike_in_both_files_and_stands_on_the_pinned_kubernetes() -> None:
    stated = yaml.safe_load((ROOT / "catalog/k3s.yaml").read_text(encoding="utf-8"))
    assert (stated["version"], stated["previous"]) == (VERSIONS_PINNED.k3s, VERSIONS_PINNED.k3s_previous)
    releases = [release.removeprefix("v").partition("+")[0] for release in (stated["version"], stated["previous"])]
    assert releases == [VERSIONS_PINNED.kubernetes, VERSIONS_PINNED.kubernetes_previous]


def test_the_lock_lists_every_download_and_nothing_else() -> None:
    wanted = {
        download.url
        for architecture in ("amd64", "arm64")
        for tool in recipes(VERSIONS_PINNED, Platform("linux", architecture))
        for download in tool.downloads
    }
    listed = {url for platforms in read_tool_lock().tools.values() for urls in platforms.values() for url in urls}
    assert listed == wanted, "catalog/lock/tools.yaml: list exactly the downloads of the pinned versions, unfilled"


def test_every_tool_that_can_be_built_has_its_module_in_the_repository() -> None:
    folders = {folder for tool in recipes(VERSIONS_PINNED, Platform.current()) for folder in (tool.build.folder,)}
    assert folders == {path.parent.name for path in (ROOT / "tools").glob("*/go.mod")}


@pytest.mark.parametrize(
    ("content", "place"),
    [("pulumi: [", ""), ("pulumi: latest", "pulumi"), ("", ""), ("helmet: 1.2.3", "helmet"), ("go: 1.26", "go")],
)
def test_a_broken_file_of_versions_is_told_with_its_place(tmp_path: Path, content: str, place: str) -> None:
    path = tmp_path / "versions.yaml"
    path.write_text(content)
    with pytest.raises(CatalogError, match=f"{path}: {place}"):
        read_versions(path)


def test_both_files_stand_in_the_catalog() -> None:
    assert VERSIONS.parent == ROOT / "catalog" == TOOL_LOCK.parents[1]


def test_versions_cannot_be_changed_by_those_who_read_them() -> None:
    assert Versions.model_config["frozen"] is True
