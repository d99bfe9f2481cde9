from __future__ import annotations

import pytest

from services.weather_status import INTERVAL_S, MOST_AHEAD_S, WeatherStatus, interval_of, is_stale

NOW_MS = 1_760_000_000_000


@pytest.mark.parametrize(
    ("tags", "interval_s"),
    [
        ({"interval_s": "3600"}, 3_600.0),
        ({"interval_s": "0.5"}, 0.5),
        ({}, INTERVAL_S),
        *[({"interval_s": wrong}, INTERVAL_S) for wrong in ("", "soon", "nan", "inf", "-5", "0")],
    ],
)
def test_an_observation_tells_its_interval_or_has_the_usual_one(tags: dict[str, str], interval_s: float) -> None:
    assert interval_of(tags) == interval_s


@pytest.mark.parametrize(
    ("age_s", "stale"), [(0, False), (1_800, False), (1_801, True), (-MOST_AHEAD_S, False), (-MOST_AHEAD_S - 1, True)]
)
def test_an_observation_is_stale_after_two_intervals_and_if_it_is_of_a_time_to_come(age_s: int, stale: bool) -> None:
    assert is_stale(NOW_MS - age_s * 1000, 900.0, NOW_MS) is stale
    status = WeatherStatus("berlin", 900.0, 0, "me", observed_ms=NOW_MS - age_s * 1000)
    assert (status.stale(NOW_MS), status.age_s(NOW_MS)) == (stale, max(0, age_s))


def test_a_place_without_an_observation_is_stale() -> None:
    status = WeatherStatus("berlin", 900.0, 0, "me")
    assert (status.stale(NOW_MS), status.age_s(NOW_MS)) == (True, None)
