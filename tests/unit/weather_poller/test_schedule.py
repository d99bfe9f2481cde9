from __future__ import annotations

from weather_poller.schedule import Backoff, Schedule


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def backoff_of(clock: Clock, chance: float = 1.0) -> Backoff:
    return Backoff(retry_s=5.0, retry_max_s=60.0, clock=clock, chance=lambda: chance)


def schedule_of(clock: Clock, chance: float = 0.5) -> Schedule:
    return Schedule(backoff_of(clock, chance), interval_s=900.0, jitter_s=60.0, clock=clock, chance=lambda: chance)


def test_new_places_are_due_at_once_and_together() -> None:
    schedule = schedule_of(Clock())
    schedule.track(["berlin", "london"])
    assert schedule.due() == ["berlin", "london"]


def test_a_place_that_was_answered_is_due_after_interval_and_jitter() -> None:
    clock = Clock()
    schedule = schedule_of(clock)
    schedule.track(["berlin"])
    schedule.succeeded(["berlin"])
    clock.now += 929.9
    assert schedule.due() == []
    clock.now += 0.2
    assert schedule.due() == ["berlin"]


def test_tracking_again_keeps_due_times_and_drops_the_rest() -> None:
    clock = Clock()
    schedule = schedule_of(clock)
    schedule.track(["berlin", "london"])
    schedule.succeeded(["berlin", "london"])
    schedule.track(["berlin", "paris"])
    assert schedule.due() == ["paris"]
    clock.now += 2_000
    assert schedule.due() == ["berlin", "paris"]


def test_a_place_answered_before_it_is_tracked_is_not_asked_again_at_once() -> None:
    schedule = schedule_of(Clock())
    schedule.succeeded(["paris"])
    schedule.track(["paris"])
    assert schedule.due() == []


def test_nothing_is_due_while_a_pause_lasts() -> None:
    clock = Clock()
    schedule = schedule_of(clock, chance=1.0)
    schedule.track(["berlin"])
    pause = schedule.backoff.failed()
    assert schedule.due() == []
    assert schedule.wait_s(100.0) == pause
    clock.now += pause
    assert schedule.due() == ["berlin"]


def test_the_wait_is_bounded_by_what_the_caller_allows() -> None:
    schedule = schedule_of(Clock())
    assert schedule.wait_s(1.0) == 1.0
    schedule.track(["berlin"])
    assert schedule.wait_s(1.0) == 0.0
    schedule.succeeded(["berlin"])
    assert schedule.wait_s(1.0) == 1.0


def test_pauses_double_up_to_their_bound_and_begin_anew_after_an_answer() -> None:
    backoff = backoff_of(Clock())
    assert [backoff.failed() for _ in range(6)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    backoff.succeeded()
    assert backoff.left_s == 0.0
    assert backoff.failed() == 5.0


def test_pauses_are_drawn_from_the_whole_range() -> None:
    backoff = backoff_of(Clock(), chance=0.25)
    assert [backoff.failed() for _ in range(3)] == [1.25, 2.5, 5.0]


def test_a_draw_of_zero_does_not_make_a_busy_loop() -> None:
    assert backoff_of(Clock(), chance=0.0).failed() == 0.5
    assert backoff_of(Clock()).failed(retry_after_s=0.0) == 0.5


def test_what_the_service_asks_for_is_honoured_up_to_an_hour() -> None:
    backoff = backoff_of(Clock())
    assert backoff.failed(retry_after_s=120.0) == 120.0
    assert backoff.failed(retry_after_s=1e9) == 3_600.0


def test_pauses_stay_finite_after_very_many_failures() -> None:
    backoff = backoff_of(Clock())
    assert [backoff.failed() for _ in range(5_000)][-1] == 60.0


def test_places_that_were_asked_for_together_stay_together() -> None:
    clock, draws = Clock(), iter([0.1, 0.9, 0.5, 0.3])
    schedule = Schedule(backoff_of(clock), interval_s=900.0, jitter_s=60.0, clock=clock, chance=lambda: next(draws))
    schedule.track(["berlin", "london"])
    schedule.succeeded(["berlin", "london"])
    for _ in range(3):
        clock.now += schedule.wait_s(10_000.0)
        assert schedule.due() == ["berlin", "london"]
        schedule.succeeded(["berlin", "london"])


def test_a_place_that_was_asked_for_alone_joins_the_others() -> None:
    clock, draws = Clock(), iter([0.5] * 10)
    schedule = Schedule(backoff_of(clock), interval_s=900.0, jitter_s=60.0, clock=clock, chance=lambda: next(draws))
    schedule.track(["berlin", "london"])
    schedule.succeeded(["berlin", "london"])
    clock.now += 300
    schedule.succeeded(["paris"], alone=True)
    schedule.track(["berlin", "london", "paris"])
    clock.now += schedule.wait_s(10_000.0)
    assert (clock.now, schedule.due()) == (1_930.0, ["berlin", "london"])
    schedule.succeeded(["berlin", "london"])
    for together in (2_860.0, 3_790.0):
        clock.now += schedule.wait_s(10_000.0)
        assert (clock.now, schedule.due()) == (together, ["berlin", "london", "paris"])
        schedule.succeeded(["berlin", "london", "paris"])


def test_a_place_left_out_for_a_while_is_not_asked_again_within_its_interval() -> None:
    clock = Clock()
    schedule = schedule_of(clock)
    schedule.track(["berlin", "london"])
    schedule.succeeded(["berlin", "london"])
    schedule.track(["berlin"])
    clock.now += 10
    schedule.track(["berlin", "london"])
    assert schedule.due() == []
    assert schedule.rests("london")
