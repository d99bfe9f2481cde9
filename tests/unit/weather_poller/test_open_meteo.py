from __future__ import annotations

from typing import Any

import pytest

from services.places import Place
from weather_poller.providers import open_meteo
from weather_poller.providers.open_meteo import GarbledAnswerError, observations, place_found

NOW_MS = 1_760_000_400_000
BERLIN = Place("berlin", "Berlin", 52.52, 13.41)
LONDON = Place("london", "London", 51.51, -0.13)


def answer(**current: Any) -> dict[str, Any]:
    return {"latitude": 52.5, "longitude": 13.4, "current": {"time": 1_760_000_000, "interval": 900} | current}


def test_all_places_are_asked_for_in_one_request_in_our_units() -> None:
    asked = open_meteo.forecast_parameters([BERLIN, LONDON])
    assert (asked["latitude"], asked["longitude"]) == ("52.5200,51.5100", "13.4100,-0.1300")
    assert (asked["wind_speed_unit"], asked["timeformat"]) == ("ms", "unixtime")


def test_an_observation_says_what_when_and_from_whom() -> None:
    (reading,), faults = observations(
        answer(temperature_2m=3.4, weather_code=61, is_day=0, wind_speed_10m=4), [BERLIN], NOW_MS
    )
    assert not faults
    assert (reading.device, reading.ts, reading.id) == ("berlin", 1_760_000_000_000, "open-meteo:1760000000")
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
    }


def test_a_local_iso_time_and_other_units_are_taken_as_the_answer_names_them() -> None:
    local = answer(wind_speed_10m=14.4, time="2025-10-09T10:53") | {
        "utc_offset_seconds": 7200,
        "current_units": {"time": "iso8601", "wind_speed_10m": "km/h"},
    }
    (reading,), _ = observations(local, [BERLIN], NOW_MS)
    assert reading.ts == 1_759_999_980_000
    assert reading.units == {"wind_speed": "km/h"}


def test_missing_values_are_left_out_and_never_zero() -> None:
    (reading,), _ = observations(
        answer(temperature_2m=None, relative_humidity_2m=0, cloud_cover="thick", pressure_msl=float("inf")),
        [BERLIN],
        NOW_MS,
    )
    assert reading.values == {"humidity": 0}


def test_a_weather_code_without_a_text_is_kept_as_a_code() -> None:
    (reading,), _ = observations(answer(weather_code=42), [BERLIN], NOW_MS)
    assert reading.values == {"weather_code": 42}


def test_several_places_come_as_an_array_whose_first_has_no_location_id() -> None:
    readings, faults = observations(
        [answer(temperature_2m=1.0), answer(temperature_2m=2.0) | {"location_id": 1}], [BERLIN, LONDON], NOW_MS
    )
    assert [(reading.device, reading.values["temperature"]) for reading in readings] == [("berlin", 1), ("london", 2)]
    assert not faults


def test_one_unreadable_place_does_not_cost_the_others_their_weather() -> None:
    readings, faults = observations([answer(), answer(temperature_2m=2.0)], [BERLIN, LONDON], NOW_MS)
    assert [reading.device for reading in readings] == ["london"]
    assert [str(fault) for fault in faults] == ["no values for Berlin"]


@pytest.mark.parametrize(
    "garbage",
    [
        None,
        7,
        "text",
        [],
        {},
        {"current": None},
        {"current": {"temperature_2m": 1.0}},
        {"current": {"time": "soon", "temperature_2m": 1.0}},
        {"current": {"time": True, "temperature_2m": 1.0}},
        {"current": {"time": -5, "temperature_2m": 1.0}},
        {"current": {"time": 1_760_000_000}},
        [answer(temperature_2m=1.0), answer(temperature_2m=1.0)],
        answer(temperature_2m=1.0) | {"location_id": 4},
    ],
)
def test_garbage_is_refused(garbage: Any) -> None:
    with pytest.raises(GarbledAnswerError):
        observations(garbage, [BERLIN], NOW_MS)


def test_a_time_far_ahead_is_refused_since_it_would_hide_all_later_ones() -> None:
    with pytest.raises(GarbledAnswerError, match="impossible time"):
        observations({"current": {"time": 1_760_200_000, "temperature_2m": 1.0}}, [BERLIN], NOW_MS)


def test_the_best_match_becomes_a_place() -> None:
    match = {"id": 3448439, "name": "São Paulo", "latitude": -23.5475, "longitude": -46.63611, "country": "Brazil"}
    assert place_found({"results": [match]}) == Place(
        "sao-paulo", "São Paulo", -23.5475, -46.63611, country="Brazil", geocoder_id=3448439
    )


def test_a_name_in_another_script_is_known_by_the_geocoders_number() -> None:
    place = place_found({"results": [{"id": 1850147, "name": "東京", "latitude": 35.7, "longitude": 139.7}]})
    assert place is not None
    assert (place.place, place.name) == ("place-1850147", "東京")


def test_no_results_mean_that_the_city_is_unknown() -> None:
    assert place_found({"generationtime_ms": 0.4}) is None


@pytest.mark.parametrize(
    "garbage",
    [
        [],
        "text",
        {"results": {"a": 1}},
        {"results": ["Berlin"]},
        {"results": [{"id": 1, "name": "Berlin"}]},
        {"results": [{"id": 1, "name": "Berlin", "latitude": 95.0, "longitude": 0.0}]},
        {"results": [{"id": 1, "name": {}, "latitude": 5.0, "longitude": 0.0}]},
    ],
)
def test_a_garbled_match_is_refused(garbage: Any) -> None:
    with pytest.raises(GarbledAnswerError):
        place_found(garbage)
