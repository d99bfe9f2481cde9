from __future__ import annotations

from typing import Any

import pytest

from services.places import Place
from services.reading import Reading
from weather_poller.providers import observation
from weather_poller.providers.provider import NothingToldError, Source

BERLIN = Place("berlin", "Berlin", 52.52, 13.41)
SOURCE = Source("nws", "NWS", "https://www.weather.gov/", "public domain")
NOW_MS = 1_760_000_400_000
NOW_S = NOW_MS // 1000


def made(values: dict[str, Any], **where: str) -> Reading:
    return observation.observation(
        BERLIN, SOURCE, values, observed_s=NOW_S, fetched_ms=NOW_MS, interval_s=3_600.0, where=where
    )


def test_what_is_missing_or_cannot_be_weather_is_left_out_and_never_zero() -> None:
    reading = made(
        {"temperature": -9_999, "humidity": None, "pressure": 1013.2, "precipitation": 0.0, "wind_gusts": 151}
    )
    assert reading.values == {"pressure": 1013.2, "precipitation": 0.0}
    assert reading.units == {"pressure": "hPa", "precipitation": "mm"}


def test_an_observation_without_a_single_value_is_none() -> None:
    with pytest.raises(NothingToldError, match="no values for Berlin"):
        made({"temperature": None, "humidity": -1})


def test_a_code_brings_its_text_unless_the_service_has_words_of_its_own() -> None:
    assert made({"weather_code": 61}).values["weather_text"] == "light rain"
    assert made({"weather_code": 61, "weather_text": "drops"}).values["weather_text"] == "drops"
    assert "weather_text" not in made({"weather_code": 42}).values


def test_its_tags_say_whose_it_is_and_are_no_longer_than_a_reading_may_have() -> None:
    tags = made({"temperature": 1.0}, station="K" * 1_000).tags
    assert tags is not None
    assert (tags["provider"], tags["interval_s"], tags["fetched"]) == ("nws", "3600", "2025-10-09T09:00:00+00:00")
    assert len(tags["station"]) == observation.LONGEST_TAG


@pytest.mark.parametrize(
    ("ahead_s", "taken_s"),
    [(-86_400, NOW_S - 86_400), (0.9, NOW_S), (600, NOW_S + 600), (601, NOW_S), (86_400, NOW_S)],
)
def test_a_time_a_little_ahead_is_taken_and_one_further_ahead_is_now(ahead_s: float, taken_s: int) -> None:
    assert observation.checked_s(NOW_S + ahead_s, BERLIN, NOW_MS) == taken_s


@pytest.mark.parametrize("seconds", [None, 0, -1, NOW_S + 86_401, float("inf"), float("nan")])
def test_a_time_that_no_observation_can_have_is_refused(seconds: float | None) -> None:
    with pytest.raises(NothingToldError):
        observation.checked_s(seconds, BERLIN, NOW_MS)


@pytest.mark.parametrize(
    ("told", "interval_s"), [(600, 600.0), (59, 900.0), (86_401, 900.0), ("600", 900.0), (True, 900.0)]
)
def test_an_interval_that_cannot_be_believed_is_the_usual_one(told: Any, interval_s: float) -> None:
    assert observation.told_interval_s(told, 900.0) == interval_s


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        (5, 5),
        ("1970-01-01T01:00:05+01:00", 5.0),
        ("1970-01-01T00:00:05Z", 5.0),
        ("1970-01-01T00:00:05", None),
        ("soon", None),
        (True, None),
        (None, None),
    ],
)
def test_a_time_is_a_number_or_has_its_zone(time: Any, seconds: float | None) -> None:
    assert observation.unix_s(time) == seconds


def test_a_cell_has_at_most_four_decimals_and_no_zeros_at_the_end() -> None:
    assert observation.cell(52.520008, -0.00001) == {"grid": "52.52,0"}
    assert observation.cell("52", 13.4) == {}
