"""What every machine of the rehearsal brings at ``/opt/rehearsal``, as one folder to mount, and the K3s to deliver.

::

    kubernetes/<release>/kube-apiserver ... kubelet, kube-proxy, kubectl
    bin/etcd, etcdctl, etcdutl, helm, kube-router, kwok
    charts/traefik-<version>.tgz
    kwok-stages.yaml
    images/*.tar
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from catalog import ROOT
from catalog.image_lock import ImageLock
from catalog.k3s import K3s
from catalog.shape import required
from catalog.versions import Versions
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.data_images import is_backup
from rehearsal.toolchain.disk import writing
from rehearsal.toolchain.edges import REPOSITORY, Edges
from rehearsal.toolchain.images import Image, Layer, archive, of_program
from rehearsal.toolchain.linked import link, linked_folder, same
from rehearsal.toolchain.site_images import is_site
from rehearsal.toolchain.wheel_images import is_served

_OUR_IMAGES = "scoobyjava15/"
_OF_OURS = ("egress-proxy", "mcp-gateway")
"""Programs of the platform itself that are images of their own."""
"""What the references of all images that are ours begin with."""
STAND_IN = "rehearsal/pod:1.0.0"
"""The image that stands in for those that are not built yet, by a name of its own."""
K3S_FLAGS = "providers/host/k3s_flags.json"
"""From the repository's root: what K3s takes, and its defaults."""

_BY_RELEASE = {
    "kubernetes": ("kubernetes", "kubernetes-node"),
    "kubernetes_previous": ("kubernetes-previous", "kubernetes-node-previous"),
}
_ANY_RELEASE = ("etcd", "helm", "kube-router", "kwok")
_ARTEFACTS = {"kwok-stages": "", "traefik-chart": "charts/"}
"""Folders of files that are no programs, by the tool that brings them."""
KLIPPER_LB = "rancher/klipper-lb:v0.4.17"
"""What K3s makes the pods of a Service of type LoadBalancer of."""


def programs_folder(entries: Mapping[str, Entry], versions: Versions, edges: Edges, more: Iterable[Image] = ()) -> Path:
    """The folder to mount; its content never changes, other programs have another folder.

    Args:
        entries: the tools, by name.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
        more: images beside those of static programs.
    """
    files: dict[str, tuple[Path, str]] = {}
    for release, tools in _BY_RELEASE.items():
        for tool in tools:
            files |= _programs(f"kubernetes/{getattr(versions, release)}", entries[tool])
    for tool in _ANY_RELEASE:
        files |= _programs("bin", entries[tool])
    for tool, folder in _ARTEFACTS.items():
        for name, record in entries[tool].manifest.files.items():
            files[f"{folder}{name}"] = entries[tool].folder / name, record.sha256
    for image in (*images(entries, versions, edges), *more):
        files[f"images/{image.name}.tar"] = archive(edges.cache / "images", image), image.key
    return linked_folder(edges.cache / "programs", files, "the programs of machines")


def images(entries: Mapping[str, Entry], versions: Versions, edges: Edges) -> tuple[Image, ...]:
    """Every image of one static program that a pod of the rehearsal is made of.

    Args:
        entries: the tools, by name.
        versions: the pinned versions.
        edges: the machine that the rehearsal runs on.
    """
    references = {
        "coredns": (f"rancher/mirrored-coredns-coredns:{versions.coredns}",),
        "klipper-lb": (KLIPPER_LB,),
        **{program: tuple(one for one in workload_references() if _program_of(one) == program) for program in _OF_OURS},
        "pause": (pause_reference(),),
        "pod": (STAND_IN, *(one for one in workload_references() if not _is_made(one))),
    }
    if plugin := device_plugin_reference():
        references["nvidia-device-plugin"] = (plugin,)
    of_programs = tuple(
        of_program(name, entries[name].program(name), entries[name].sha256(name), called, str(edges.platform))
        for name, called in references.items()
    )
    provisioner = _provisioner(entries["local-path-provisioner"], versions, edges)
    return (*of_programs, provisioner, *_cert_manager(entries["cert-manager"], versions, edges))


def _provisioner(entry: Entry, versions: Versions, edges: Edges) -> Image:
    """Return the image of what makes volumes, which a pod calls by its name alone."""
    name, folder = "local-path-provisioner", "usr/bin"
    files = {f"{folder}/{name}": entry.program(name)}
    return Image(
        name=name,
        layers=(Layer(key=entry.sha256(name), files=files),),
        entrypoint=(f"/{folder}/{name}",),
        environment=(f"PATH=/{folder}",),
        references=(f"rancher/{name}:v{versions.local_path_provisioner}",),
        platform=str(edges.platform),
    )


def _cert_manager(entry: Entry, versions: Versions, edges: Edges) -> Iterator[Image]:
    """Yield the images of cert-manager: one program, and which part of it to be."""
    program, digest = entry.program("cert-manager"), entry.sha256("cert-manager")
    for part in ("controller", "webhook", "cainjector"):
        reference = f"quay.io/jetstack/cert-manager-{part}:v{versions.cert_manager}"
        yield Image(
            name=f"cert-manager-{part}",
            layers=(Layer(key=digest, files={"cert-manager": program}),),
            entrypoint=("/cert-manager", part),
            user="1000",  # as in the vendor's images, whose chart counts on it
            references=(reference,),
            platform=str(edges.platform),
        )


def _is_made(reference: str) -> bool:
    """Tell whether something of its own is in an image."""
    return is_served(reference) or is_backup(reference) or is_site(reference) or _program_of(reference) is not None


def _program_of(reference: str) -> str | None:
    """Return which of our programs an image holds; None for one of none."""
    name = reference.removeprefix(f"{_OUR_IMAGES}sophia-").partition(":")[0]
    return name if name in _OF_OURS else None


def workload_references(root: Path = ROOT) -> tuple[str, ...]:
    """Every image of ours; the lock of images lists them all, and those of vendors, which follow from the versions.

    Args:
        root: the catalog's folder.

    Raises:
        CatalogError: the lock cannot be read.
    """
    lock = required(root, "lock/images.yaml", ImageLock)
    return tuple(sorted(name for name in lock.images if name.startswith(_OUR_IMAGES)))


def device_plugin_reference(root: Path = ROOT) -> str | None:
    """The image of NVIDIA's device plugin; None where the cluster does not run it itself.

    Args:
        root: the catalog's folder.

    Raises:
        CatalogError: what K3s is cannot be read.
    """
    image = required(root, "k3s.yaml", K3s).gpu.image
    return image.reference if image else None


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
        digests[release] = entries[tool].sha256("k3s")
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
    return {f"{folder}/{name}": (entry.program(name), entry.sha256(name)) for name in entry.manifest.programs}
