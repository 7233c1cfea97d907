"""What machines bring and what is delivered to them: whole folders of files that are there, and their digests."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

import catalog
from catalog.versions import read_versions
from rehearsal.machines import image
from rehearsal.toolchain import ensure, progress_for
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.data_images import is_backup
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.machine_programs import (
    artefacts_folder,
    images,
    k3s_artefacts,
    pause_reference,
    programs_folder,
    workload_references,
)
from rehearsal.toolchain.wheel_images import BUSYBOX, is_served

ROOT = Path(__file__).parents[2]
VERSIONS = read_versions()


@pytest.fixture
def folder(entries: Mapping[str, Entry], edges: Edges) -> Path:
    return programs_folder(entries, VERSIONS, edges)


def test_a_machine_finds_both_releases_of_kubernetes_and_everything_that_k3s_starts(folder: Path) -> None:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    control_plane = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
    node = ("kubelet", "kube-proxy")
    assert found == {
        *(
            f"kubernetes/{release}/{name}"
            for release in (VERSIONS.kubernetes, VERSIONS.kubernetes_previous)
            for name in (*control_plane, *node)
        ),
        *(f"bin/{name}" for name in ("etcd", "etcdctl", "etcdutl", "helm", "kube-router", "kwok")),
        "kwok-stages.yaml",
        f"charts/traefik-{VERSIONS.traefik_chart}.tgz",
        *(f"images/{name}.tar" for name in ("coredns", "klipper-lb", "nvidia-device-plugin", "pause", "pod")),
        *(f"images/cert-manager-{part}.tar" for part in ("cainjector", "controller", "webhook")),
        *(f"images/{name}.tar" for name in ("egress-proxy", "local-path-provisioner", "mcp-gateway")),
    }


def test_each_release_has_its_own_programs(folder: Path) -> None:
    for release, tool in ((VERSIONS.kubernetes, "kubernetes"), (VERSIONS.kubernetes_previous, "kubernetes-previous")):
        text = (folder / "kubernetes" / release / "kube-apiserver").read_text()
        assert text == f"{tool} {release} kube-apiserver"


def test_nothing_leads_out_of_the_folder(folder: Path) -> None:
    assert [path for path in folder.rglob("*") if path.is_symlink()] == []


def test_the_folder_takes_no_room_of_its_own(folder: Path, entries: Mapping[str, Entry]) -> None:
    assert (folder / "bin/etcd").samefile(entries["etcd"].program("etcd"))


def test_the_same_programs_are_the_same_folder(folder: Path, entries: Mapping[str, Entry], edges: Edges) -> None:
    before = folder.stat().st_ino
    assert programs_folder(entries, VERSIONS, edges).stat().st_ino == before


def test_a_folder_that_lacks_a_program_is_made_anew(folder: Path, entries: Mapping[str, Entry], edges: Edges) -> None:
    (folder / "bin/etcd").unlink()
    assert programs_folder(entries, VERSIONS, edges) == folder
    assert (folder / "bin/etcd").exists()


def test_every_image_that_a_workload_of_the_catalog_names_is_one_of_the_rehearsal_s() -> None:
    named = {server.image.reference for server in catalog.load().mcp.values()}
    assert named <= set(workload_references())
    assert all(is_served(reference) for reference in named)


def test_the_device_plugin_is_a_program_of_its_own(entries: Mapping[str, Entry], edges: Edges) -> None:
    (plugin,) = (one for one in images(entries, VERSIONS, edges) if one.name == "nvidia-device-plugin")
    assert plugin.references == (f"nvcr.io/nvidia/k8s-device-plugin:v{VERSIONS.nvidia_device_plugin}",)
    assert not {*plugin.references} & {*workload_references()}


def test_nothing_stands_in_for_what_is_made(entries: Mapping[str, Entry], edges: Edges) -> None:
    (pod,) = (one for one in images(entries, VERSIONS, edges) if one.name == "pod")
    made = {one for one in workload_references() if is_served(one) or is_backup(one)}
    assert made
    assert not made & {*pod.references}


def test_the_image_of_sandboxes_is_the_one_that_k3s_takes_by_itself() -> None:
    assert pause_reference() == "rancher/mirrored-pause:3.6"


@pytest.mark.parametrize(
    ("name", "manifest"),
    [("coredns", "coredns"), ("local-path-provisioner", "local-storage"), ("busybox", "local-storage")],
)
def test_an_image_is_called_as_k3s_packages_it(
    entries: Mapping[str, Entry], edges: Edges, name: str, manifest: str
) -> None:
    called = {one.name: one.references for one in images(entries, VERSIONS, edges)} | {"busybox": (BUSYBOX,)}
    packaged = ROOT / f"tools/k3s/manifests/packaged/{manifest}.yaml"
    (reference,) = called[name]
    assert f"%{reference}\n" in packaged.read_text(encoding="utf-8").replace('"', "")


def test_the_k3s_of_each_release_lies_under_its_digest(entries: Mapping[str, Entry], edges: Edges) -> None:
    digests = k3s_artefacts(entries, VERSIONS, edges)
    assert digests.keys() == {VERSIONS.k3s, VERSIONS.k3s_previous}
    for release, digest in digests.items():
        content = (artefacts_folder(edges) / digest).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), release in content.decode()) == (digest, True)


def test_an_artefact_that_is_not_what_its_name_says_is_replaced(entries: Mapping[str, Entry], edges: Edges) -> None:
    digest = k3s_artefacts(entries, VERSIONS, edges)[VERSIONS.k3s]
    path = artefacts_folder(edges) / digest
    path.unlink()
    path.write_text("half")
    os.utime(path, (1, 1))
    k3s_artefacts(entries, VERSIONS, edges)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest


@pytest.mark.engine
@pytest.mark.parametrize(
    ("release", "node"),
    [(VERSIONS.kubernetes, VERSIONS.k3s), (VERSIONS.kubernetes_previous, VERSIONS.k3s_previous)],
)
def test_the_programs_of_each_release_answer_its_version_and_those_of_a_node_that_of_k3s(
    release: str, node: str
) -> None:
    folder = (
        ensure(catalog.load(), progress=progress_for(), root=image.ensure(progress_for())).machine_programs
        / "kubernetes"
        / release
    )
    wanted = {
        **dict.fromkeys(("kube-apiserver", "kube-controller-manager", "kube-scheduler"), f"Kubernetes v{release}"),
        **dict.fromkeys(("kubelet", "kube-proxy"), f"Kubernetes {node}"),
    }
    assert wanted == {
        name: subprocess.run([folder / name, "--version"], capture_output=True, check=True, text=True).stdout.strip()
        for name in wanted
    }
