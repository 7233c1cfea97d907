"""Images of the data services: what they are called, and what of Debian's packages comes into them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.versions import read_versions
from rehearsal.toolchain import ToolError, data_tree
from rehearsal.toolchain.cache import Entry
from rehearsal.toolchain.data_images import data_images, data_references, is_backup, program_images
from rehearsal.toolchain.debian import bootstrap
from rehearsal.toolchain.edges import Edges
from rehearsal.toolchain.images import Layer
from rehearsal.toolchain.machine_programs import workload_references
from rehearsal.toolchain.progress import Progress

VERSIONS = read_versions()
TRUSTED = Layer(key="certificates", files={"etc/ssl/certs/ca-certificates.crt": Path("made")})
LIBRARY = "usr/lib/x86_64-linux-gnu/libc.so.6"


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Each folder that packages were unpacked in: a few files in the place of Debian's."""
    roots: list[Path] = []

    def write(root: Path, _suite: str, packages: tuple[str, ...], *_options: str) -> None:
        roots.append(root)
        files = {
            LIBRARY: "the same everywhere",
            "usr/bin/first": packages[-1],
            "usr/share/doc/first/copyright": "",
            "usr/bin/perl5.40": "",
            "etc/hostname": "this computer's",
            "etc/passwd": "this computer's",
        }
        if "ca-certificates" in packages:
            files |= {f"usr/share/ca-certificates/mozilla/{name}.crt": f"{name}\n" for name in ("two", "one")}
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        (root / "lib").symlink_to("usr/lib")
        (root / "usr/bin/psql").symlink_to("../share/postgresql-common/pg_wrapper")

    monkeypatch.setattr(data_tree, "bootstrap", write)
    return roots


@pytest.fixture
def tree(unpacked: list[Path], edges: Edges, progress: Progress) -> Path:
    made = data_tree.data_tree(VERSIONS, edges, progress)
    assert len(unpacked) == 3
    return made


def _files(folder: Path) -> set[str]:
    found = (path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return {str(path.relative_to(folder)) for path in found}


def test_images_are_called_as_their_vendors_call_them() -> None:
    update = {"postgresql": "17", "pgvector": "0.8.0", "valkey": "8.1.1", "weaviate": "1.2.3"}
    exporters = {"postgres_exporter": "0.1.2", "redis_exporter": "1.0.1"}
    assert {*data_references(VERSIONS.model_copy(update=update | exporters)).values()} == {
        "pgvector/pgvector:0.8.0-pg17-trixie",
        "valkey/valkey:8.1.1-trixie",
        "cr.weaviate.io/semitechnologies/weaviate:1.2.3",
        "quay.io/prometheuscommunity/postgres-exporter:v0.1.2",
        "oliver006/redis_exporter:v1.0.1",
    }


def test_programs_are_where_their_vendors_images_have_them(entries: Mapping[str, Entry]) -> None:
    made = program_images(entries, TRUSTED, VERSIONS, "linux/amd64")
    certificates = [*TRUSTED.files]
    found = {
        one.name: (one.entrypoint, one.user, [name for layer in one.layers for name in layer.files]) for one in made
    }
    assert found == {
        "weaviate": (("/bin/weaviate",), "", [*certificates, "bin/weaviate"]),
        "postgres-exporter": (("/bin/postgres_exporter",), "65534", ["bin/postgres_exporter"]),
        "redis-exporter": (("/redis_exporter",), "59000:59000", [*certificates, "redis_exporter"]),
    }


def test_the_images_of_debian_have_one_layer_in_common(
    tree: Path, entries: Mapping[str, Entry], edges: Edges, progress: Progress
) -> None:
    made = data_images(entries, workload_references(), VERSIONS, edges, progress)
    debian = [one for one in made if one.name in {"postgresql", "valkey", "backup"}]
    assert len(debian) == 3
    assert {one.layers[0].key for one in debian} == {f":{tree.name}/shared"}
    assert len({one.layers[1].key for one in debian}) == 3
    assert all(one.references for one in made)


def test_only_what_is_the_same_everywhere_is_shared(tree: Path) -> None:
    assert _files(tree / "shared") == {LIBRARY, "lib", "var/run"}
    own = {"usr/bin/first", "etc/passwd", "etc/group"}
    assert _files(tree / "postgresql") == _files(tree / "valkey") == own
    assert _files(tree / "backup") == {*own, "etc/ssl/certs/ca-certificates.crt"}


def test_nothing_of_this_computer_comes_into_an_image(tree: Path) -> None:
    assert [path for path in tree.rglob("*") if path.is_file() and "this computer's" in path.read_text()] == []


def test_users_have_the_numbers_that_they_have_in_the_vendors_images(tree: Path) -> None:
    def numbers(name: str) -> dict[str, str]:
        return {line.split(":")[0]: line.split(":")[2] for line in (tree / name).read_text().splitlines()}

    assert numbers("postgresql/etc/passwd")["postgres"] == numbers("postgresql/etc/group")["postgres"] == "999"
    assert numbers("valkey/etc/passwd")["valkey"] == numbers("valkey/etc/group")["valkey"] == "999"


def test_the_certificates_are_in_one_file(tree: Path) -> None:
    assert (tree / "backup/etc/ssl/certs/ca-certificates.crt").read_text() == "one\ntwo\n"


@pytest.mark.parametrize("change", [{"pgvector": "9.9.9"}, {"valkey": "9.9.9"}, {"postgresql": "99"}])
def test_another_version_is_another_tree(
    tree: Path, change: Mapping[str, str], edges: Edges, progress: Progress
) -> None:
    assert data_tree.data_tree(VERSIONS.model_copy(update=change), edges, progress) != tree


def test_a_tree_that_is_there_is_not_made_again(
    tree: Path, unpacked: list[Path], edges: Edges, progress: Progress
) -> None:
    assert data_tree.data_tree(VERSIONS, edges, progress) == tree
    assert len(unpacked) == 3


def test_nothing_is_left_of_a_tree_on_a_full_disk(unpacked: list[Path], edges: Edges, progress: Progress) -> None:
    with pytest.raises(ToolError, match="Debian's packages"):
        data_tree.data_tree(VERSIONS, replace(edges, free_bytes=lambda _: 0), progress)
    assert (unpacked, [*(edges.cache / "trees").glob("*data-*")]) == ([], [])


def test_only_root_unpacks_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ToolError, match=r"sudo \./sophia setup"):
        bootstrap(tmp_path / "root", "trixie", ("dash",))


def test_the_image_of_backups_is_one_of_ours() -> None:
    assert [one for one in workload_references() if is_backup(one)] == ["scoobyjava15/sophia-backup:1.0.0"]
