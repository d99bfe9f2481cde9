from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from services.places import Place
from tests.any_json import ANY_JSON
from tests.questions import NOW_MS, put, refused, told
from weather_poller.fetch import FetchError
from weather_poller.providers.met_norway import MOST_REMEMBERED, MetNorway
from weather_poller.providers.provider import Calls, Found, GarbledAnswerError

OSLO = Place("oslo", "Oslo", 59.913899, 10.752299, country="Norway", country_code="NO")
HEADERS = {
    "date": "Thu, 09 Oct 2025 09:00:00 GMT",
    "expires": "Thu, 09 Oct 2025 09:31:00 GMT",
    "last-modified": "Thu, 09 Oct 2025 08:58:00 GMT",
}
UNITS = {
    "air_pressure_at_sea_level": "hPa",
    "air_temperature": "celsius",
    "cloud_area_fraction": "%",
    "precipitation_amount": "mm",
    "relative_humidity": "%",
    "wind_from_direction": "degrees",
    "wind_speed": "m/s",
}


def hour(time: str, temperature: float | None = 7.5, symbol: str = "lightrain", **details: Any) -> dict[str, Any]:
    return {
        "time": time,
        "data": {
            "instant": {"details": {"air_temperature": temperature, **details}},
            "next_1_hours": {"summary": {"symbol_code": symbol}, "details": {"precipitation_amount": 0.4}},
            "next_6_hours": {"summary": {"symbol_code": "heavysnow"}, "details": {"precipitation_amount": 9}},
        },
    }


def forecast(*hours: dict[str, Any], **units: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [10.7522, 59.9138, 3]},
        "properties": {"meta": {"updated_at": "2025-10-09T08:30:00Z", "units": UNITS | units}, "timeseries": [*hours]},
    }


BODY = forecast(
    hour("2025-10-09T08:00:00Z", 6.0),
    hour("2025-10-09T09:00:00Z", 7.5, relative_humidity=81.2, wind_speed=4.2, air_pressure_at_sea_level=1013.2),
    hour("2025-10-09T10:00:00Z", 8.0),
)


def service() -> MetNorway:
    return MetNorway("https://api.met.no", Calls())


def observed(body: Any) -> Found:
    (found,), _ = put(service().observe([OSLO]), told(body, headers=HEADERS))
    return found


def test_coordinates_are_truncated_to_four_decimals_as_the_terms_ask() -> None:
    _, (ask,) = put(service().observe([OSLO]), told(BODY))
    assert ask.url == "https://api.met.no/weatherapi/locationforecast/2.0/compact"
    assert ask.parameters == {"lat": "59.9138", "lon": "10.7522"}
    assert ask.headers == {}
    south = Place("s", "S", -33.99999, -0.00001)
    assert put(service().observe([south]), told(BODY))[1][0].parameters == {"lat": "-33.9999", "lon": "0.0000"}


def test_the_hour_that_began_last_is_told_with_its_source() -> None:
    found = observed(BODY)
    (reading,) = found.readings
    assert (reading.ts, reading.id) == (1_760_000_400_000, "met-norway:1760000400")
    assert reading.values == {
        "temperature": 7.5,
        "humidity": 81.2,
        "pressure": 1013.2,
        "wind_speed": 4.2,
        "precipitation": 0.4,
        "weather_code": 61,
        "weather_text": "light rain",
    }
    assert reading.units == {
        "temperature": "°C",
        "humidity": "%",
        "pressure": "hPa",
        "wind_speed": "m/s",
        "precipitation": "mm",
    }
    assert reading.tags == {
        "city": "Oslo",
        "provider": "met-norway",
        "attribution": "Data from MET Norway",
        "attribution_url": "https://api.met.no/",
        "licence": "CC BY 4.0",
        "fetched": "2025-10-09T09:00:00+00:00",
        "interval_s": "3600",
        "grid": "59.9138,10.7522",
    }


def test_nothing_is_asked_before_expires() -> None:
    assert observed(BODY).next_ms == NOW_MS + 31 * 60_000


@pytest.mark.parametrize("ahead_h", [-5, 5])
def test_a_service_whose_clock_differs_is_asked_when_its_own_clock_says(ahead_h: int) -> None:
    headers = {
        "date": f"Thu, 09 Oct 2025 {9 + ahead_h:02}:00:00 GMT",
        "expires": f"Thu, 09 Oct 2025 {9 + ahead_h:02}:20:00 GMT",
    }
    (found,), _ = put(service().observe([OSLO]), told(BODY, headers=headers))
    assert found.next_ms == NOW_MS + 20 * 60_000


@pytest.mark.parametrize(
    ("expires", "next_ms"),
    [
        ("", None),
        ("soon", None),
        ("Thu, 09 Oct 2025 08:00:00 GMT", None),
        ("Fri, 09 Oct 2026 08:00:00 GMT", NOW_MS + 86_400_000),
    ],
)
def test_an_expires_that_cannot_be_is_not_believed(expires: str, next_ms: int | None) -> None:
    (found,), _ = put(service().observe([OSLO]), told(BODY, headers={"expires": expires}))
    assert found.next_ms == next_ms


def test_a_forecast_that_did_not_change_is_not_sent_again_and_tells_its_next_hour() -> None:
    met = service()
    put(met.observe([OSLO]), told(BODY, headers=HEADERS))
    (found,), (ask,) = put(met.observe([OSLO]), told(None, 304, HEADERS, NOW_MS + 3_600_000))
    assert ask.headers == {"If-Modified-Since": "Thu, 09 Oct 2025 08:58:00 GMT"}
    assert [(one.id, one.values["temperature"]) for one in found.readings] == [("met-norway:1760004000", 8.0)]


