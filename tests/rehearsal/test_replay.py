"""A journal leads to the deployment that the engine itself would have written."""

from typing import Any

import pytest

from rehearsal.pulumi_cloud.replay import features, replayed

PREFIX = "urn:pulumi:dev::sophia::test:index:Thing::"


def thing(name: str, **more: Any) -> dict[str, Any]:
    return {"urn": f"{PREFIX}{name}", "custom": True, "type": "test:index:Thing", **more}


def entry(kind: int, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"version": 1, "kind": kind, "sequenceID": 0, "operationID": number, **more}


BEGIN, SUCCESS, FAILURE, REFRESH, OUTPUTS, WRITE, SECRETS, REBUILT = range(8)
BASE = {"resources": [thing("a"), thing("b", dependencies=[f"{PREFIX}a"])]}


def names(base: Any, *entries: Any) -> list[str]:
    return [one["urn"].removeprefix(PREFIX) for one in replayed(base, entries)["resources"]]


def test_what_was_made_comes_first_and_what_was_not_looked_at_stays() -> None:
    assert names(BASE, entry(BEGIN), entry(SUCCESS, state=thing("c"))) == ["c", "a", "b"]


def test_what_took_the_place_of_another_is_there_once() -> None:
    assert names(BASE, entry(SUCCESS, state=thing("a", id="2"), removeOld=0)) == ["a", "b"]


def test_what_was_deleted_in_the_same_update_is_gone() -> None:
    made = entry(SUCCESS, 1, state=thing("c"))
    assert names(BASE, made, entry(SUCCESS, 2, removeNew=1), entry(SUCCESS, 3, removeOld=1)) == ["a"]


def test_an_operation_that_did_not_end_is_pending_and_one_that_failed_is_not() -> None:
    operation = {"type": "creating", "resource": thing("c")}
    begun = entry(BEGIN, 1, operation=operation)
    assert replayed(BASE, [begun])["pending_operations"] == [operation]
    assert "pending_operations" not in replayed(BASE, [begun, entry(FAILURE, 1)])


def test_a_pending_creation_of_before_is_kept_until_somebody_looks() -> None:
    old = [{"type": "creating", "resource": thing("x")}, {"type": "deleting", "resource": thing("y")}]
    assert (
        replayed({**BASE, "pending_operations": old}, [entry(SUCCESS, state=thing("c"))])["pending_operations"]
        == old[:1]
    )


def test_a_refresh_replaces_in_place_and_forgets_what_depended_on_what_is_gone() -> None:
    refreshed = replayed(
        BASE, [entry(REFRESH, 1, removeOld=0), entry(REFRESH, 2, removeOld=1, state=BASE["resources"][1])]
    )
    assert refreshed["resources"] == [thing("b", dependencies=[])]


def test_a_child_of_what_is_gone_belongs_to_its_grandparent() -> None:
    base = {"resources": [thing("a"), thing("b", parent=f"{PREFIX}a"), thing("c", parent=f"{PREFIX}b")]}
    kept = replayed(base, [entry(REFRESH, 1, removeOld=1)])["resources"]
    assert [one.get("parent", "") for one in kept] == ["", ""]


def test_entries_after_a_rebuilt_base_count_from_it() -> None:
    first = entry(REFRESH, 1, removeOld=0)
    assert names(BASE, first, entry(REBUILT), entry(SUCCESS, 2, removeOld=0)) == []


def test_a_name_of_before_is_today_s_wherever_it_stood() -> None:
    moved = thing("new", aliases=[f"{PREFIX}a"])
    deployment = replayed(BASE, [entry(SUCCESS, state=moved, removeOld=0)])
    assert deployment["resources"] == [thing("new"), thing("b", dependencies=[f"{PREFIX}new"])]


@pytest.mark.parametrize(("field", "mark"), [("deleteOld", "delete"), ("pendingReplacementOld", "pendingReplacement")])
def test_what_is_to_be_deleted_or_replaced_later_is_marked(field: str, mark: str) -> None:
    kept = replayed(BASE, [entry(SUCCESS, **{field: 0})])["resources"]
    assert [one.get(mark) for one in kept] == [True, None]


def test_a_snapshot_that_is_written_whole_is_the_base_and_secrets_are_its() -> None:
    provider = {"type": "passphrase", "state": {"salt": "s"}}
    found = replayed(BASE, [entry(WRITE, newSnapshot={"resources": []}), entry(SECRETS, secretsProvider=provider)])
    assert (found["resources"], found["secrets_providers"]) == ([], provider)


def test_the_base_is_not_changed() -> None:
    base = {"resources": [thing("a")]}
    replayed(base, [entry(SUCCESS, deleteOld=0)])
    assert base == {"resources": [thing("a")]}


def test_an_engine_is_told_what_it_must_know() -> None:
    assert features({"resources": [thing("a", replaceWith=["b"]), thing("b")]}) == ["replaceWith"]
