"""What a host says of its firewall, read as what it would have been declared as; all without a host."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from providers.host.firewall_inputs import FirewallInputs
from providers.host.firewall_reading import declared, mirror
from providers.host.ruleset import BASE, comments
from providers.kit.shape import shape
from tests.host.declarations import firewall

NOW = 4_070_908_800 - 1000
"""1000 s before the break-glass entry ends."""
Answer = dict[str, Any]


def rule(comment: str, *expression: Any) -> dict[str, Any]:
    return {"rule": {"chain": "input", "handle": 1, "comment": comment, "expr": list(expression) or [{"accept": None}]}}


def answer(inputs: FirewallInputs) -> Answer:
    """Return what a host says that is as declared, in the form that nft lists tables in."""
    names = [f"base: {name}" for name in BASE]
    names += [comment for row in inputs.rows for comment, _ in comments(row)]
    ends = [{"elem": {"val": entry.cidr.removesuffix("/32"), "expires": 999}} for entry in inputs.break_glass]
    live = [
        {"table": {"family": "inet", "name": "sophia", "handle": 1}},
        {"set": {"name": "nodes", "type": "ipv4_addr", "handle": 2, "elem": list(inputs.nodes)}},
        {"set": {"name": "break_glass", "type": "ipv4_addr", "handle": 3, "elem": ends}},
        {"chain": {"name": "input", "handle": 4, "hook": "input", "prio": 0, "policy": "drop"}},
        *(rule(name, {"of": name}) for name in names),
    ]
    expected = copy.deepcopy(live)
    expected[1]["set"].pop("elem")
    return {"now": NOW, "live": live, "expected": expected, "lines": {"1": "a"}, "foreign": [], "unpersisted": []}


def found(change: Callable[[Answer], Any], inputs: FirewallInputs | None = None) -> dict[str, Any]:
    """Return what differs from a declaration after a change of what the host says."""
    inputs = inputs or firewall()
    said = answer(inputs)
    change(said)
    seen = mirror(inputs, said)
    return {
        name: getattr(seen, name) for name in type(seen).model_fields if getattr(seen, name) != getattr(inputs, name)
    }


def without(said: Answer, comment: str) -> None:
    said["live"] = [one for one in said["live"] if one.get("rule", {}).get("comment") != comment]


def test_a_host_that_is_as_declared_differs_in_nothing():
    assert found(lambda _: None) == {}


def test_handles_and_the_order_of_rules_and_of_what_is_in_sets_mean_nothing():
    def shuffle(said: Answer) -> None:
        one, other = ({"match": {"right": {"set": order}}} for order in (["a", "b"], ["b", "a"]))
        said["live"].append(rule("set", one))
        said["expected"].append(rule("set", other))
        said["live"] = [*reversed(said["live"])]
        for handle, thing in enumerate(said["live"]):
            next(iter(thing.values()))["handle"] = handle

    assert found(shuffle) == {}


def test_a_rule_that_was_added_is_told_in_the_words_of_nft():
    def add(said: Answer) -> None:
        said["live"].append({"rule": {"chain": "input", "handle": 77, "expr": [{"accept": None}]}})
        said["lines"]["77"] = "tcp dport 9090 accept"

    assert found(add) == {"unexpected": ("tcp dport 9090 accept",)}


def test_a_second_copy_of_a_rule_of_ours_was_added_too():
    assert found(lambda said: said["live"].append(rule("http: world", {"of": "http: world"}))) == {"unexpected": ("a",)}


def test_a_row_without_its_rule_is_not_there():
    differing = found(lambda said: without(said, "https: world"))
    assert set(differing) == {"rows"}
    assert {row.name for row in firewall().rows} - {row.name for row in differing["rows"]} == {"https"}


def test_a_row_of_which_one_way_is_closed_says_which_is_open():
    (ssh,) = (row for row in found(lambda said: without(said, "ssh: break-glass"))["rows"] if row.name == "ssh")
    assert ssh.sources == ("access only",)


def test_a_rule_that_was_edited_is_missing_and_there_besides():
    def edit(said: Answer) -> None:
        without(said, "https: world")
        said["live"].append(rule("https: world", {"of": "something else"}))

    differing = found(edit)
    assert set(differing) == {"rows", "unexpected"}


def test_what_every_table_has_is_missed_by_name():
    assert found(lambda said: without(said, "base: loopback")) == {"absent": ("base: loopback",)}


@pytest.mark.parametrize("name", ["set", "chain"])
def test_sets_and_chains_that_were_added_are_named(name):
    assert found(lambda said: said["live"].append({name: {"name": "mine"}})) == {"unexpected": (f"{name} mine",)}


def test_another_policy_is_told():
    assert found(lambda said: said["live"][3]["chain"].update(policy="accept")) == {"policy": "accept"}


def test_a_table_that_is_not_there_is_told_with_all_that_it_would_hold():
    differing = found(lambda said: said.update(live=None))
    assert differing["policy"] == "there is no table inet sophia"
    assert (differing["rows"], differing["nodes"], differing["break_glass"]) == ((), (), ())


def test_a_host_without_nft_is_told():
    inputs = firewall()
    seen = mirror(inputs, {"now": NOW, "unreadable": "nft is not installed", "unpersisted": []})
    assert (seen.policy, seen.rows) == ("nft is not installed", inputs.rows)


def test_nodes_are_those_of_the_set():
    assert found(lambda said: said["live"][1]["set"].update(elem=["10.16.0.2", "1.2.3.4"])) == {
        "nodes": ("10.16.0.2", "1.2.3.4")
    }


def test_break_glass_that_has_expired_and_is_gone_differs_in_nothing():
    def later(said: Answer) -> None:
        said.update(now=NOW + 1001)
        said["live"][2]["set"].pop("elem")

    assert found(later) == {}


@pytest.mark.parametrize(
    ("elements", "ends"),
    [
        ([], []),
        ([{"elem": {"val": "198.19.255.10", "expires": 5000}}], ["2099-01-01T01:06:40Z"]),
        (["198.19.255.10"], ["never"]),
        ([{"elem": {"val": {"prefix": {"addr": "10.0.0.0", "len": 8}}, "expires": 60}}], ["2098-12-31T23:44:20Z"]),
    ],
)
def test_break_glass_is_told_with_the_end_that_it_really_has(elements, ends):
    differing = found(lambda said: said["live"][2]["set"].update(elem=elements))
    assert [entry.expires for entry in differing["break_glass"]] == ends


def test_tables_of_others_are_reported():
    assert found(lambda said: said.update(foreign=["ip nat"])) == {"foreign_tables": ("ip nat",)}


def test_what_a_reading_found_and_a_state_recorded_can_be_read_again():
    def spoil(said: Answer) -> None:
        without(said, "ssh: break-glass")
        said["live"][1]["set"]["elem"].append({"range": ["1.1.1.1", "1.1.1.9"]})
        said["live"][2]["set"]["elem"].append("192.0.2.9")

    said = answer(firewall())
    spoil(said)
    recorded = shape(FirewallInputs).lenient(shape(FirewallInputs).dump(mirror(firewall(), said)))
    assert isinstance(recorded, FirewallInputs)
    assert declared(recorded) == firewall()


def test_tables_that_belong_there_are_not_reported_and_all_others_are():
    inputs = firewall(expected_tables=("ip kube-proxy",))
    seen = found(lambda said: said["foreign"].extend(["ip kube-proxy", "ip mine"]), inputs)
    assert seen == {"foreign_tables": ("ip mine",)}