def test_other_places_are_asked_for_without_a_condition() -> None:
    met = service()
    put(met.observe([OSLO]), told(BODY, headers=HEADERS))
    _, (ask,) = put(met.observe([Place("bergen", "Bergen", 60.39, 5.32)]), told(BODY))
    assert ask.headers == {}


def test_a_deprecated_version_works_but_is_asked_without_a_condition() -> None:
    met = service()
    (found,), _ = put(met.observe([OSLO]), told(BODY, 203, HEADERS))
    assert found.readings
    assert put(met.observe([OSLO]), told(BODY))[1][0].headers == {}


def test_what_is_remembered_is_bounded() -> None:
    met = service()
    for number in range(MOST_REMEMBERED + 5):
        put(met.observe([Place("p", "P", number / 100, 0.0)]), told(BODY, headers=HEADERS))
    assert len(met._forecasts) == MOST_REMEMBERED
    assert put(met.observe([Place("p", "P", 0.0, 0.0)]), told(BODY))[1][0].headers == {}


def test_values_in_other_units_are_converted() -> None:
    body = forecast(hour("2025-10-09T09:00:00Z", 280.15, wind_speed=36), air_temperature="K", wind_speed="km/h")
    assert {k: v for k, v in observed(body).readings[0].values.items() if k in ("temperature", "wind_speed")} == {
        "temperature": 7.0,
        "wind_speed": 10.0,
    }


def test_missing_values_are_left_out_and_never_zero() -> None:
    body = forecast({"time": "2025-10-09T09:00:00Z", "data": {"instant": {"details": {"relative_humidity": 0}}}})
    assert observed(body).readings[0].values == {"humidity": 0}


@pytest.mark.parametrize(
    ("symbol", "values"),
    [
        ("clearsky_day", {"weather_code": 0, "weather_text": "clear", "is_day": True}),
        ("fair_night", {"weather_code": 1, "weather_text": "mainly clear", "is_day": False}),
        ("partlycloudy_polartwilight", {"weather_code": 2, "weather_text": "partly cloudy"}),
        ("cloudy", {"weather_code": 3, "weather_text": "overcast"}),
        ("fog", {"weather_code": 45, "weather_text": "fog"}),
        ("rain", {"weather_code": 63, "weather_text": "rain"}),
        ("heavyrainshowers_day", {"weather_code": 82, "weather_text": "violent rain showers", "is_day": True}),
        ("lightssnowshowersandthunder_day", {"weather_code": 95, "weather_text": "thunderstorm", "is_day": True}),
        ("lightsleet", {"weather_code": 68, "weather_text": "light sleet"}),
        ("sleetshowers_night", {"weather_code": 84, "weather_text": "sleet showers", "is_day": False}),
        ("snow", {"weather_code": 73, "weather_text": "snow"}),
        ("frogs", {}),
    ],
)
def test_symbols_become_codes_of_the_wmo(symbol: str, values: dict[str, Any]) -> None:
    told = observed(forecast(hour("2025-10-09T09:00:00Z", symbol=symbol))).readings[0].values
    assert {k: v for k, v in told.items() if k not in ("temperature", "precipitation")} == values


def test_where_there_are_no_hours_the_symbol_of_six_is_told_but_not_their_rain() -> None:
    late = hour("2025-10-09T09:00:00Z")
    del late["data"]["next_1_hours"]
    assert observed(forecast(late)).readings[0].values == {
        "temperature": 7.5,
        "weather_code": 75,
        "weather_text": "heavy snow",
    }


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        7,
        [],
        {},
        {"properties": {}},
        {"properties": {"timeseries": None}},
    ],
)
def test_garbage_is_refused(garbage: Any) -> None:
    with pytest.raises(GarbledAnswerError):
        observed(garbage)


@pytest.mark.parametrize(
    "body",
    [
        forecast(),
        forecast({"time": "soon"}),
        forecast({"time": "2025-10-09T09:00:00Z", "data": None}),
        forecast(hour("2025-10-12T09:00:00Z")),
    ],
)
def test_a_forecast_of_nothing_is_a_fault_of_the_place_alone(body: Any) -> None:
    found = observed(body)
    assert found.readings == ()
    assert "Oslo" in str(found.fault)


def test_a_forecast_of_nothing_that_did_not_change_is_not_sent_again() -> None:
    met = service()
    put(met.observe([OSLO]), told(forecast(), headers=HEADERS))
    (found,), (ask,) = put(met.observe([OSLO]), told(None, 304, HEADERS))
    assert ask.headers == {"If-Modified-Since": "Thu, 09 Oct 2025 08:58:00 GMT"}
    assert found.fault == "no forecast for Oslo"


def test_a_forecast_that_is_yet_to_begin_is_that_of_now() -> None:
    assert observed(forecast(hour("2025-10-09T12:00:00Z"))).readings[0].ts == NOW_MS


def test_a_service_that_fails_is_told() -> None:
    with pytest.raises(FetchError):
        put(service().observe([OSLO]), refused(429))


@given(body=ANY_JSON, inner=ANY_JSON, header=ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_at_all_raises_anything_else(body: Any, inner: Any, header: Any) -> None:
    headers = {"expires": str(header), "date": str(inner)}
    for each in (body, forecast(inner), forecast({"time": "2025-10-09T09:00:00Z", "data": inner})):
        try:
            (found,), _ = put(service().observe([OSLO]), told(each, headers=headers))
        except GarbledAnswerError:
            continue
        for reading in found.readings:
            reading.payload()
