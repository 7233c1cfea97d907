"""Since when, and whether it is the same."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.drift_classes import DriftClass
from ops.drift_record import CLEAN, FILE, Record, aged, fingerprint, keep, kept
from ops.drift_rows import Deviation, SilentProvider, UnmanagedThing, UnreachableCluster, UnreachableHost
from ops.results import DriftedResource, DriftResult

NOW = datetime(2026, 11, 30, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def change(name: str = "a", actual: object = 2, path: str = "spec.port", **update: object) -> DriftedResource:
    told = (Deviation.model_validate({"path": path, "expected": 1, "actual": actual}),)
    made = DriftedResource(component="c", kind="K", name=name, op="update", urn=f"urn:{name}", deviations=told)
    return made.model_copy(update=update)


def found(*changes: DriftedResource, **update: object) -> DriftResult:
    made = DriftResult(stack="prod", status="drifted", changes=changes)
    return made.model_copy(update=update)


SAME = [
    pytest.param(found(change("a"), change("b")), found(change("b"), change("a")), id="order"),
    pytest.param(found(change()), found(change(age_seconds=9, first_seen=NOW)), id="age"),
    pytest.param(found(change()), found(change(), commit="x", seconds=9.0, repair="y"), id="what is beside"),
    pytest.param(
        found(unreachable=(UnreachableHost(host="h", resource="r", trouble="one", remedy="x"),)),
        found(unreachable=(UnreachableHost(host="h", resource="r", trouble="other", remedy="x"),)),
        id="why a host is not reached",
    ),
    pytest.param(
        found(errors=("process 12 at 0xdeadbeef0 failed",)),
        found(errors=("process 9 at 0xfeedbeef1 failed",)),
        id="error",
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_the_same_has_the_same_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other) != ""


OTHER = [
    found(change()),
    found(change(actual=3)),
    found(change(path="spec.other")),
    found(change("b")),
    found(change(op="delete")),
    found(change(), change("b")),
    found(change(), unmanaged=(UnmanagedThing(provider="p", type="t", name="n", id="1"),)),
    found(change(), unmanaged=(UnmanagedThing(provider="p", type="t", name="n", id="2"),)),
    found(change(), silent=(SilentProvider(provider="p", trouble="t", remedy="r"),)),
    found(change(), cluster=UnreachableCluster(trouble="t", unchecked=(), remedy="r")),
    found(change(), errors=("x",)),
]


def test_what_differs_has_another_one():
    assert len({fingerprint(one) for one in OTHER}) == len(OTHER)
    assert fingerprint(found()) == ""


def test_noise_is_no_part_of_it():
    noisy = change().model_copy(
        update={
            "deviations": (
                *change().deviations,
                Deviation(path="status", expected=1, actual=5, drift_class=DriftClass.NOISE),
            )
        }
    )
    assert fingerprint(found(noisy)) == fingerprint(found(change()))


def test_what_was_seen_before_keeps_its_beginning_even_with_another_value():
    _, record = aged(found(change(), change("b")), Record(), NOW)
    later, kept_on = aged(found(change(actual=9), change("c")), record, NOW + HOUR)
    assert [(one.name, one.age_seconds) for one in later.changes] == [("a", 3600), ("c", 0)]
    assert later.changes[0].first_seen == NOW
    assert len(kept_on.since) == 2, "what is mended is forgotten"
    again, _ = aged(found(change("b")), kept_on, NOW + 2 * HOUR)
    assert again.changes[0].age_seconds == 0, "and begins anew"


@pytest.mark.parametrize("status", ["partial", "error"])
def test_what_could_not_be_looked_at_is_not_forgotten(status):
    _, record = aged(found(change()), Record(), NOW)
    _, blind = aged(found(status=status), record, NOW + HOUR)
    later, _ = aged(found(change()), blind, NOW + 2 * HOUR)
    assert later.changes[0].age_seconds == 7200


@given(st.dictionaries(st.text("0123456789abcdef", min_size=12, max_size=12), st.integers(0, 2**33)), st.text())
def test_a_record_is_unpacked_as_it_was_packed(since, word):
    record = Record(fingerprint="f", since=since, told="t", trouble="x")
    assert Record.unpacked(record.packed()) == record
    assert isinstance(Record.unpacked(word), Record), "what anybody wrote there is at worst an empty one"


def test_a_record_that_unpacks_to_gigabytes_is_not_one():
    import base64  # noqa: PLC0415 - for this one alone
    import zlib  # noqa: PLC0415 - the same

    bomb = base64.urlsafe_b64encode(zlib.compress(b'{"fingerprint": "' + b" " * 50_000_000)).decode()
    assert Record.unpacked(bomb) == Record()


def test_of_two_beginnings_the_earlier_one_holds():
    one, other = Record(since={"a": 5, "b": 9}, told="x"), Record(since={"a": 3, "c": 1}, told="y")
    assert one.merged(other) == Record(since={"a": 3, "b": 9, "c": 1}, told="x")


def test_news_is_what_nobody_was_told_of():
    record = Record()
    drift = found(change(), fingerprint="f")
    assert record.news(found(status="in_sync")) == ""
    assert record.news(drift) == "f"
    record = record.after(drift)
    assert record.news(drift) == ""
    trouble = found(status="error", fingerprint="e")
    assert record.news(trouble) == "e"
    record = record.after(trouble)
    assert record.news(trouble) == ""
    assert record.news(drift) == "", "it was told before the trouble"
    assert record.news(found(status="in_sync")) == CLEAN


def test_a_file_that_is_none_is_an_empty_record_and_a_folder_that_is_gone_stays_gone(tmp_path):
    path = tmp_path / FILE
    assert kept(path) == Record()
    path.write_text("{", encoding="utf-8")
    assert kept(path) == Record()
    keep(path, Record(told="x"))
    assert kept(path).told == "x"
    assert path.stat().st_mode & 0o077 == 0
    keep(tmp_path / "none" / FILE, Record())
    assert not (tmp_path / "none").exists()
