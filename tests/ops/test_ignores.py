"""Deviations that are borne: what an entry hides, and what it must never hide."""

from datetime import date

import pytest

from catalog.ignores import DriftIgnore
from ops.drift_rows import Deviation
from ops.ignores import judge, standing
from ops.results import DriftedResource

TODAY = date(2026, 11, 27)


def entry(**given: object) -> DriftIgnore:
    fields = {
        "stack": "prod",
        "resource": "core-firewall",
        "path": "foreignTables",
        "reason": "the old platform's backup",
        "owner": "ada",
        "expires": date(2026, 12, 31),
    }
    return DriftIgnore.model_validate(fields | given)


def drifted(*deviations: tuple[str, object, object], name: str = "core-firewall", op: str = "update"):
    told = tuple(Deviation.model_validate({"path": p, "expected": e, "actual": a}) for p, e, a in deviations)
    paths = tuple(one.path for one in told)
    return DriftedResource(
        component="core", kind="Firewall", name=name, op=op, urn=f"urn:{name}", paths=paths, deviations=told
    )


FOREIGN = ("foreignTables[0]", None, "inet mine")


def test_a_deviation_that_an_entry_names_is_borne_with_all_that_the_entry_says():
    judged = judge([drifted(FOREIGN)], [entry()])
    (ignored,) = judged.ignored
    assert judged.counted == ()
    assert (ignored.resource, ignored.path, ignored.actual) == ("core-firewall", "foreignTables[0]", "inet mine")
    assert (ignored.reason, ignored.owner, ignored.expires) == ("the old platform's backup", "ada", date(2026, 12, 31))
    assert judged.used == (entry(),)


def test_without_entries_everything_counts_as_it_is():
    changes = (drifted(FOREIGN), drifted(name="other"), drifted(("", "exists", "gone"), op="delete"))
    assert judge(changes, []).counted == changes


def test_what_differs_beside_it_on_the_same_resource_still_counts():
    (left,) = judge([drifted(FOREIGN, ("rows[0].port", 22, 23))], [entry()]).counted
    assert [one.path for one in left.deviations] == ["rows[0].port"]
    assert left.paths == ("rows[0].port",)


HIDDEN = [
    pytest.param("foreignTables[*]", "foreignTables[3]", id="any index"),
    pytest.param("rows", "rows[0].port", id="all that lies in it"),
    pytest.param("rows[*].port", "rows[7].port", id="below any index"),
    pytest.param("values.*", 'values["net.ipv4.ip_forward"]', id="any key"),
    pytest.param('values["net.ipv4.ip_forward"]', 'values["net.ipv4.ip_forward"]', id="a key with dots"),
]


@pytest.mark.parametrize(("pattern", "path"), HIDDEN)
def test_a_path_hides_itself_and_what_lies_in_it(pattern, path):
    assert judge([drifted((path, 1, 2))], [entry(path=pattern)]).counted == ()


SHOWN = [
    pytest.param("rows[0].port", "rows[0]", id="what it lies in"),
    pytest.param("rows[0].port", "rows[1].port", id="another index"),
    pytest.param("row", "rows", id="a longer name"),
    pytest.param("values.net.ipv4", 'values["net.ipv4"]', id="a key that looks like steps"),
]


@pytest.mark.parametrize(("pattern", "path"), SHOWN)
def test_a_path_hides_nothing_else(pattern, path):
    assert judge([drifted((path, 1, 2))], [entry(path=pattern)]).ignored == ()


@pytest.mark.parametrize(
    ("resource", "hides"), [("core-firewall", True), ("*-firewall", True), ("core", False), ("CORE-*", False)]
)
def test_a_resource_is_named_exactly_or_by_a_pattern(resource, hides):
    assert (judge([drifted(FOREIGN)], [entry(resource=resource)]).counted == ()) is hides


def test_a_resource_that_is_gone_is_never_borne():
    gone = drifted(("", "exists", "gone"), op="delete")
    assert judge([gone], [entry(path="foreignTables"), entry(path="name.*")]).counted == (gone,)


def test_an_update_of_which_the_engine_names_no_path_is_never_borne():
    assert judge([drifted()], [entry()]).counted == (drifted(),)


@pytest.mark.parametrize("value", ["inet mine", ["inet mine"]])
def test_with_a_value_only_that_value_is_borne(value):
    mine, other = drifted(("foreignTables", None, value)), drifted(("foreignTables", None, "inet other"))
    judged = judge([mine, other], [entry(value="inet mine")])
    assert [one.deviations[0].actual for one in judged.counted] == ["inet other"]
    assert [one.actual for one in judged.ignored] == ["inet mine"]


def test_of_a_list_only_the_named_items_are_borne_and_the_others_count():
    deviation = ("foreignTables", ["ip known"], ["ip known", "inet mine", "inet other"])
    judged = judge([drifted(deviation)], [entry(value="inet mine"), entry(value="ip known")])
    (left,) = judged.counted
    assert (left.deviations[0].expected, left.deviations[0].actual) == (["ip known"], ["ip known", "inet other"])
    assert [one.actual for one in judged.ignored] == ["inet mine"]


def test_several_entries_may_bear_the_items_of_one_list():
    entries = [entry(value="inet mine"), entry(value="inet other")]
    judged = judge([drifted(("foreignTables", [], ["inet mine", "inet other"]))], entries)
    assert (judged.counted, judged.used) == ((), tuple(entries))


def test_a_list_that_lacks_something_declared_is_not_borne_for_what_it_has_besides():
    judged = judge([drifted(("foreignTables", ["ip known"], ["inet mine"]))], [entry(value="inet mine")])
    assert judged.counted[0].deviations[0].actual == []


def test_a_part_of_a_text_is_not_the_value():
    assert judge([drifted(("content", "a", "inet mine and more"))], [entry(path="content", value="inet mine")]).counted


def test_true_is_not_the_number_1():
    assert judge([drifted(("on", False, True))], [entry(path="on", value=1)]).counted


def test_an_entry_that_has_expired_hides_nothing_and_is_told():
    entries = [entry(expires=TODAY), entry(path="rows", expires=date(2026, 11, 28))]
    found = standing(entries, "prod", TODAY)
    assert (found.expired, found.current) == ((entries[0],), (entries[1],))


def test_an_entry_of_another_stack_is_nobodys_business_here():
    entries = [entry(stack="dev"), entry(stack="dev", expires=TODAY, path="rows")]
    assert standing(entries, "prod", TODAY) == standing([], "prod", TODAY)


def stale(one: DriftIgnore, *, used: bool = False, checked: tuple[str, ...] = (), unchecked: tuple[str, ...] = ()):
    found = standing([one], "prod", TODAY).stale([one] if used else [], checked=checked, unchecked=unchecked)
    return bool(found)


def test_an_entry_that_nothing_corresponds_to_is_stale():
    assert stale(entry(), checked=("core-firewall",))
    assert stale(entry(), checked=("another",)), "its resource is gone"
    assert not stale(entry(), used=True)


def test_an_entry_about_a_host_that_is_not_reached_is_not_called_stale():
    assert not stale(entry(), unchecked=("core-firewall",))


def test_an_entry_of_every_stack_is_stale_only_where_the_resource_is():
    assert stale(entry(stack="all"), checked=("core-firewall",))
    assert not stale(entry(stack="all"), checked=("another",))
