"""Values survive the way to the engine and back."""

from typing import Any

from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

from providers.kit.comparison import same
from providers.kit.exchange import Secret, plain, struct
from providers.kit.marking import marked
from providers.kit.paths import parsed, text
from providers.kit.values import UNKNOWN, Values, decode, encode

WORDS = st.text(max_size=6)
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | WORDS | st.just(UNKNOWN)
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS, inner, max_size=3)
        | st.builds(Secret, inner.filter(lambda value: not isinstance(value, Secret)))
    ),
    max_leaves=8,
)
MAPS = st.dictionaries(WORDS, TREES, max_size=4)
BARE = st.recursive(
    LEAVES.filter(lambda value: value is not UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
)


def _revealed(value: Any) -> Any:
    """What the SDK decoded, without marks and with its floats."""
    inner = value.value
    if isinstance(inner, dict) or hasattr(inner, "items"):
        return {key: _revealed(item) for key, item in inner.items()}
    return [_revealed(item) for item in inner] if isinstance(inner, list | tuple) else inner


def _outermost(value: Any) -> Any:
    """Marks within a mark say nothing more, and are not kept."""
    if isinstance(value, Secret):
        return Secret(_bare(value.value))
    if isinstance(value, dict):
        return {key: _outermost(item) for key, item in value.items()}
    return [_outermost(item) for item in value] if isinstance(value, list) else value


def _bare(value: Any) -> Any:
    if isinstance(value, Secret):
        return _bare(value.value)
    if isinstance(value, dict):
        return {key: _bare(item) for key, item in value.items()}
    return [_bare(item) for item in value] if isinstance(value, list) else value


@given(MAPS)
def test_every_value_comes_back_as_it_went_with_its_marks(values):
    assert plain(struct(values)) == _outermost(values)


@given(st.dictionaries(WORDS, BARE, max_size=4))
def test_the_sdk_reads_the_same_values(values):
    read = {key: _revealed(value) for key, value in PropertyValue.unmarshal_map(struct(values)).items()}
    assert same(read, values)


@given(st.dictionaries(WORDS, BARE, max_size=4))
def test_a_value_is_the_same_as_itself_after_a_round_trip(values):
    assert same(decode(struct(values)).plain, values)


@given(st.lists(st.text(min_size=1, max_size=8) | st.integers(0, 99), min_size=1, max_size=5))
def test_every_path_is_read_as_it_was_written(path):
    assert parsed(text(path)) == tuple(path) or "*" in path


def test_a_whole_number_arrives_as_one():
    value = decode(struct({"size": 5.0})).plain["size"]
    assert isinstance(value, int)


def test_every_kind_of_unknown_of_the_engine_is_known():
    number = "3eeb2bf0-c639-47a8-9e75-3b44932eb421"
    message = struct_pb2.Struct(fields={"a": struct_pb2.Value(string_value=number)})
    assert decode(message).plain == {"a": UNKNOWN}


def test_an_unknown_travels_as_the_engine_writes_it():
    assert encode(Values({"a": UNKNOWN})).fields["a"].string_value == rpc.UNKNOWN


def test_an_output_value_is_read_with_its_mark():
    output = struct_pb2.Struct()
    output.update({rpc._special_sig_key: rpc._special_output_value_sig, "value": "x", "secret": True})  # noqa: SLF001 - named nowhere public
    message = struct_pb2.Struct(fields={"a": struct_pb2.Value(struct_value=output)})
    assert plain(message) == {"a": Secret("x")}


def test_a_mark_inside_a_value_that_changed_covers_all_of_it():
    before = Values({"rules": [1, 2]}, frozenset({("rules", 0)}))
    assert marked((), {"rules": [2, 1]}, before).secrets == {("rules",)}


def test_a_mark_inside_a_value_that_stayed_is_kept_as_it_is():
    before = Values({"rules": [1, 2]}, frozenset({("rules", 0)}))
    assert marked((), {"rules": [1, 2]}, before).secrets == {("rules", 0)}
