from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from services.cli.demo.device import Device, Lapse, NotPossibleError, Outages, number, switch
from services.cli.values import Plain

MINUTE = 60_000
BEGAN = 1_790_000_000_000


def measured(at_ms: int) -> Mapping[str, Plain]:
    return {"scene": at_ms}


def device(outages: Outages | None = None, dies_ms: int | None = None, clock_ahead_ms: int = 0) -> Device:
    lapse = Lapse(BEGAN)
    return Device("a", measured, {}, {}, lapse, outages=outages, dies_ms=dies_ms, clock_ahead_ms=clock_ahead_ms)


def times(readings: list[object]) -> list[int]:
    return [reading.ts for reading in readings]  # type: ignore[attr-defined]


def due_in_steps(one: Device, until_ms: int, step_ms: int) -> list[tuple[int, int]]:
    """What a hub that looks every `step_ms` sends: when, and of which time."""
    return [
        (at_ms, reading.ts)
        for at_ms in range(BEGAN + step_ms, until_ms + 1, step_ms)
        for reading in one.due(at_ms - step_ms, at_ms)
    ]


def test_readings_stand_five_seconds_apart_wherever_one_begins() -> None:
    all_of_it = times([*device().due(BEGAN, BEGAN + MINUTE)])
    assert len(all_of_it) == 12
    assert {later - earlier for earlier, later in itertools.pairwise(all_of_it)} == {5_000}
    assert times([*device().due(BEGAN + 21_234, BEGAN + MINUTE)]) == [at for at in all_of_it if at > BEGAN + 21_234]


@pytest.mark.parametrize("step_ms", [250, 1_000, 7_000])
def test_each_reading_is_due_once_however_often_one_looks(step_ms: int) -> None:
    one = device(Outages(every_ms=5 * MINUTE, length_ms=75_000))
    until_ms = BEGAN + 1_200 * 7_000
    sent = [ts for _, ts in due_in_steps(one, until_ms, step_ms)]
    assert len(sent) == len(set(sent))
    assert sent == times([*one.due(BEGAN, until_ms)])


def test_a_cut_off_device_is_silent_and_then_sends_what_it_measured_meanwhile() -> None:
    one = device(Outages(every_ms=5 * MINUTE, length_ms=75_000))
    sent = due_in_steps(one, BEGAN + 20 * MINUTE, 1_000)
    late = [(at, ts) for at, ts in sent if at - ts > 1_000]
    assert len(late) >= 3 * 14
    assert max(at - ts for at, ts in late) <= 76_000
    # After its silence a device sends all of it at once, and nothing is missing in between.
    assert len({at for at, _ in late}) <= 4
    stamps = sorted(ts for _, ts in sent)
    whole = range(stamps[0], stamps[-1] + 1, 5_000)
    assert stamps[20:] == list(whole)[20:]


def test_a_device_that_dies_sends_nothing_after_it() -> None:
    one = device(dies_ms=BEGAN + 3 * MINUTE)
    assert len(one.due(BEGAN, BEGAN + 10 * MINUTE)) == 36
    assert one.due(BEGAN + 3 * MINUTE, BEGAN + 60 * MINUTE) == []


def test_a_clock_that_is_fast_changes_only_the_times() -> None:
    right, fast = device().reading(BEGAN), device(clock_ahead_ms=2 * MINUTE).reading(BEGAN)
    assert (fast.ts, fast.values) == (right.ts + 2 * MINUTE, right.values)


def test_the_past_is_told_at_times_at_which_it_could_have_been_measured() -> None:
    one = device()
    past = times([*one.past(BEGAN - 120 * MINUTE, BEGAN)])
    assert len(past) == 12 + 180
    assert past == sorted(set(past))
    assert set(past) <= set(times([*one.due(BEGAN - 120 * MINUTE, BEGAN)]))
    assert times([*one.past(past[4], BEGAN)]) == past[5:]


def test_in_a_faster_film_time_stamps_stay_true() -> None:
    one = Device("a", measured, {}, {}, Lapse(BEGAN, 60))
    before, after = one.reading(BEGAN - MINUTE), one.reading(BEGAN + MINUTE)
    assert (before.ts, before.values) == (BEGAN - MINUTE, {"scene": BEGAN - MINUTE})
    assert (after.ts, after.values) == (BEGAN + MINUTE, {"scene": BEGAN + 60 * MINUTE})


def test_a_reading_is_posted_with_an_id_that_it_always_has() -> None:
    assert device().reading(BEGAN).as_dict() == {
        "device": "a",
        "ts": BEGAN,
        "id": f"demo:{BEGAN}",
        "values": {"scene": BEGAN},
    }


def test_a_command_that_is_not_known_says_what_is() -> None:
    with pytest.raises(NotPossibleError, match="I know no 'fly', only open"):
        Device("a", measured, {}, {}, Lapse(BEGAN), commands={"open": lambda args, at: None}).carry_out("fly", None, 0)


@pytest.mark.parametrize("args", [{"percent": 101}, {"percent": "50"}, {"percent": True}, {"percent": None}, [50], "x"])
def test_arguments_that_make_no_sense_are_named(args: object) -> None:
    with pytest.raises(NotPossibleError, match="percent must be a number from 0 to 100"):
        number(args, "percent", 0, 100, 50)
    with pytest.raises(NotPossibleError, match="on must be true or false"):
        switch({"on": args})


def test_arguments_may_be_left_out() -> None:
    assert (number(None, "percent", 0, 100, 50), number({}, "percent", 0, 100, 50)) == (50, 50)
    assert (switch(None), switch({"on": False})) == (True, False)
