"""Reading: the SDK's proxies, floats, unknown values and secrets; what is too large, too deep or malformed."""

import json
from typing import Any

import pulumi_policy
import pytest
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from policies.field import Field, Notes
from policies.reading import HIDDEN, MOST_VALUES, NOT_KNOWN, TOO_MUCH, Secret, tree
from policies.sources import SourceError, of_documents, of_export
from policies.testing import UNKNOWN, Analyzer
from policies.testing import Secret as Marked
from policies.testing.analyzer import wire

SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MERGES = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(500)) + "}\n"
MERGES += "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}' if n else '*a'] * 9)}]}}\n" for n in range(9))
INPUTS = {"count": 3.0, "half": 0.5, "ip": UNKNOWN, "list": [UNKNOWN, "a"], "word": Marked("b"), "deep": {"x": None}}


def field(value: object) -> Field:
    return Field(tree(value), "", Notes("urn"))


def test_the_sdk_s_proxies_are_read_whole():
    proxy = unknown_checking_proxy(json.loads(json.dumps(wire({**INPUTS, "word": "b"}))))
    with pytest.raises(UnknownValueError):
        proxy["ip"]
    read = tree(proxy)
    assert read == {
        "count": 3,
        "half": 0.5,
        "ip": NOT_KNOWN,
        "list": [NOT_KNOWN, "a"],
        "word": "b",
        "deep": {"x": None},
    }
    assert type(read["count"]) is int


def test_what_a_policy_of_the_sdk_is_given_can_be_read():
    seen = []
    policy = pulumi_policy.ResourceValidationPolicy("a", "b", lambda args, _: seen.append(tree(args.props)))
    Analyzer.of([policy]).analyze("a:b:C", INPUTS)
    assert seen == [
        {"count": 3, "half": 0.5, "ip": NOT_KNOWN, "list": [NOT_KNOWN, "a"], "word": "b", "deep": {"x": None}}
    ]


def test_the_harness_shows_what_plain_dictionaries_hide():
    policy = pulumi_policy.ResourceValidationPolicy(
        "naive", "b", lambda args, report: report("x", None) if isinstance(args.props["deep"], dict) else None
    )
    assert Analyzer.of([policy]).analyze("a:b:C", INPUTS).said == ()


def test_the_sdk_lets_a_resource_pass_where_a_value_is_unknown():
    policy = pulumi_policy.ResourceValidationPolicy("naive", "b", lambda args, report: report(args.props["ip"], None))
    answer = Analyzer.of([policy]).analyze("a:b:C", INPUTS)
    assert [said.level for said in answer.said] == ["advisory"]
    assert answer.mandatory == ()


def test_a_secret_keeps_its_mark_and_shows_nothing():
    secret = tree(wire(Marked({"a": "b"})))
    assert isinstance(secret, Secret)
    assert repr(secret) == "[secret]"
    read = field({"x": Marked("b")} | {"x": wire(Marked({"a": "b"}))})
    inner = read.at("x", "a")
    assert (inner.text(unknown=None), inner.secret, inner.path) == ("b", True, "x")


@pytest.mark.parametrize(
    ("sealed", "value"),
    [({"plaintext": '"b"'}, "b"), ({"ciphertext": "AAAA"}, HIDDEN), ({"plaintext": "{"}, HIDDEN), ({}, HIDDEN)],
)
def test_a_secret_of_a_state_is_read_where_it_is_shown(sealed, value):
    mark = wire(Marked(None))
    del mark["value"]
    assert tree(mark | sealed).value is value or tree(mark | sealed).value == value


@pytest.mark.parametrize("value", [SENTINEL, "[unknown]"])
def test_every_mark_of_the_unknown_is_one(value):
    read = field({"a": {"b": value}})
    assert read.flag("a", "b", unknown=True) is True
    assert read.notes.taken() == {"a.b": "only the deployment will know it"}


def test_what_is_of_the_wrong_kind_is_noted_where_it_is():
    read = field({"a": "text", "b": {"c": [1]}, "d": 7})
    assert read.flag("a", "x", unknown=False) is False
    assert read.text("b", "c", unknown="") == ""
    assert read.number("a", unknown=None) is None
    assert read.items("d") == ()
    assert [*read.entries("d")] == []
    assert read.flag("d", unknown=False) is False
    assert read.notes.taken() == {
        "a": "it is not a mapping",
        "b.c": "it is not a text",
        "d": "it is not a list",
    }


