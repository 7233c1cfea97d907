"""A provider that cannot be honoured is refused when it is declared, with everything that is wrong."""

from typing import Annotated, ClassVar

import pytest

from providers.kit import LOCAL, REPLACE, SECRET, STABLE, WRITE_ONLY, Config, Model, Provider, Resource
from tests.kit.sample.provider import connect


class Nothing(Model):
    """No properties."""


def declared(inputs: type[Model], outputs: type[Model] = Nothing, **changes):
    """A provider with one kind of resource."""

    class Thing(Resource[inputs, outputs, None]):  # type: ignore[valid-type]  # made to measure
        """A thing."""

    settings = {"name": "things", "version": "1.0.0", "description": "Things.", "python_package": "things"}
    return Provider(**{**settings, "config": Config, "connect": connect, "resources": (Thing,), **changes})


class StrangeInputs(Model):
    """Inputs that no kit can honour."""

    flag: Annotated[bool, LOCAL]
    both: Annotated[str, LOCAL, REPLACE] = ""
    stays: Annotated[str, STABLE] = ""
    id: str = ""
    status: str = ""


class StrangeOutputs(Model):
    """Outputs that no kit can honour."""

    status: str
    word: Annotated[str, WRITE_ONLY]


class SetInside(Model):
    """A set inside."""

    names: dict[str, frozenset[str]]


class MarkInside(Model):
    """A mark in the wrong place."""

    name: Annotated[str, REPLACE] | None = None


class SecretInside(Model):
    """A secret deep inside."""

    words: tuple[Annotated[str, SECRET] | None, ...] = ()


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(TypeError) as caught:
        declared(StrangeInputs, StrangeOutputs, name="Things", concurrency=0)
    told = str(caught.value)
    for part in (
        "flag is LOCAL and needs a default",
        "both is LOCAL, so it replaces nothing",
        "STABLE means nothing on stays",
        "the name id is taken",
        "status is an input and an output",
        "WRITE_ONLY means nothing on word",
        "lower case",
        "at least 1",
    ):
        assert part in told


class Word(Model):
    """Inputs of something that has a word and a size."""

    word: str
    size: int = 1


class Said(Model):
    """Outputs of which one stays."""

    echo: Annotated[str, STABLE]
    length: int


def test_a_stable_output_stays_but_for_the_inputs_that_are_said_to_change_it():
    class Thing(Resource[Word, Said, None]):
        """A thing."""

        unsettled: ClassVar = {"echo": frozenset({"word"})}

    kind = Provider("things", "1.0.0", "Things.", Config, connect, (Thing,), "things").kinds["things:index:Thing"]
    assert [kind.stable(changed) for changed in ((), ("size",), ("size", "word"))] == [("echo",), ("echo",), ()]


def test_an_output_that_is_not_stable_or_an_input_that_is_none_cannot_be_unsettled():
    class Thing(Resource[Word, Said, None]):
        """A thing."""

        unsettled: ClassVar = {"length": frozenset({"word"}), "echo": frozenset({"wrod"})}

    with pytest.raises(TypeError, match=r"(?s)unsettled names length and word.*unsettled names echo and wrod"):
        Provider("things", "1.0.0", "Things.", Config, connect, (Thing,), "things")


def test_a_set_is_refused_because_its_order_would_differ():
    with pytest.raises(TypeError, match="names: a set has no order"):
        declared(SetInside)


def test_a_mark_inside_a_type_is_refused():
    with pytest.raises(TypeError, match="name: REPLACE inside a type has no meaning"):
        declared(MarkInside)


def test_a_secret_inside_a_type_is_honoured():
    (kind,) = declared(SecretInside).kinds.values()
    assert kind.inputs.secrets == (("words", "*"),)


def test_a_resource_without_models_is_refused():
    class Bare(Resource):  # type: ignore[type-arg]  # the mistake under test
        """No models."""

    with pytest.raises(TypeError, match=r"Bare: name its models"):
        declared(Nothing, resources=(Bare,))
