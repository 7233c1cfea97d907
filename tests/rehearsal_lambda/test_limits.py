"""The API lets itself be asked at its own pace, on its own clock."""

from hypothesis import given
from hypothesis import strategies as st

from rehearsal.lambda_cloud.clock import Clock
from rehearsal.lambda_cloud.limits import Limits


def standing() -> tuple[Clock, Limits]:
    clock = Clock()
    return clock, Limits(clock)


def test_a_second_request_within_a_second_is_refused():
    clock, limits = standing()
    assert limits.admit(launch=False)
    clock.advance(0.9)
    assert not limits.admit(launch=False)
    clock.advance(0.1)
    assert limits.admit(launch=False)


def test_a_refused_request_costs_nothing():
    clock, limits = standing()
    limits.admit(launch=False)
    for _ in range(100):
        limits.admit(launch=False)
    clock.advance(1.0)
    assert limits.admit(launch=False)


def test_a_second_launch_within_twelve_seconds_is_refused_though_other_requests_pass():
    clock, limits = standing()
    assert limits.admit(launch=True)
    clock.advance(11.9)
    assert not limits.admit(launch=True)
    assert limits.admit(launch=False)


@given(st.lists(st.floats(min_value=0.0, max_value=40.0), max_size=60))
def test_no_pace_gets_more_than_five_launches_into_a_minute(gaps):
    clock, limits = standing()
    times = []
    for gap in gaps:
        clock.advance(gap)
        if limits.admit(launch=True):
            times.append(clock.now)
    for first, sixth in zip(times, times[5:], strict=False):
        assert sixth - first >= 60.0 - 1e-6


def test_a_client_that_keeps_the_pace_is_never_refused():
    clock, limits = standing()
    for _ in range(50):
        assert limits.admit(launch=True)
        clock.advance(12.0)


def test_on_a_fast_clock_what_a_busy_machine_delays_is_forgiven():
    real = [0.0]
    clock = Clock(real=lambda: real[0])
    clock.run(600.0)
    limits = Limits(clock)
    for _ in range(20):
        assert limits.admit(launch=False), "twenty virtual seconds are 33 ms, within what a scheduler may do"


def test_on_the_real_clock_next_to_nothing_is_forgiven():
    real = [0.0]
    clock = Clock(real=lambda: real[0])
    clock.run(1.0)
    limits = Limits(clock)
    assert [limits.admit(launch=False) for _ in range(3)] == [True, False, False]


def test_a_clock_that_stands_moves_only_when_told():
    clock = Clock(5.0)
    assert clock.now == 5.0
    clock.advance(1.5)
    assert clock.now == 6.5


def test_changing_the_speed_keeps_the_time():
    real = [0.0]
    clock = Clock(real=lambda: real[0])
    clock.run(100.0)
    real[0] = 1.0
    clock.run(2.0)
    real[0] = 2.0
    assert clock.now == 102.0