def test_what_is_absent_or_null_is_neither_noted_nor_there():
    read = field({"a": None})
    found = [read.flag("a", unknown=True), read.text("b", "c", unknown="x"), read.number("a", "b", unknown=1)]
    assert found == [None, None, None]
    assert not read.has("a", unknown=True)
    assert read.items("a") == ()
    assert read.notes.taken() == {}


def test_a_boolean_is_no_number_and_a_number_no_boolean():
    read = field({"a": True, "b": 1.0})
    assert read.number("a", unknown=-1) == -1
    assert read.flag("b", unknown=False) is False
    assert set(read.notes.taken()) == {"a", "b"}


def test_paths_are_written_as_people_write_them_and_never_without_end():
    read = field({"a b": {"c": [{"d": "x"}]}, "k" * 1000: "x"})
    assert read.at("a b", "c").items()[0].at("d").path == '["a b"].c[0].d'
    assert len(read.at("k" * 1000).path) < 120


def test_what_is_too_deep_or_too_much_cannot_be_evaluated():
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"a": deep}
    read = field(deep)
    assert read.flag(*["a"] * 100, unknown=False) is False
    assert [*read.notes.taken().values()] == [TOO_MUCH.why]
    wide: dict[str, Any] = {"a": [{"b": 1}] * (MOST_VALUES + 10), "z": {"c": True}}
    assert field(wide).at("z").value is TOO_MUCH


def test_values_that_hold_themselves_end():
    circle: list[Any] = []
    circle.append(circle)
    assert field({"a": circle}).at("a").items()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1\n", "m.yaml, document 1: it is a list: a manifest is a mapping"),
        ("a\n", "m.yaml, document 1: it is a single value: a manifest is a mapping"),
        ("kind: Pod\n", "m.yaml, document 1: it has no apiVersion or no kind"),
        ("apiVersion: v1\nkind: [Pod]\n", "m.yaml, document 1: it has no apiVersion or no kind"),
        ("apiVersion: v1\nkind: Pod\n---\n- a\n", "m.yaml, document 2: it is a list"),
        ("a: 1\na: 2\n", "m.yaml, document 1, line 2: a is given twice"),
        ("a: [1\n", "m.yaml, document 1, line 2: it is not YAML"),
        ("a: !!python/object:os.system x\n", "m.yaml, document 1, line 1: it is not YAML"),
        ("a: !!int x\n", "m.yaml, document 1: a value cannot be read; put it in quotes"),
        (MERGES, "m.yaml, document 1, line 3: a mapping has too many keys"),
        ("a: " + "[" * 5000, "m.yaml"),
        ("a: \x00", "m.yaml"),
    ],
    ids=str,
)
def test_a_manifest_that_is_none_is_told_with_its_place(text, said):
    with pytest.raises(SourceError) as error:
        of_documents(text, file="m.yaml", stack="prod")
    assert str(error.value).startswith(said)


def test_aliases_are_what_they_stand_for_however_often_and_deep():
    bomb = "apiVersion: v1\nkind: Pod\na: &a [x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else '*a'] * 9)}]\n" for n in range(12))
    (found,) = of_documents(bomb, file="m.yaml", stack="prod")
    assert [item.value for item in found.inputs.at("a0").items()] == [["x", "x"]] * 9
    assert any(leaf.value is TOO_MUCH for leaf in found.inputs.leaves())
    (circle,) = of_documents("apiVersion: v1\nkind: Pod\na: &a {b: *a}\n", file="m.yaml", stack="prod")
    assert any(leaf.value is TOO_MUCH for leaf in circle.inputs.leaves())


def test_values_are_read_as_kubernetes_reads_them():
    text = "apiVersion: v1\nkind: Pod\na: {time: 12:30, day: 2026-01-01, octal: 0777, on: on, hex: 0x1F, equal: =}\n"
    (found,) = of_documents(text, file="m.yaml", stack="prod")
    read = {"time": "12:30", "day": "2026-01-01", "octal": 511, "True": True, "hex": 31, "equal": "="}
    assert found.inputs.at("a").value == read


def test_an_empty_document_is_nothing():
    assert of_documents("---\n# nothing\n---\n", file="m.yaml", stack="prod") == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "{}", '{"deployment": []}', '{"deployment": {"resources": [1]}}'])
def test_a_state_that_is_none_is_told(text):
    with pytest.raises(SourceError, match="export it again"):
        of_export(text)


def test_what_waits_to_be_deleted_is_not_judged():
    one = {"urn": "urn:pulumi:prod::a::b:c:D::x", "type": "b:c:D"}
    state = {"deployment": {"resources": [one, {**one, "delete": True}]}}
    assert [found.name for found in of_export(json.dumps(state))] == ["prod", "x"], "the state itself comes first"
