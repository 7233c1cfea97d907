"""What is there and nobody declared, by what providers list and the state holds."""

from typing import Any

import catalog
from ops.unmanaged import COLLECTION, DOMAIN, INSTANCE, PROJECT, ZONE, Listing, There, as_change, managed, overall, tell

CLASSES = catalog.load().drift_classes
STATE: list[dict[str, Any]] = [
    {"type": INSTANCE, "id": "i-1", "urn": "u::t::core-instance"},
    {"type": "kubernetes:apps/v1:Deployment", "id": "sophia-mcp/mcp-github", "urn": "u"},
    {
        "type": COLLECTION,
        "id": "Knowledge",
        "urn": "u",
        "outputs": {"className": "Knowledge_v2", "previous": ["Knowledge_v1"]},
    },
    {"type": PROJECT, "id": "prj_1", "urn": "u"},
    {"type": DOMAIN, "id": "whatever", "urn": "u", "outputs": {"projectId": "prj_1", "domain": "app.example.com"}},
    {"type": ZONE, "id": "example.com", "urn": "u", "outputs": {"records": {"api.example.com A": {}}}},
    {"type": "sophia:hosts:Host", "urn": "u"},
]


def told(kind: str, *there: There, **listing: str):
    return tell([Listing(kind.partition(":")[0], (kind,), there, **listing)], managed(STATE), CLASSES)


def test_each_kind_is_known_by_what_it_is_called_there():
    ours = managed(STATE)
    assert (INSTANCE, "i-1") in ours
    assert {name for kind, name in ours if kind == COLLECTION} == {"Knowledge", "Knowledge_v1", "Knowledge_v2"}
    assert (DOMAIN, "prj_1/app.example.com") in ours
    assert (ZONE, "api.example.com A") in ours
    assert len(ours) == 8


def test_what_nobody_declared_is_told_with_its_class_and_the_part_that_is_declared():
    found = told(INSTANCE, There(INSTANCE, "i-1", "core"), There(INSTANCE, "i-2", "mine"))
    (thing,) = found.things
    assert (thing.name, thing.id, thing.drift_class) == ("mine", "i-2", "cost")
    (row,) = found.coverage
    assert (row.managed, row.known, row.unmanaged, row.percent) == (1, 0, 1, 50.0)


def test_what_others_bring_is_known_and_no_gap():
    kind = "kubernetes:apps/v1:Deployment"
    found = told(kind, There(kind, "kube-system/traefik"), There(kind, "sophia-mcp/mcp-github"))
    assert found.things == ()
    assert (found.coverage[0].known, found.coverage[0].percent) == (1, 100.0)


def test_what_whoever_lists_it_knows_is_known_too():
    found = told(PROJECT, There(PROJECT, "prj_9", "dist", known="an earlier program"))
    assert (found.things, found.coverage[0].known, found.coverage[0].percent) == ((), 1, None)


def test_what_could_not_be_listed_is_said_and_counts_for_nothing():
    found = told(ZONE, beyond="somebody keeps it by hand")
    assert found.coverage[0].unlisted == "somebody keeps it by hand"
    assert overall(found.coverage) is None


def test_the_whole_is_counted_over_all_kinds():
    rows = (
        *told(INSTANCE, There(INSTANCE, "i-1"), There(INSTANCE, "x")).coverage,
        *told(PROJECT, There(PROJECT, "prj_1")).coverage,
    )
    assert overall(rows) == 66.7


def test_an_entry_of_the_catalog_can_bear_it():
    change = as_change(told(PROJECT, There(PROJECT, "prj_9", "mine")).things[0])
    assert (change.name, [one.path for one in change.deviations]) == ("mine", ["unmanaged"])
