"""Archives of images: what a registry would hold, made of one program, and the same bytes for the same content."""

import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain.images import Image, Layer, archive, full_name, of_program

PROGRAM = b"static"
DIGEST = hashlib.sha256(PROGRAM).hexdigest()
REFERENCES = ("somebody/sophia-mcp-github:1.0.0", "somebody/sophia-mcp-asana:1.0.0")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "made"
    path.write_bytes(PROGRAM)
    path.chmod(0o755)
    return path


@pytest.fixture
def image(program: Path) -> Image:
    return of_program("pod", program, DIGEST, REFERENCES, "linux/amd64")


@pytest.fixture
def made(tmp_path: Path, image: Image) -> Path:
    return archive(tmp_path / "images", image)


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


def test_layers_lie_over_each_other_with_links_and_without_times_and_owners(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "script").chmod(0o700)
    (tmp_path / "bin").symlink_to("usr/bin")
    lower = Layer(key="lower", files={"usr/bin/run": tmp_path / "script", "bin": tmp_path / "bin"})
    upper = Layer(key="upper", files={"srv/run": tmp_path / "script"})
    image = Image(
        name="two",
        layers=(lower, upper),
        entrypoint=("/bin/run",),
        environment=("A=1",),
        user="1000",
        stop_signal="SIGINT",
        references=("two:1",),
        platform="linux/amd64",
    )
    content = _content(archive(tmp_path / "images", image))
    entry = _document(content, "index.json")["manifests"][0]
    manifest = _document(content, f"blobs/{entry['digest'].replace(':', '/')}")
    config = _document(content, f"blobs/{manifest['config']['digest'].replace(':', '/')}")
    assert config["config"] == {"Entrypoint": ["/bin/run"], "Env": ["A=1"], "User": "1000", "StopSignal": "SIGINT"}
    assert len(config["rootfs"]["diff_ids"]) == 2
    members = []
    for layer in manifest["layers"]:
        unpacked = io.BytesIO(gzip.decompress(content[f"blobs/{layer['digest'].replace(':', '/')}"]))
        with tarfile.open(fileobj=unpacked) as file:
            members.append({one.name: (one.linkname or one.mode, one.mtime, one.uid) for one in file.getmembers()})
    assert members == [
        {"usr": (0o755, 0, 0), "usr/bin": (0o755, 0, 0), "bin": ("usr/bin", 0, 0), "usr/bin/run": (0o755, 0, 0)},
        {"srv": (0o755, 0, 0), "srv/run": (0o755, 0, 0)},
    ]


def test_the_same_content_is_the_same_bytes(made: Path, image: Image, program: Path, tmp_path: Path) -> None:
    os.utime(program, (1, 1))
    again = archive(tmp_path / "elsewhere", image)
    assert (again.name, again.read_bytes()) == (made.name, made.read_bytes())


def test_an_archive_that_is_there_is_not_made_again(made: Path, image: Image, program: Path, tmp_path: Path) -> None:
    before = made.stat()
    program.unlink()
    archive(tmp_path / "images", image)
    assert (made.stat().st_ino, made.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "change",
    [
        {"layers": (Layer(key="other", files={}),)},
        {"references": ("other:1",)},
        {"platform": "linux/arm64"},
        {"environment": ("A=1",)},
        {"stop_signal": "SIGINT"},
    ],
)
def test_another_content_is_another_archive(made: Path, image: Image, tmp_path: Path, change: Any) -> None:
    assert archive(tmp_path / "images", replace(image, **change)) != made


def test_nothing_is_left_of_an_archive_that_could_not_be_made(image: Image, program: Path, tmp_path: Path) -> None:
    program.unlink()
    with pytest.raises(FileNotFoundError):
        archive(tmp_path / "images", image)
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
