"""Which version of every tool the platform runs on, and the digests of what set-up may download."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import Field, ValidationError

from catalog.model import Model
from catalog.offence import CatalogError, Offence

VERSIONS = Path(__file__).parent / "versions.yaml"
TOOL_LOCK = Path(__file__).parent / "lock" / "tools.yaml"

Version = Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
"""Three numbers, such as 1.36.0."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest as 64 lower-case hexadecimal digits."""


K3sVersion = Annotated[str, Field(pattern=r"^v1\.[0-9]+\.[0-9]+\+k3s[0-9]+$", examples=["v1.36.2+k3s1"])]
"""A release of K3s: that of Kubernetes, and a number of its own."""


class Versions(Model):
    """The pinned version of every tool."""

    pulumi: Version
    """The Pulumi CLI and the `pulumi` wheel."""
    pulumi_language_python: Version
    """The Python language host when it is built from Go modules; a downloaded one has the CLI's version."""
    pulumi_kubernetes: Version
    """The `pulumi-kubernetes` wheel and the provider plugin, which must be equal."""
    kubernetes: Version
    """The control plane, kubectl, kubelet and kube-proxy."""
    kubernetes_previous: Version
    """The release of Kubernetes that a rehearsal upgrades from."""
    etcd: Version
    """The etcd server, etcdctl and etcdutl."""
    kwok: Version
    """The simulator of nodes and pods, and its stages."""
    k3s: K3sVersion
    """The release of K3s that stands on that Kubernetes."""
    k3s_previous: K3sVersion
    """The release of K3s that a rehearsal upgrades from."""
    kube_router: Version
    """kube-router, whose controller of network policies K3s runs on every node."""
    coredns: Version
    """The DNS server of a cluster, as K3s packages it."""
    local_path_provisioner: Version
    """What makes the volumes of a cluster, as K3s packages it."""
    helm: Version
    """Helm, which renders charts: that of the cluster's Traefik, and those of add-ons."""
    traefik: Version
    """The Traefik that the cluster's charts run."""
    traefik_chart: Version
    """Traefik's chart; K3s packages one of its own."""
    gateway_api: Version
    """The definitions of gateways and routes."""
    cert_manager: Version
    """What issues certificates: its chart, its images, and the packages that the rehearsal builds it from."""
    weaviate: Version
    """Weaviate's server, as the stack that hosts it itself runs it."""
    postgresql: Annotated[str, Field(pattern=r"^\d+$")]
    """The major release of PostgreSQL; its image's own tag says no more."""
    pgvector: Version
    """What keeps vectors in PostgreSQL, and names its image."""
    valkey: Version
    """The cache: its image, and the client in that of backups."""
    postgres_exporter: Version
    """What measures PostgreSQL."""
    redis_exporter: Version
    """What measures Valkey."""
    nginx: Version
    """nginx, which serves the sites where the cluster does."""
    knot: Version
    """Knot DNS, which answers for the platform's zone in a rehearsal."""
    versitygw: Version
    """Versity's S3 gateway, which is the object storage of a rehearsal."""
    actionlint: Version
    """actionlint, which reads workflows as GitHub would."""
    nvidia_device_plugin: Version
    """NVIDIA's device plugin: its image, and the types that its stand-in reads its configuration with."""
    go: Version
    """The oldest Go release that builds the tools."""


class ToolLock(Model):
    """Digests of downloads, by tool, platform (such as ``linux/amd64``) and address."""

    tools: Mapping[str, Mapping[str, Mapping[str, Sha256 | None]]]
    """An empty digest means that nobody has verified one yet; it is never invented."""

    def sha256(self, url: str) -> str | None:
        """The locked digest of one address, or None when it is not filled or not listed."""
        digests = (artefacts.get(url) for platforms in self.tools.values() for artefacts in platforms.values())
        return next((digest for digest in digests if digest is not None), None)


_M = TypeVar("_M", bound=Model)


def read_versions(path: Path = VERSIONS) -> Versions:
    """The pinned versions, read from YAML.

    Args:
        path: the file that pins them.

    Raises:
        CatalogError: the file is missing, is not YAML or breaks the model; every offence is named.
    """
    return _read(path, Versions)


def read_tool_lock(path: Path = TOOL_LOCK) -> ToolLock:
    """The lock of downloaded tools, read from YAML.

    Args:
        path: the lock file.

    Raises:
        CatalogError: the file is missing, is not YAML or breaks the model; every offence is named.
    """
    return _read(path, ToolLock)


def _read(path: Path, model: type[_M]) -> _M:
    shown = f"catalog/{path.relative_to(VERSIONS.parent)}" if path.is_relative_to(VERSIONS.parent) else str(path)
    remedy = "correct the file, or bring it back with `git checkout`"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        where = " ".join(str(error).split())
        raise CatalogError([Offence(shown, where, "the file must be readable YAML", remedy)]) from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise CatalogError(
            [
                Offence(f"{shown}: {'.'.join(map(str, fault['loc']))}", repr(fault["input"])[:80], fault["msg"], remedy)
                for fault in error.errors()
            ]
        ) from error
