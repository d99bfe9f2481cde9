from __future__ import annotations

from dataclasses import replace

from services.reading import Reading
from services.stream import Latest
from services.weather_status import MissingPast, WeatherStatus
from weather_poller import states
from weather_poller.past import Observed
from weather_poller.providers.provider import Found

NEW = WeatherStatus("berlin", 900.0, 0, "me")


def reading(at_s: int, provider: str = "open-meteo") -> Reading:
    return Reading("berlin", {"temperature": 3.4}, at_s * 1000, f"{provider}:{at_s}")


def test_only_what_is_newer_is_kept_the_oldest_first_and_of_one_moment_one() -> None:
    readings = [reading(30), reading(10), reading(20), reading(30, "nws")]
    assert [one.id for one in states.newer(readings, 10_000)] == ["open-meteo:20", "open-meteo:30"]


def test_a_past_that_is_missing_is_stored_before_what_is_newer_and_only_with_it() -> None:
    readings = [reading(at) for at in (10, 20, 30, 40, 50, 60)]
    stored = states.with_past(readings, 50_000, MissingPast(30_000))
    assert [one.at_ms for one in stored] == [10_000, 20_000, 60_000]
    assert states.with_past(readings, 60_000, MissingPast(30_000)) == []
    assert [one.at_ms for one in states.with_past(readings, 50_000, None)] == [60_000]


def test_a_missing_past_is_asked_for_ever_more_seldom_and_not_for_ever() -> None:
    quarters = [
        quarter
        for tries in range(9)
        for quarter in range(1, 200)
        if states.wants_past(MissingPast(0, tries), 24, quarter * 900_000)
        and (quarter == 1 or not states.wants_past(MissingPast(0, tries), 24, (quarter - 1) * 900_000))
    ]
    assert quarters == [1, 2, 4, 8, 16, 32, 64]
    assert not states.wants_past(MissingPast(0), 24, 24 * 3_600_000)
    assert not states.wants_past(MissingPast(0), 0, 1)
    assert not states.wants_past(None, 24, 1)


def test_what_is_missing_of_the_past_is_remembered_until_it_came_or_never_will() -> None:
    found, before = Found("berlin", [reading(10)]), MissingPast(5_000, 1)
    missed, settled = (Observed([found], **{name: frozenset({"berlin"})}) for name in ("missed", "settled"))
    assert states.missing_after(None, True, found, missed) == MissingPast(10_000)
    assert states.missing_after(before, False, found, missed) == MissingPast(5_000, 2)
    assert states.missing_after(before, False, found, Observed([found])) == before
    assert states.missing_after(before, False, found, settled) is None
    # It was not tracked any more when it was stored.
    assert states.missing_after(None, False, found, missed) is None


def test_a_place_of_which_nobody_told_has_the_state_of_what_is_stored() -> None:
    assert states.state_of("berlin", "me", None) == NEW
    latest = Latest("berlin", 5_000, 6_000, tags={"provider": "nws", "interval_s": "3600"})
    state = states.state_of("berlin", "me", latest)
    assert (state.provider, state.observed_ms, state.next_ms, state.interval_s) == ("nws", 5_000, 0, 3_600.0)


def test_an_answer_ends_a_failure_and_names_whose_observation_is_the_newest() -> None:
    failing = states.failing(NEW, "nws: status 500", 7)
    state = states.answered(failing, "open-meteo", Found("berlin"), [reading(10)], 0.0, 11_000)
    assert (state.provider, state.observed_ms, state.fetched_ms) == ("open-meteo", 10_000, 11_000)
    assert (state.reason, state.failing_since_ms) == (None, None)


def test_an_answer_with_nothing_new_leaves_the_newest_observation_to_whom_it_belongs() -> None:
    first = states.answered(NEW, "nws", Found("berlin", interval_s=3_600.0), [reading(10)], 0.0, 11_000)
    second = states.answered(first, "open-meteo", Found("berlin"), [], 0.0, 12_000)
    assert (second.provider, second.observed_ms, second.fetched_ms) == ("nws", 10_000, 12_000)
    assert second.interval_s == 3_600.0


def test_a_stale_observation_stays_stale_when_who_tells_less_often_has_nothing_newer() -> None:
    stale = replace(NEW, provider="open-meteo", observed_ms=10_000)
    now_ms = 10_000 + 40 * 60_000
    assert stale.stale(now_ms)
    assert states.answered(stale, "met-norway", Found("berlin", interval_s=3_600.0), [], 0.0, now_ms).stale(now_ms)


def test_what_is_asked_for_seldom_is_expected_seldom() -> None:
    found, stored = Found("berlin", interval_s=600.0), [reading(10)]
    assert states.answered(NEW, "nws", found, stored, 7_200.0, 1).interval_s == 7_200.0
    assert states.answered(NEW, "nws", found, stored, 1.0, 1).interval_s == 600.0


def test_a_failure_keeps_its_beginning_and_what_was_observed() -> None:
    before = states.answered(NEW, "nws", Found("berlin"), [reading(10)], 0.0, 11_000)
    first = states.failing(before, "nws: status 500", 20_000)
    second = states.failing(first, "nws: status 503", 30_000)
    assert (second.failing_since_ms, second.reason) == (20_000, "nws: status 503")
    assert (second.provider, second.observed_ms) == ("nws", 10_000)


def test_a_service_that_tells_of_long_ago_alone_is_at_fault_and_keeps_what_it_told() -> None:
    found = Found("berlin", [reading(10), reading(910)], 900.0)
    assert states.judged(found, 0.0, 2_000_000) is found
    old = states.judged(found, 0.0, 910_000 + 31 * 60_000)
    assert (old.fault, len(old.readings)) == ("its newest observation is 31 minutes old", 2)
    assert states.judged(found, 3_600.0, 910_000 + 31 * 60_000) is found


def test_what_a_service_said_of_when_to_come_again_is_told_to_who_takes_over() -> None:
    state = states.answered(NEW, "met-norway", Found("berlin", next_ms=70_000), [reading(10)], 0.0, 11_000)
    assert state.not_before_ms == 70_000
    assert states.answered(state, "nws", Found("berlin"), [], 0.0, 12_000).not_before_ms is None
