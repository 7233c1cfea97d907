"""Images of the rehearsal: each one static program under every reference that pods name, as an archive to import.

The archives are OCI image layouts, which containerd imports with ``ctr --namespace k8s.io images import``.
"""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rehearsal.toolchain.disk import writing

_FORMAT = 2
"""Of what is written below; another number makes every archive anew."""
_OCI = "application/vnd.oci.image"
_REGISTRY = "docker.io"
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One program as an image."""

    program: str
    """Its name: the image runs ``/<program>``."""
    sha256: str
    """Its digest."""
    references: tuple[str, ...]
    """What pods call it."""
    platform: str
    """What it is built for, such as linux/amd64."""


def archive(folder: Path, image: Image, program: Path) -> tuple[Path, str]:
    """An archive of the image, and the key of its content; the same content is always the same bytes.

    Args:
        folder: where archives are kept.
        image: the image.
        program: the static program.
    """
    facts = {"format": _FORMAT, **asdict(image)}
    key = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
    path = folder / f"{image.program}-{key}.tar"
    if not path.exists():
        with writing(path, f"making the image of {image.program}"):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="making-", dir=folder) as aside:
                whole = Path(aside) / path.name
                _write(whole, image, program)
                whole.replace(path)
    return path, key


def full_name(reference: str) -> str:
    """A reference as containerd keeps it: with its registry.

    Args:
        reference: a reference as pods have it.

    >>> full_name("rancher/mirrored-pause:3.6"), full_name("nginx:1"), full_name("ghcr.io/a/b:1")
    ('docker.io/rancher/mirrored-pause:3.6', 'docker.io/library/nginx:1', 'ghcr.io/a/b:1')
    """
    first, slash, _ = reference.partition("/")
    if not slash:
        return f"{_REGISTRY}/library/{reference}"
    return reference if "." in first or ":" in first else f"{_REGISTRY}/{reference}"


def _write(path: Path, image: Image, program: Path) -> None:
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.USTAR_FORMAT) as packed, program.open("rb") as content:
        packed.addfile(_member(image.program, program.stat().st_size, 0o755), content)
    # Compressed: every node copies and hashes each image, and unpacks those alone that run there.
    layer = gzip.compress(unpacked.getbuffer(), 6, mtime=0)
    os, architecture = image.platform.split("/")
    platform = {"architecture": architecture, "os": os}
    config = _document(
        {
            **platform,
            "config": {"Entrypoint": [f"/{image.program}"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(unpacked.getbuffer())]},
        }
    )
    manifest = _document(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _described(config, "config.v1+json"),
            "layers": [_described(layer, "layer.v1.tar+gzip")],
        }
    )
    entry = {**_described(manifest, "manifest.v1+json"), "platform": platform}
    index = {"schemaVersion": 2, "manifests": list(_named(entry, image.references))}
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as packed:
        _add(packed, "oci-layout", _document({"imageLayoutVersion": "1.0.0"}))
        _add(packed, "index.json", _document(index))
        _add(packed, _blob(config), config)
        _add(packed, _blob(manifest), manifest)
        _add(packed, _blob(layer), layer)


def _named(entry: _Json, references: Iterable[str]) -> Iterable[_Json]:
    for name in sorted(map(full_name, references)):
        annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
        yield {**entry, "annotations": annotations}


def _document(content: _Json) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _described(content: bytes, kind: str) -> _Json:
    digest = _digest(content)
    return {"mediaType": f"{_OCI}.{kind}", "digest": digest, "size": len(content)}


def _digest(content: bytes | memoryview) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _add(packed: tarfile.TarFile, name: str, content: bytes) -> None:
    packed.addfile(_member(name, len(content)), io.BytesIO(content))


def _blob(content: bytes) -> str:
    return f"blobs/{_digest(content).replace(':', '/')}"


def _member(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    """Without time and owner, so that the same content is the same bytes."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member
