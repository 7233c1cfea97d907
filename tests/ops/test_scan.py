"""What a scan finds, tells and leaves out."""

import json
import os
from pathlib import Path

import pytest

from ops import scan as scanning
from ops.error import InputError
from ops.scan import images, parts, results, scan
from render import ROOT

GREPPED = {
    "runs": [
        {
            "tool": {"driver": {"name": "grype"}},
            "results": [{"ruleId": "CVE-1", "level": "error", "message": {"text": "jinja2 2.10"}}],
        }
    ]
}


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    chosen = [part for part in parts() if part[0] in names]
    assert len(chosen) == len(names)
    monkeypatch.setattr(scanning, "parts", lambda: iter(chosen))


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of grype, whose database is reached as long as a file is there."""
    program, reached = tmp_path / "bin/grype", tmp_path / "reached"
    program.parent.mkdir()
    answer = json.dumps(GREPPED)
    program.write_text(f"#!/bin/sh\nif [ $1 = db ]; then test -e {reached}; exit; fi\necho '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    reached.touch()
    return reached


def test_this_checkout_has_nothing_to_tell_and_every_part_writes_its_document(monkeypatch, tmp_path):
    only(monkeypatch, "code", "workflows", "manifests-prod")
    found = scan(tmp_path / "sarif")
    assert (found.errors, [row.skipped for row in found.parts]) == ((), ["", "", ""])
    for row in found.parts:
        document = json.loads(Path(row.file).read_text())
        assert document["version"] == "2.1.0"
        assert [run["automationDetails"]["id"] for run in document["runs"]] == [f"{row.name}/0/"]


def test_what_is_planted_is_found_and_named_without_a_secret(monkeypatch, tmp_path):
    value = "gh" + "p_" + "aB3" * 12
    (tmp_path / "bad.py").write_text(f"import subprocess\nsubprocess.run('ls', shell=True)\nTOKEN = '{value}'\n")
    (tmp_path / ".github").mkdir()
    for name in (".secrets.baseline", "pyproject.toml", ".ci"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.setattr(scanning, "ROOT", tmp_path)
    monkeypatch.setattr(scanning, "git", lambda *_: type("Listed", (), {"stdout": "bad.py\0"}))
    only(monkeypatch, "code", "secrets")
    found = scan(tmp_path / "sarif")
    counted = {row.name: row.findings for row in found.parts}
    assert counted["code"] >= 1
    assert counted["secrets"] >= 1, "by its shape, and by chance"
    assert "bad.py:3 looks like a secret" in " ".join(found.errors)
    assert value not in found.model_dump_json() + (tmp_path / "sarif/secrets.sarif").read_text()


def test_what_a_database_knows_is_told_and_without_one_it_is_not_proven(monkeypatch, database):
    only(monkeypatch, "dependencies")
    assert scan(None).errors == ("dependencies: 1 findings, the first: CVE-1: jinja2 2.10",)
    database.unlink()
    (row,) = scan(None).parts
    assert row.skipped.startswith("its database is not reached")
    monkeypatch.setenv("PATH", "/nonexistent")
    (row,) = scan(None).parts
    assert "install grype" in row.skipped
    assert scan(None).errors == ()


def test_images_without_a_digest_are_not_proven():
    with pytest.raises(scanning.SkippedError, match=r"none of \d+ images has a digest yet"):
        images()


def test_what_somebody_answers_for_and_what_is_only_noted_is_no_finding():
    found = [{"level": "note"}, {"level": "error", "suppressions": [{"kind": "external"}]}, {"level": "warning"}]
    assert results([{"results": found}, {}]) == [{"level": "warning"}]


def test_a_folder_that_cannot_be_written_is_bad_input(monkeypatch, tmp_path):
    only(monkeypatch, "workflows")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/\w+\.sarif: it cannot be written"):
        scan(tmp_path / "file")
