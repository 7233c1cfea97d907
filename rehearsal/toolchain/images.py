"""Images of the rehearsal: files in layers under every reference that pods name, as an archive to import.

The archives are OCI image layouts, which containerd imports with ``ctr --namespace k8s.io images import``.
"""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rehearsal.toolchain.disk import writing

_FORMAT = 3
"""Of what is written below; another number makes every archive anew."""
_OCI = "application/vnd.oci.image"
_REGISTRY = "docker.io"
_Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Files that come into an image together."""

    key: str
    """What names their content: the same key is always the same files."""
    files: Mapping[str, Path] = field(repr=False)
    """Each file or symbolic link by its path in the image, without a leading slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What containers are made of."""

    name: str
    """Its name among the archives."""
    layers: tuple[Layer, ...]
    """Its files, the lowest layer first."""
    entrypoint: tuple[str, ...]
    """What it runs."""
    environment: tuple[str, ...] = ()
    """Environment variables that it brings, as ``NAME=value``."""
    user: str = ""
    """Who it runs as where a pod says nothing; root by default."""
    stop_signal: str = ""
    """What asks it to end; SIGTERM by default."""
    references: tuple[str, ...]
    """What pods call it."""
    platform: str
    """What it is built for, such as linux/amd64."""

    @property
    def key(self) -> str:
        """What names its content."""
        made = [_FORMAT, self.name, [layer.key for layer in self.layers], self.entrypoint, self.environment]
        text = json.dumps([*made, self.user, self.stop_signal, self.references, self.platform])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def of_program(name: str, program: Path, sha256: str, references: tuple[str, ...], platform: str) -> Image:
    """The image of one static program, which runs ``/<name>``.

    Args:
        name: the program's name.
        program: the program.
        sha256: its digest.
        references: what pods call it.
        platform: what it is built for, such as linux/amd64.
    """
    layer = Layer(key=sha256, files={name: program})
    return Image(name=name, layers=(layer,), entrypoint=(f"/{name}",), references=references, platform=platform)


def of_tree(place: str, tree: Path) -> Layer:
    """The layer of all files of a folder.

    Args:
        place: where they are in the image, without slashes around it; empty for its root.
        tree: the folder; its path's last two names are those of its content.
    """
    found = ((str(file.relative_to(tree)), file) for file in tree.rglob("*") if file.is_symlink() or file.is_file())
    return Layer(
        key=f"{place}:{tree.parent.name}/{tree.name}",
        files={f"{place}/{name}" if place else name: file for name, file in found},
    )


def of_sources(place: str, folder: Path, pattern: str) -> Layer:
    """A layer of a folder's own files, named by their content.

    Args:
        place: where they are in the image, without a leading slash.
        folder: the folder.
        pattern: which files, such as ``*.py``.
    """
    files = {f"{place}/{file.name}": file for file in sorted(folder.glob(pattern))}
    digest = hashlib.sha256()
    for name, file in files.items():
        digest.update(f"{name}\n".encode() + file.read_bytes())
    return Layer(key=digest.hexdigest(), files=files)


def archive(folder: Path, image: Image) -> Path:
    """An archive of the image; the same content is always the same bytes.

    Args:
        folder: where archives are kept.
        image: the image.
    """
    path = folder / f"{image.name}-{image.key}.tar"
    if not path.exists():
        with writing(path, f"making the image of {image.name}"):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="making-", dir=folder) as aside:
                whole = Path(aside) / path.name
                _write(whole, image)
                whole.replace(path)
    return path


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


def _write(path: Path, image: Image) -> None:
    unpacked = [_packed(layer) for layer in image.layers]
    # Compressed: every node copies and hashes each image, and unpacks those alone that run there.
    layers = [gzip.compress(layer, 6, mtime=0) for layer in unpacked]
    os, architecture = image.platform.split("/")
    platform = {"architecture": architecture, "os": os}
    settings = {"Entrypoint": list(image.entrypoint), "Env": list(image.environment), "User": image.user}
    config = _document(
        {
            **platform,
            "config": settings | ({"StopSignal": image.stop_signal} if image.stop_signal else {}),
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in unpacked]},
        }
    )
    manifest = _document(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": _described(config, "config.v1+json"),
            "layers": [_described(layer, "layer.v1.tar+gzip") for layer in layers],
        }
    )
    entry = {**_described(manifest, "manifest.v1+json"), "platform": platform}
    index = {"schemaVersion": 2, "manifests": list(_named(entry, image.references))}
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as packed:
        _add(packed, "oci-layout", _document({"imageLayoutVersion": "1.0.0"}))
        _add(packed, "index.json", _document(index))
        for blob in (config, manifest, *layers):
            _add(packed, f"blobs/{_digest(blob).replace(':', '/')}", blob)


def _packed(layer: Layer) -> bytes:
    """Return the layer as a tar archive: in the order of its names, without times and owners."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for folder in sorted({*_above(layer.files)}):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            packed.addfile(member)
        for name, file in sorted(layer.files.items()):
            if file.is_symlink():
                member = tarfile.TarInfo(name)
                member.type, member.linkname = tarfile.SYMTYPE, str(file.readlink())
                packed.addfile(member)
                continue
            status = file.stat()
            with file.open("rb") as opened:
                packed.addfile(_member(name, status.st_size, 0o755 if status.st_mode & 0o111 else 0o644), opened)
    return content.getvalue()


def _above(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from (str(folder) for folder in PurePosixPath(name).parents if str(folder) != ".")


def _named(entry: _Json, references: Iterable[str]) -> Iterable[_Json]:
    for name in sorted(map(full_name, references)):
        annotations = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
        yield {**entry, "annotations": annotations}


def _document(content: _Json) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _described(content: bytes, kind: str) -> _Json:
    return {"mediaType": f"{_OCI}.{kind}", "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _add(packed: tarfile.TarFile, name: str, content: bytes) -> None:
    packed.addfile(_member(name, len(content)), io.BytesIO(content))


def _member(name: str, size: int, mode: int = 0o644) -> tarfile.TarInfo:
    """Without time and owner, so that the same content is the same bytes."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, mode
    return member
