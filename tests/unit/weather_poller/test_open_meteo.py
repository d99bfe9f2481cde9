from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from services.places import Place
from tests.any_json import ANY_JSON
from tests.questions import NOW_MS, put, told
from weather_poller.providers.open_meteo import OpenMeteo
from weather_poller.providers.provider import Calls, Found, GarbledAnswerError

BERLIN = Place("berlin", "Berlin", 52.52, 13.41)
LONDON = Place("london", "London", 51.51, -0.13)
SERVICE = OpenMeteo("https://api.open-meteo.com", "", Calls())
TIME = 1_760_000_000
HOUR = 1_759_996_800


def answer(**current: Any) -> dict[str, Any]:
    return {"latitude": 52.52, "longitude": 13.419998, "current": {"time": TIME, "interval": 900} | current}


def hours(count: int, **series: list[Any]) -> dict[str, Any]:
    return {"hourly": {"time": [HOUR - 3_600 * back for back in range(count)], **series}}


def observed(body: Any, *places: Place, past_h: int = 0) -> list[Found]:
    return put(SERVICE.observe(places or (BERLIN,), past_h), told(body))[0]


def test_all_places_are_asked_for_in_one_request_in_our_units() -> None:
    body = [answer(temperature_2m=1.0), answer(temperature_2m=2.0) | {"location_id": 1}]
    _, (ask,) = put(SERVICE.observe([BERLIN, LONDON]), told(body))
    assert ask.url == "https://api.open-meteo.com/v1/forecast"
    assert (ask.parameters["latitude"], ask.parameters["longitude"]) == ("52.5200,51.5100", "13.4100,-0.1300")
    assert (ask.parameters["wind_speed_unit"], ask.parameters["timeformat"]) == ("ms", "unixtime")
    assert "hourly" not in ask.parameters
    assert "apikey" not in ask.parameters
    assert ask.calls == pytest.approx(2 * 1.1)


def test_a_key_is_sent_along() -> None:
    paid = OpenMeteo("https://customer-api.open-meteo.com", "secret", Calls())
    _, (ask,) = put(paid.observe([BERLIN]), told(answer(temperature_2m=1.0)))
    assert ask.parameters["apikey"] == "secret"


@pytest.mark.parametrize(("past_h", "days", "calls"), [(1, "1", 2.2), (24, "1", 2.2), (25, "2", 2.2), (48, "2", 2.2)])
def test_past_hours_are_asked_for_with_the_present_and_cost_more(past_h: int, days: str, calls: float) -> None:
    _, (ask,) = put(SERVICE.observe([BERLIN], past_h), told(answer(temperature_2m=1.0)))
    assert ask.parameters["hourly"] == ask.parameters["current"]
    assert (ask.parameters["past_days"], ask.parameters["forecast_days"]) == (days, "1")
    assert ask.calls == pytest.approx(calls)


def test_an_observation_says_what_when_where_and_from_whom() -> None:
    (found,) = observed(answer(temperature_2m=3.4, weather_code=61, is_day=0, wind_speed_10m=4))
    assert (found.place, found.interval_s, found.next_ms, found.fault) == ("berlin", 900.0, None, None)
    (reading,) = found.readings
    assert (reading.device, reading.ts, reading.id) == ("berlin", TIME * 1000, "open-meteo:1760000000")
    assert reading.values == {
        "temperature": 3.4,
        "weather_code": 61,
        "weather_text": "light rain",
        "is_day": False,
        "wind_speed": 4,
    }
    assert reading.units == {"temperature": "°C", "wind_speed": "m/s"}
    assert reading.tags == {
        "city": "Berlin",
        "provider": "open-meteo",
        "attribution": "Weather data by Open-Meteo.com",
        "attribution_url": "https://open-meteo.com/",
        "licence": "CC BY 4.0",
        "fetched": "2025-10-09T09:00:00+00:00",
        "interval_s": "900",
        "grid": "52.52,13.42",
    }


def test_values_in_other_units_are_converted_and_those_in_impossible_ones_left_out() -> None:
    other = answer(wind_speed_10m=14.4, temperature_2m=50, pressure_msl=1013, humidity=50) | {
        "current_units": {"wind_speed_10m": "km/h", "temperature_2m": "°F", "pressure_msl": "apples"},
    }
    assert observed(other)[0].readings[0].values == {"wind_speed": 4.0, "temperature": 10.0}


def test_missing_values_are_left_out_and_never_zero() -> None:
    (found,) = observed(
        answer(temperature_2m=None, relative_humidity_2m=0, cloud_cover="thick", pressure_msl=float("inf"), is_day=None)
    )
    assert found.readings[0].values == {"humidity": 0}


def test_a_weather_code_without_a_text_is_kept_as_a_code() -> None:
    assert observed(answer(weather_code=42))[0].readings[0].values == {"weather_code": 42}


@pytest.mark.parametrize("interval", [None, 0, -900, 30, 1e9, "900", True])
def test_an_interval_that_cannot_be_is_taken_as_the_usual_one(interval: Any) -> None:
    assert observed(answer(temperature_2m=1.0, interval=interval))[0].interval_s == 900.0


def test_several_places_come_as_an_array_whose_first_has_no_location_id() -> None:
    found = observed([answer(temperature_2m=1), answer(temperature_2m=2) | {"location_id": 1}], BERLIN, LONDON)
    assert [(one.place, one.readings[0].values["temperature"]) for one in found] == [("berlin", 1), ("london", 2)]


