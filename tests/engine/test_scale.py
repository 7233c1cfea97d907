"""Ten times the servers cost about ten times as much, also through the engine."""

import pytest

from benchmarks import scale
from benchmarks.samples import show

pytestmark = [pytest.mark.engine, pytest.mark.soak]


def test_time_and_memory_a_server_do_not_grow_up_to_160_through_the_engine_and_1600_in_the_render():
    rows = scale.measure(pure=(16, 160, 1600), engine=(16, 160))
    show("Growth with the number of servers", rows)
    assert [row for row in rows if row.met is False] == []
