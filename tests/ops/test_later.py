"""A graph that is made when it is asked for."""

import pytest

from ops.later import later
from render import Graph, RenderError


def test_it_is_made_by_the_first_question_and_once():
    made: list[Graph] = []

    def make() -> Graph:
        made.append(Graph("dev", {}, {"a": 1}))
        return made[-1]

    graph = later(make)
    assert made == []
    assert (graph.stack, graph.outputs) == ("dev", {"a": 1})
    assert len(made) == 1


def test_what_goes_wrong_is_raised_by_the_question():
    def make() -> Graph:
        message = "why"
        raise RenderError(message)

    graph = later(make)
    with pytest.raises(RenderError, match="why"):
        _ = graph.choice
