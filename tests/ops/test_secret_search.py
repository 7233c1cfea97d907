"""A value is found in whatever form and place it was left, and only there."""

import base64
import gzip
import json
import sqlite3
from contextlib import closing
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.secret_places import explained
from ops.secret_rows import FoundRow
from ops.secret_search import FORMS, Search, files
from rehearsal.machines.testing import key_pair

VALUE = "rehearsal-" + "0f/+é9" * 4


def found(content: bytes, value: str = VALUE) -> set[str]:
    search = Search({"KEY": value})
    search.look("files", "here", content)
    assert all((row.name, row.kind, row.place) == ("KEY", "files", "here") for row in search.found)
    return {row.form for row in search.found}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("plain", VALUE.encode()),
        ("JSON", json.dumps({"key": VALUE}).encode()),
        ("JSON", json.dumps(json.dumps({"key": VALUE})).encode()),
        ("URL", f"postgres://user:{quote(VALUE, safe='')}@host/".encode()),
        ("base64", base64.urlsafe_b64encode(VALUE.encode())),
        ("hex", VALUE.encode().hex().encode()),
        ("hex", VALUE.encode().hex().upper().encode()),
    ],
)
def test_a_value_is_found_in_each_form(form, text):
    assert form in found(b"before " + text + b" after")
    assert form in FORMS


@given(before=st.binary(max_size=5), after=st.binary(max_size=5), value=st.text(min_size=16, max_size=64))
def test_base64_is_found_wherever_the_value_begins(before, after, value):
    value = value.strip().ljust(16, "x")
    encoded = base64.b64encode(before + value.encode() + after)
    assert "base64" in found(encoded, value)


def test_other_texts_are_no_finding():
    assert found(b"rehearsal-" + b"0" * 40 + base64.b64encode(b"rehearsal-")) == set()


def test_a_key_is_found_by_one_of_its_lines_and_not_by_what_all_keys_share():
    mine, other = key_pair()[0], key_pair()[0]
    assert found(other.encode(), mine) == set()
    for line in mine.splitlines()[2:-1]:
        assert found(f"log: {line}".encode(), mine) == {"plain"}


def test_a_database_is_read_by_cells_and_a_packed_file_unpacked(tmp_path):
    with closing(sqlite3.connect(tmp_path / "kept.db")) as database:
        database.execute("CREATE TABLE kept (text)")
        # The end of a page cuts the value in two: the file itself has it nowhere in one piece.
        database.execute("INSERT INTO kept VALUES (?)", [("x" * 470 + VALUE).ljust(4574, "x")])
        database.commit()
    assert VALUE.encode() not in (tmp_path / "kept.db").read_bytes()
    (tmp_path / "log.gz").write_bytes(gzip.compress(VALUE.encode()))
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to(tmp_path / "log.gz")
    search = Search({"KEY": VALUE})
    for file in files(tmp_path):
        search.look_at_file("files", file, file.name)
    assert {row.place for row in search.found} == {"kept.db", "log.gz"}
    assert search.places == {"files": 3}


def test_what_is_older_is_left_out(tmp_path):
    (tmp_path / "a").touch()
    assert [*files(tmp_path, since=(tmp_path / "a").stat().st_ctime + 1)] == []


@pytest.mark.parametrize(("mode", "told"), [(0o600, True), (0o644, False)])
def test_a_place_may_hold_a_secret_where_root_alone_reads_it(tmp_path, mode, told):
    place = "machines/disks/0f/upper/etc/rancher/k3s/token"
    (tmp_path / place).parent.mkdir(parents=True)
    (tmp_path / place).touch()
    (tmp_path / place).chmod(mode)
    assert bool(explained(FoundRow(name="K3S_TOKEN", form="plain", kind="disks", place=place), tmp_path).why) is told


def test_no_other_place_may(tmp_path):
    row = FoundRow(name="K3S_TOKEN", form="plain", kind="logs", place="account/logs/lambda-cloud.log")
    assert explained(row, tmp_path).why == ""
