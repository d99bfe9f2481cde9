from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from services.places import Place
from tests.any_json import ANY_JSON
from tests.questions import put, refused, told
from weather_poller.fetch import FetchError
from weather_poller.providers.openweathermap import OpenWeatherMap
from weather_poller.providers.provider import Calls, Found, GarbledAnswerError

ZOCCA = Place("zocca", "Zocca", 44.34, 10.99)
SERVICE = OpenWeatherMap("https://api.openweathermap.org", "secret", Calls())
BODY: dict[str, Any] = {
    "coord": {"lon": 10.99, "lat": 44.34},
    "weather": [{"id": 501, "main": "Rain", "description": "moderate rain", "icon": "10d"}],
    "base": "stations",
    "main": {
        "temp": 25.33,
        "feels_like": 25.6,
        "temp_min": 24.4,
        "temp_max": 26.9,
        "pressure": 1015,
        "humidity": 64,
        "sea_level": 1016,
        "grnd_level": 933,
    },
    "visibility": 10000,
    "wind": {"speed": 0.62, "deg": 349, "gust": 1.18},
    "rain": {"1h": 3.16},
    "clouds": {"all": 100},
    "dt": 1_760_000_000,
    "sys": {"type": 2, "id": 2075663, "country": "IT", "sunrise": 1661834187, "sunset": 1661882248},
    "timezone": 7200,
    "id": 3163858,
    "name": "Zocca",
    "cod": 200,
}


def observed(body: Any) -> Found:
    (found,), _ = put(SERVICE.observe([ZOCCA]), told(body))
    return found


def test_metric_values_are_asked_for_with_the_key() -> None:
    _, (ask,) = put(SERVICE.observe([ZOCCA], 24), told(BODY))
    assert ask.url == "https://api.openweathermap.org/data/2.5/weather"
    assert ask.parameters == {"lat": "44.3400", "lon": "10.9900", "units": "metric", "appid": "secret"}


def test_an_observation_says_what_when_where_and_from_whom() -> None:
    found = observed(BODY)
    (reading,) = found.readings
    assert (found.interval_s, found.next_ms) == (600.0, None)
    assert (reading.ts, reading.id) == (1_760_000_000_000, "openweathermap:1760000000")
    assert reading.values == {
        "temperature": 25.33,
        "apparent_temperature": 25.6,
        "humidity": 64,
        "cloud_cover": 100,
        "wind_speed": 0.62,
        "wind_direction": 349,
        "wind_gusts": 1.18,
        "pressure": 1016,
        "visibility": 10000,
        "precipitation": 3.16,
        "weather_code": 63,
        "weather_text": "rain",
        "is_day": True,
    }
    assert reading.tags is not None
    assert reading.tags["station"] == "3163858 Zocca"
    assert reading.tags["attribution"] == "Weather data provided by OpenWeather"


def test_missing_values_are_left_out_and_never_zero() -> None:
    assert observed({"dt": 1_760_000_000, "main": {"temp": 0, "humidity": None}, "rain": {}}).readings[0].values == {
        "temperature": 0
    }


def test_rain_and_snow_fall_together() -> None:
    assert observed(BODY | {"snow": {"1h": 0.5}}).readings[0].values["precipitation"] == 3.66


@pytest.mark.parametrize(
    ("id", "text", "code"), [(211, "thunderstorm", 95), (511, "light freezing rain", 66), (804, "overcast", 3)]
)
def test_ids_become_codes_of_the_wmo(id: int, text: str, code: int) -> None:
    values = observed(BODY | {"weather": [{"id": id, "description": "theirs"}]}).readings[0].values
    assert (values["weather_code"], values["weather_text"]) == (code, text)


def test_weather_that_the_wmo_has_no_code_for_keeps_its_text() -> None:
    values = observed(BODY | {"weather": [{"id": 721, "description": "haze", "icon": "50n"}]}).readings[0].values
    assert (values.get("weather_code"), values["weather_text"], values["is_day"]) == (None, "haze", False)


def test_a_refused_key_is_told_with_the_name_of_its_setting() -> None:
    failure = FetchError("status 401: Invalid API key", 60.0, 401, 900.0)
    with pytest.raises(FetchError, match="WINDSOCK_OPENWEATHERMAP_KEY") as told_:
        put(SERVICE.observe([ZOCCA]), failure)
    assert (told_.value.retry_after_s, told_.value.status, told_.value.wait_s) == (60.0, 401, 900.0)
    assert "secret" not in str(told_.value)


def test_other_failures_are_told_as_they_are() -> None:
    with pytest.raises(FetchError, match="too many"):
        put(SERVICE.observe([ZOCCA]), refused(429, "too many"))


def test_a_refusal_within_a_good_status_is_told() -> None:
    with pytest.raises(GarbledAnswerError, match="wrong latitude"):
        observed({"cod": "400", "message": "wrong latitude"})


@pytest.mark.parametrize("garbage", [None, 7, [], {}, {"dt": "x"}, {"dt": 1_760_000_000}])
def test_garbage_is_refused(garbage: Any) -> None:
    with pytest.raises(GarbledAnswerError):
        observed(garbage)


@pytest.mark.parametrize("wrong", [{"dt": 1_860_000_000}, {"dt": "x"}, {"dt": None}])
def test_conditions_of_no_time_that_can_be_are_a_fault_of_the_place_alone(wrong: dict[str, Any]) -> None:
    found = observed(BODY | wrong)
    assert found.readings == ()
    assert "Zocca" in str(found.fault)


def test_conditions_without_a_value_are_a_fault_of_the_place_alone() -> None:
    assert observed({"dt": 1_760_000_000, "main": {"temp": None}}).fault == "no values for Zocca"


@given(body=ANY_JSON, part=ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_at_all_raises_anything_else(body: Any, part: Any) -> None:
    for each in (body, *(BODY | {name: part} for name in ("main", "weather", "wind", "rain", "dt", "id", "message"))):
        try:
            found = observed(each)
        except GarbledAnswerError:
            continue
        for reading in found.readings:
            reading.payload()
