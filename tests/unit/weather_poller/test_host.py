from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weather_poller.host import WINDOWS, Host, Limits
from weather_poller.providers.provider import Calls

NOON = 1_760_011_200.0  # a whole day's, hour's and minute's beginning plus 12 h


class Clock:
    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def host_of(
    clock: Clock, calls: Calls | None = None, *, chance: float = 1.0, failures: int = 5, saved: bytes | None = None
) -> Host:
    limits = Limits(calls or Calls(), retry_s=5.0, retry_max_s=60.0, failures=failures)
    return Host(limits, clock, lambda: chance, saved)


def test_a_host_that_is_new_may_be_asked() -> None:
    host = host_of(Clock(), Calls(minute=3))
    assert host.wait(3).seconds == 0
    assert host.left() == {"minute": 3}
    assert host.breaker == "closed"


def test_what_is_spent_is_free_again_when_the_window_ends() -> None:
    clock = Clock(NOON + 20)
    host = host_of(clock, Calls(minute=3, hour=100))
    host.spend(2)
    assert host.left() == {"minute": 1, "hour": 98}
    assert host.wait(1).seconds == 0
    assert host.wait(2).seconds == 40
    assert host.wait(2).why == "the 3 calls of this minute are spent"
    clock.now += 40
    assert host.wait(2).seconds == 0
    assert host.left() == {"minute": 3, "hour": 98}


def test_of_several_windows_that_are_spent_the_longest_is_waited_for() -> None:
    clock = Clock(NOON + 20)
    host = host_of(clock, Calls(minute=2, hour=2, day=100))
    host.spend(2)
    assert host.wait(1).seconds == 3_580


def test_a_request_that_no_window_has_room_for_is_told_as_such() -> None:
    wait = host_of(Clock(), Calls(minute=2)).wait(3)
    assert wait.seconds == 60
    assert wait.why == "one request costs 3 calls, of which a minute allows 2"


def test_pauses_double_up_to_their_bound_and_begin_anew_after_an_answer() -> None:
    host = host_of(Clock(), failures=100)
    assert [host.failed("no") for _ in range(6)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    host.succeeded()
    assert host.wait(1).seconds == 0
    assert host.failed("no") == 5.0


def test_pauses_are_drawn_from_the_whole_range() -> None:
    host = host_of(Clock(), chance=0.25)
    assert [host.failed("no") for _ in range(3)] == [1.25, 2.5, 5.0]


def test_a_draw_of_zero_does_not_make_a_busy_loop() -> None:
    assert host_of(Clock(), chance=0.0).failed("no") == 0.5
    assert host_of(Clock()).failed("no", retry_after_s=0.0) == 0.5


def test_what_the_service_asks_for_is_honoured_up_to_an_hour() -> None:
    host = host_of(Clock())
    assert host.failed("no", retry_after_s=120.0) == 120.0
    assert host.failed("no", retry_after_s=1e9) == 3_600.0


def test_pauses_stay_finite_after_very_many_failures() -> None:
    host = host_of(Clock())
    assert [host.failed("no") for _ in range(5_000)][-1] == 60.0


def test_a_pause_says_what_failed() -> None:
    host = host_of(Clock())
    host.failed("status 503: overloaded")
    assert host.wait(1).why == "left alone for 5 s since it failed: status 503: overloaded"
    host.failed("it refuses connections")
    assert host.wait(1).why == "left alone for 10 s since it failed 2 times in a row: it refuses connections"


def test_the_breaker_opens_after_so_many_failures_lets_one_pass_and_closes() -> None:
    clock = Clock()
    host = host_of(clock, failures=3, chance=0.0)
    for _ in range(2):
        clock.now += host.failed("no")
        assert str(host.breaker) == "closed"
    pause = host.failed("no")
    assert str(host.breaker) == "open"
    assert pause == 10.0  # at least half its bound, whatever is drawn
    assert host.wait(1).seconds == pause
    clock.now += pause
    assert str(host.breaker) == "half-open"
    assert host.wait(1).seconds == 0
    assert host.failed("no") == 20.0
    assert str(host.breaker) == "open"
    clock.now += 20.0
    host.succeeded()
    assert str(host.breaker) == "closed"


def test_a_service_that_asks_for_no_pause_does_not_keep_the_breaker_from_opening() -> None:
    host = host_of(Clock(), failures=2)
    assert host.failed("no", retry_after_s=0.0) == 0.5
    assert host.failed("no", retry_after_s=0.0) == 10.0


def test_a_setting_that_must_be_mended_makes_the_longest_pause() -> None:
    assert host_of(Clock(), chance=0.1).failed("status 401: bad key", misconfigured=True) == 60.0


@pytest.mark.parametrize(("window", "left_s"), [("minute", 50), ("hour", 3_590), ("day", 43_190)])
def test_calls_that_the_service_says_are_spent_pause_until_their_window_ends(window: Any, left_s: float) -> None:
    clock = Clock(NOON + 10)
    host = host_of(clock, Calls(minute=600, hour=5_000, day=10_000), chance=0.0)
    host.spend(1)
    assert host.failed("Daily API request limit exceeded", spent=window) == left_s
    assert host.left()[window] == 0
    clock.now += left_s
    assert host.wait(1).seconds == 0


def test_calls_said_to_be_spent_of_a_window_without_bound_pause_as_well() -> None:
    assert host_of(Clock(NOON + 10), chance=0.0).failed("limit exceeded", spent="hour") == 3_590


def test_a_state_that_was_saved_goes_on() -> None:
    clock = Clock()
    calls = Calls(minute=10, day=10)
    before = host_of(clock, calls, failures=2)
    before.spend(7)
    before.failed("status 500")
    before.failed("status 500")
    host = host_of(clock, calls, failures=2, saved=before.encoded())
    assert host.left() == {"minute": 3, "day": 3}
    assert host.breaker == "open"
    assert host.wait(1) == before.wait(1)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff",
        b"[]",
        b"{}",
        b'{"at": "soon"}',
        b'{"at": -1}',
        b'{"at": 1e999}',
        b'{"at": 1, "spent": {"week": [0, 1]}}',
        b'{"at": 1, "spent": {"day": [0, -1]}}',
        b'{"at": 1, "failures": -1}',
    ],
)
def test_a_state_that_cannot_be_read_begins_anew(garbage: bytes) -> None:
    host = host_of(Clock(), Calls(minute=3), saved=garbage)
    assert host.wait(3).seconds == 0
    assert host.breaker == "closed"


