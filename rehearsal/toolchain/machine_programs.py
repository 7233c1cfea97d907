"""What every machine of the rehearsal brings at ``/opt/rehearsal``, as one folder to mount, and the K3s to deliver.

::

    kubernetes/<release>/kube-apiserver ... kubelet, kube-proxy, kubectl
    bin/etcd, etcdctl, etcdutl, kwok
    kwok-stages.yaml
    images/*.tar
"""

import json
from collections.abc import Mapping
from pathlib import Path

from catalog import ROOT, CatalogError
from catalog.image_lock import ImageLock
from catalog.k3s import K3s
from catalog.shape import document
from catalog.source import Source
from catalog.versions import Versions
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.disk import writing
from rehearsal.toolchain.edges import REPOSITORY, Edges
from rehearsal.toolchain.images import Image, archive
from rehearsal.toolchain.linked import link, linked_folder, same

K3S_FLAGS = "providers/host/k3s_flags.json"
"""From the repository's root: what K3s takes, and its defaults."""

_BY_RELEASE = {
    "kubernetes": ("kubernetes", "kubernetes-node"),
    "kubernetes_previous": ("kubernetes-previous", "kubernetes-node-previous"),
}
_ANY_RELEASE = ("etcd", "kwok")


def programs_folder(entries: Mapping[str, Entry], versions: Versions, edges: Edges) -> Path:
    """The folder to mount; its content never changes, other programs have another folder.

    Args:
        entries: the tools, by name.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
    """
    files: dict[str, tuple[Path, str]] = {}
    for release, tools in _BY_RELEASE.items():
        for tool in tools:
            files |= _programs(f"kubernetes/{getattr(versions, release)}", entries[tool])
    for tool in _ANY_RELEASE:
        files |= _programs("bin", entries[tool])
    stages = entries["kwok-stages"]
    for name, record in stages.manifest.files.items():
        files[name] = stages.folder / name, record.sha256
    for image in images(entries, versions, edges):
        made, key = archive(edges.cache / "images", image, entries[image.program].program(image.program))
        files[f"images/{image.program}.tar"] = made, key
    return linked_folder(edges.cache / "programs", files, "the programs of machines")


def images(entries: Mapping[str, Entry], versions: Versions, edges: Edges) -> tuple[Image, ...]:
    """Every image that a pod of the rehearsal is made of.

    Args:
        entries: the tools, by name.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
    """
    references = {
        "coredns": (f"rancher/mirrored-coredns-coredns:{versions.coredns}",),
        "pause": (pause_reference(),),
        "pod": workload_references(),
    }
    if plugin := device_plugin_reference():
        references["nvidia-device-plugin"] = (plugin,)
    return tuple(
        Image(program=name, sha256=_digest(entries[name], name), references=called, platform=str(edges.platform))
        for name, called in references.items()
    )


def workload_references(root: Path = ROOT) -> tuple[str, ...]:
    """Every image that a workload of the catalog names; the lock of images lists them all, and the device plugin's.

    Args:
        root: the catalog's folder.

    Raises:
        CatalogError: the lock cannot be read.
    """
    source = Source(root)
    lock = document(source, "lock/images.yaml", ImageLock)
    if lock is None:
        raise CatalogError(source.offences)
    return tuple(sorted({*lock.images} - {device_plugin_reference(root)}))


def device_plugin_reference(root: Path = ROOT) -> str | None:
    """The image of NVIDIA's device plugin; None where the cluster does not run it itself.

    Args:
        root: the catalog's folder.

    Raises:
        CatalogError: what K3s is cannot be read.
    """
    source = Source(root)
    k3s = document(source, "k3s.yaml", K3s)
    if k3s is None:
        raise CatalogError(source.offences)
    return k3s.gpu.image.reference if k3s.gpu.image else None


def pause_reference() -> str:
    """The image of sandboxes that K3s takes when it is told of no other."""
    flags = json.loads((REPOSITORY / K3S_FLAGS).read_bytes())
    return str(flags["agent"]["pause-image"]["default"])


def k3s_artefacts(entries: Mapping[str, Entry], versions: Versions, edges: Edges) -> dict[str, str]:
    """The digest of the stand-in of each release of K3s; the file of that name is in the folder of artefacts.

    Args:
        entries: the tools, by name.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
    """
    digests = {}
    folder = artefacts_folder(edges)
    for release, tool in ((versions.k3s, "k3s"), (versions.k3s_previous, "k3s-previous")):
        program = entries[tool].program("k3s")
        digests[release] = _digest(entries[tool], "k3s")
        kept = folder / digests[release]
        if not same(kept, program):
            with writing(kept, "keeping what is delivered to machines"):
                folder.mkdir(parents=True, exist_ok=True)
                fresh = folder / f"{kept.name}.new"
                fresh.unlink(missing_ok=True)
                link(fresh, program)
                fresh.replace(kept)
    return digests


def artefacts_folder(edges: Edges) -> Path:
    """Where programs lie that are delivered to machines, each named by its digest.

    Args:
        edges: the machine that the rehearsal runs on.
    """
    return edges.cache / "artefacts"


def _programs(folder: str, entry: Entry) -> dict[str, tuple[Path, str]]:
    return {f"{folder}/{name}": (entry.program(name), _digest(entry, name)) for name in entry.manifest.programs}


def _digest(entry: Entry, program: str) -> str:
    return entry.manifest.files[entry.manifest.programs[program]].sha256