def test_one_unreadable_place_does_not_cost_the_others_their_weather() -> None:
    berlin, london = observed([answer(), answer(temperature_2m=2.0)], BERLIN, LONDON)
    assert (berlin.readings, berlin.fault) == ((), "no values for Berlin")
    assert london.readings
    assert london.fault is None


def test_past_hours_end_before_the_present_and_begin_where_asked() -> None:
    (found,) = observed(answer(temperature_2m=9.0) | hours(60, temperature_2m=list(range(60))), past_h=24)
    *past, present = found.readings
    assert [reading.ts for reading in past] == [(HOUR - 3_600 * back) * 1000 for back in reversed(range(24))]
    assert [reading.values["temperature"] for reading in past] == list(reversed(range(24)))
    assert (past[-1].id, present.id) == (f"open-meteo:{HOUR}", f"open-meteo:{TIME}")
    assert past[0].tags is not None
    assert past[0].tags["interval_s"] == "3600"


def test_hours_to_come_and_the_present_one_are_not_told_as_past() -> None:
    body = answer(temperature_2m=9.0, time=HOUR) | {
        "hourly": {"time": [HOUR - 3_600, HOUR, HOUR + 3_600], "temperature_2m": [1, 2, 3]}
    }
    (found,) = observed(body, past_h=24)
    assert [(one.ts, one.values["temperature"]) for one in found.readings] == [
        ((HOUR - 3_600) * 1000, 1),
        (HOUR * 1000, 9.0),
    ]


def test_hours_without_a_value_are_left_out_and_missing_values_too() -> None:
    body = answer(temperature_2m=9.0) | hours(3, temperature_2m=[1.0, None, None], cloud_cover=[None, 40, None])
    assert [one.values for one in observed(body, past_h=24)[0].readings] == [
        {"cloud_cover": 40},
        {"temperature": 1.0},
        {"temperature": 9.0},
    ]


@pytest.mark.parametrize("hourly", [None, [], "x", {"time": 7}, {"time": ["soon", None], "temperature_2m": [1, 2]}])
def test_garbled_past_hours_do_not_cost_the_present_ones(hourly: Any) -> None:
    (found,) = observed(answer(temperature_2m=9.0) | {"hourly": hourly, "hourly_units": 5}, past_h=24)
    assert [one.ts for one in found.readings] == [TIME * 1000]


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        7,
        "text",
        [],
        {},
        {"current": None},
        [answer(temperature_2m=1.0), answer(temperature_2m=1.0)],
        answer(temperature_2m=1.0) | {"location_id": 4},
    ],
)
def test_garbage_is_refused(garbage: Any) -> None:
    with pytest.raises(GarbledAnswerError):
        observed(garbage)


@pytest.mark.parametrize(
    "current",
    [
        {"temperature_2m": 1.0},
        {"time": "soon", "temperature_2m": 1.0},
        {"time": True, "temperature_2m": 1.0},
        {"time": -5, "temperature_2m": 1.0},
        {"time": NOW_MS // 1000 + 86_401, "temperature_2m": 1.0},
        {"time": 1_760_000_000, "temperature_2m": None},
    ],
)
def test_conditions_of_which_nothing_is_known_are_a_fault_of_the_place_alone(current: dict[str, Any]) -> None:
    (found,) = observed({"latitude": 52.52, "longitude": 13.42, "current": current})
    assert found.readings == ()
    assert "Berlin" in str(found.fault)


def test_places_of_which_nothing_is_known_are_no_failure_of_the_service_however_many() -> None:
    faults = [one.fault for one in observed([answer(), answer() | {"location_id": 1}], BERLIN, LONDON)]
    assert faults == ["no values for Berlin", "no values for London"]


def test_a_refusal_within_a_good_status_is_told() -> None:
    with pytest.raises(GarbledAnswerError, match="Too many concurrent requests"):
        observed({"error": True, "reason": "Too many concurrent requests"})


@pytest.mark.parametrize(("ahead_s", "taken_s"), [(600, 600), (601, 0), (20 * 3_600, 0)])
def test_a_time_far_ahead_is_taken_as_now_since_it_would_hide_all_later_ones(ahead_s: int, taken_s: int) -> None:
    (found,) = observed(answer(time=NOW_MS // 1000 + ahead_s, temperature_2m=1.0))
    assert found.readings[0].ts == NOW_MS + taken_s * 1000


@given(body=ANY_JSON, current=ANY_JSON, hourly=ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_at_all_raises_anything_else(body: Any, current: Any, hourly: Any) -> None:
    whole = {"current": {"time": TIME, "temperature_2m": current}, "hourly": {"time": hourly}, "current_units": hourly}
    for each in (body, {"current": current, "hourly": hourly}, whole):
        try:
            (found,) = observed(each, past_h=24)
        except GarbledAnswerError:
            continue
        for reading in found.readings:
            reading.payload()


def test_values_that_cannot_be_are_left_out_like_missing_ones() -> None:
    (found,) = observed(answer(temperature_2m=-9999, relative_humidity_2m=-1, weather_code=12345, wind_speed_10m=4))
    assert found.readings[-1].values == {"wind_speed": 4}