def test_a_state_of_a_clock_far_ahead_does_not_block() -> None:
    ahead = Clock(NOON + 1e6)
    before = host_of(ahead, Calls(day=3))
    before.spend(3)
    before.failed("no", retry_after_s=3_600)
    host = host_of(Clock(), Calls(day=3), saved=before.encoded())
    assert host.wait(3).seconds == 0


def test_a_pause_that_no_host_could_have_begun_is_forgotten() -> None:
    saved = json.dumps({"at": NOON, "until": NOON + 1e9, "failures": 1}).encode()
    assert host_of(Clock(), saved=saved).wait(1).seconds == 0


def test_a_window_of_a_clock_a_little_ahead_still_counts() -> None:
    before = host_of(Clock(NOON + 61), Calls(minute=3))
    before.spend(3)
    assert host_of(Clock(NOON + 59), Calls(minute=3), saved=before.encoded()).wait(1).seconds == 61


steps = st.lists(
    st.tuples(st.sampled_from(["ask", "fail", "succeed", "save"]), st.floats(0, 40_000), st.integers(1, 9)),
    max_size=60,
)


@given(steps, st.floats(0, 1, exclude_max=True))
def test_no_window_ever_has_more_calls_than_allowed(steps: list[tuple[str, float, int]], chance: float) -> None:
    clock, calls = Clock(), Calls(minute=10, hour=40, day=90)
    host = host_of(clock, calls, chance=chance)
    made: list[tuple[float, int]] = []
    for what, passed, cost in steps:
        clock.now += passed / 100
        match what:
            case "ask":
                clock.now += host.wait(cost).seconds
                if host.wait(cost).seconds == 0:
                    host.spend(cost)
                    made.append((clock.now, cost))
            case "fail":
                assert host.failed("no") >= 0.5
            case "succeed":
                host.succeeded()
            case "save":
                host = host_of(clock, calls, chance=chance, saved=host.encoded())
    for length, limit in zip(WINDOWS.values(), (10, 40, 90), strict=True):
        sums: dict[int, int] = {}
        for at, cost in made:
            sums[int(at // length)] = sums.get(int(at // length), 0) + cost
        assert all(spent <= limit for spent in sums.values())


@given(st.binary(max_size=80), st.floats(1e9, 2e9))
def test_no_state_whatever_blocks_for_longer_than_a_day(saved: bytes, now: float) -> None:
    assert host_of(Clock(now), Calls(minute=1, day=1), saved=saved).wait(1).seconds <= 86_400 + 65
