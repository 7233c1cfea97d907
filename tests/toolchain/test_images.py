"""Archives of images: what a registry would hold, made of one program, and the same bytes for the same content."""

import gzip
import hashlib
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain.images import Image, archive, full_name

PROGRAM = b"static"
IMAGE = Image(
    program="pod",
    sha256=hashlib.sha256(PROGRAM).hexdigest(),
    references=("somebody/sophia-mcp-github:1.0.0", "somebody/sophia-mcp-asana:1.0.0"),
    platform="linux/amd64",
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "made"
    path.write_bytes(PROGRAM)
    return path


@pytest.fixture
def made(tmp_path: Path, program: Path) -> Path:
    return archive(tmp_path / "images", IMAGE, program)[0]


def _content(packed: Path) -> dict[str, bytes]:
    with tarfile.open(packed) as file:
        return {member.name: opened.read() for member in file if (opened := file.extractfile(member))}


def _document(content: dict[str, bytes], name: str) -> Any:
    return json.loads(content[name])


def test_every_reference_names_the_same_image(made: Path) -> None:
    content = _content(made)
    manifests = _document(content, "index.json")["manifests"]
    names = [manifest["annotations"]["io.containerd.image.name"] for manifest in manifests]
    assert names == [f"docker.io/somebody/sophia-mcp-{name}:1.0.0" for name in ("asana", "github")]
    assert len({manifest["digest"] for manifest in manifests}) == 1


def test_everything_that_is_named_by_a_digest_has_it(made: Path) -> None:
    blobs = {name: data for name, data in _content(made).items() if name.startswith("blobs/")}
    assert blobs
    assert {name: f"blobs/sha256/{hashlib.sha256(data).hexdigest()}" for name, data in blobs.items()} == {
        name: name for name in blobs
    }


def test_the_image_runs_its_program_on_its_platform(made: Path, tmp_path: Path) -> None:
    content = _content(made)

    def blob(described: Any) -> str:
        return f"blobs/{described['digest'].replace(':', '/')}"

    manifest = _document(content, blob(_document(content, "index.json")["manifests"][0]))
    config = _document(content, blob(manifest["config"]))
    assert config["config"]["Entrypoint"] == ["/pod"]
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    (layer,) = manifest["layers"]
    unpacked = tmp_path / "layer.tar"
    unpacked.write_bytes(gzip.decompress(content[blob(layer)]))
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(unpacked.read_bytes()).hexdigest()}"]
    with tarfile.open(unpacked) as file:
        (member,) = file.getmembers()
        opened = file.extractfile(member)
        assert opened is not None
        assert (member.name, member.mode, opened.read()) == ("pod", 0o755, PROGRAM)


def test_the_same_content_is_the_same_bytes(made: Path, program: Path, tmp_path: Path) -> None:
    os.utime(program, (1, 1))
    again, _ = archive(tmp_path / "elsewhere", IMAGE, program)
    assert (again.name, again.read_bytes()) == (made.name, made.read_bytes())


def test_an_archive_that_is_there_is_not_made_again(made: Path, program: Path, tmp_path: Path) -> None:
    before = made.stat()
    program.unlink()
    archive(tmp_path / "images", IMAGE, program)
    assert (made.stat().st_ino, made.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"references": ("other:1",)}, {"platform": "linux/arm64"}])
def test_another_content_is_another_archive(made: Path, program: Path, tmp_path: Path, change: Any) -> None:
    assert archive(tmp_path / "images", replace(IMAGE, **change), program)[0] != made


def test_nothing_is_left_of_an_archive_that_could_not_be_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archive(tmp_path / "images", IMAGE, tmp_path / "missing")
    assert list((tmp_path / "images").iterdir()) == []


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("rancher/mirrored-pause:3.6", "docker.io/rancher/mirrored-pause:3.6"),
        ("nginx:1", "docker.io/library/nginx:1"),
        ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ("localhost:5000/a:1", "localhost:5000/a:1"),
    ],
)
def test_a_reference_is_named_as_containerd_keeps_it(reference: str, name: str) -> None:
    assert full_name(reference) == name
