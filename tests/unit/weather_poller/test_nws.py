from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from services.places import Place
from tests.any_json import ANY_JSON
from tests.questions import put, refused, told
from weather_poller.fetch import FetchError
from weather_poller.providers.nws import MOST_REMEMBERED, MOST_SILENT, Nws
from weather_poller.providers.nws_weather import code_of
from weather_poller.providers.provider import Answer, Calls, Found, GarbledAnswerError

DENVER = Place("denver", "Denver", 39.73915, -104.9847, country_code="US")
POINTS = told({"properties": {"gridId": "BOU", "gridX": 62, "gridY": 61}})
STATIONS = told(
    {
        "features": [
            {"properties": {"stationIdentifier": id, "name": name}}
            for id, name in (("KBKF", "Buckley"), ("KAPA", "Centennial"), ("KDEN", "Denver Intl"), ("KFNL", "Loveland"))
        ]
    }
)


def quantity(value: Any, unit: str = "wmoUnit:degC", quality: str = "V") -> dict[str, Any]:
    return {"unitCode": unit, "value": value, "qualityControl": quality}


def feature(time: str = "2025-10-09T08:53:00+00:00", **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"timestamp": time, **properties}}


LATEST = told(
    feature(
        temperature=quantity(7.2),
        dewpoint=quantity(1.1),
        windDirection=quantity(250, "wmoUnit:degree_(angle)"),
        windSpeed=quantity(14.4, "wmoUnit:km_h-1"),
        windGust=quantity(None, "wmoUnit:km_h-1", "Z"),
        barometricPressure=quantity(102_000, "wmoUnit:Pa"),
        seaLevelPressure=quantity(101_320, "wmoUnit:Pa"),
        visibility=quantity(16_090, "wmoUnit:m"),
        relativeHumidity=quantity(65.2, "wmoUnit:percent"),
        precipitationLastHour=quantity(0.4, "wmoUnit:mm"),
        windChill=quantity(5.0),
        heatIndex=quantity(None),
        textDescription="Light Rain",
    )
)


def service() -> Nws:
    return Nws("https://api.weather.gov", Calls())


def observed(*answers: Answer | FetchError, past_h: int = 0) -> Found:
    (found,), _ = put(service().observe([DENVER], past_h), *answers)
    return found


def test_the_way_leads_from_the_point_over_its_stations_to_the_newest_observation() -> None:
    _, asks = put(service().observe([DENVER]), POINTS, STATIONS, LATEST)
    assert [ask.url for ask in asks] == [
        "https://api.weather.gov/points/39.7392,-104.9847",
        "https://api.weather.gov/gridpoints/BOU/62,61/stations",
        "https://api.weather.gov/stations/KBKF/observations/latest",
    ]


@pytest.mark.parametrize(("spot", "asked"), [((40.0, -105.5), "40,-105.5"), ((39.10001, -94.0), "39.1,-94")])
def test_points_have_no_zeros_at_their_end_which_would_redirect(spot: tuple[float, float], asked: str) -> None:
    _, asks = put(service().observe([Place("p", "P", *spot)]), POINTS, STATIONS, LATEST)
    assert asks[0].url.endswith(f"/points/{asked}")


def test_an_observation_is_told_in_our_units_with_its_station() -> None:
    found = observed(POINTS, STATIONS, LATEST)
    (reading,) = found.readings
    assert (reading.ts, reading.id) == (1_759_999_980_000, "nws:1759999980")
    assert (found.interval_s, found.next_ms) == (3_600.0, None)
    assert reading.values == {
        "temperature": 7.2,
        "dew_point": 1.1,
        "humidity": 65.2,
        "apparent_temperature": 5.0,
        "precipitation": 0.4,
        "pressure": 1013.2,
        "wind_speed": 4.0,
        "wind_direction": 250,
        "visibility": 16_090,
        "weather_text": "light rain",
        "weather_code": 61,
    }
    assert reading.tags is not None
    assert reading.tags["station"] == "KBKF Buckley"
    assert reading.tags["licence"] == "public domain"


@pytest.mark.parametrize("quality", ["X", "B"])
def test_values_that_failed_their_checks_are_left_out(quality: str) -> None:
    bad = told(feature(temperature=quantity(7.2), relativeHumidity=quantity(400, "wmoUnit:percent", quality)))
    assert observed(POINTS, STATIONS, bad).readings[0].values == {"temperature": 7.2}


def test_missing_values_are_left_out_and_never_zero() -> None:
    calm = told(feature(temperature=quantity(0), windSpeed=quantity(None, "wmoUnit:km_h-1"), textDescription=""))
    assert observed(POINTS, STATIONS, calm).readings[0].values == {"temperature": 0}


def test_a_station_without_a_temperature_is_followed_by_the_next() -> None:
    silent = told(feature(temperature=quantity(None), visibility=quantity(9, "wmoUnit:m")))
    found = observed(POINTS, STATIONS, silent, refused(404), LATEST)
    assert found.readings[0].tags is not None
    assert found.readings[0].tags["station"] == "KDEN Denver Intl"


def test_of_stations_that_all_lack_a_temperature_the_nearest_that_tells_something_counts() -> None:
    silent = told(feature(temperature=quantity(None), visibility=quantity(9, "wmoUnit:m")))
    assert observed(POINTS, STATIONS, told({}), silent, silent).readings[0].values == {"visibility": 9}


SILENT = told(feature(temperature=quantity(None)))


def test_stations_that_tell_nothing_at_all_are_a_fault_of_the_place_alone() -> None:
    assert observed(POINTS, STATIONS, SILENT, refused(404), told({})).fault == "no station near Denver tells anything"


def test_stations_that_tell_nothing_are_asked_again_for_a_while_before_others_are_looked_for() -> None:
    nws = service()
    put(nws.observe([DENVER]), POINTS, STATIONS, SILENT, SILENT, SILENT)
    for _ in range(MOST_SILENT):
        _, asks = put(nws.observe([DENVER]), SILENT, SILENT, SILENT)
        assert {ask.url.rpartition("/")[2] for ask in asks} == {"latest"}
    _, asks = put(nws.observe([DENVER]), POINTS, STATIONS, LATEST)
    assert len(asks) == 3


def test_stations_that_told_something_are_kept() -> None:
    nws = service()
    put(nws.observe([DENVER]), POINTS, STATIONS, LATEST)
    for _ in range(3 * MOST_SILENT):
        put(nws.observe([DENVER]), SILENT, SILENT, SILENT)
        put(nws.observe([DENVER]), LATEST)


def test_stations_are_remembered_although_they_fail() -> None:
    nws = service()
    with pytest.raises(FetchError):
        put(nws.observe([DENVER]), POINTS, STATIONS, refused(500))
    assert len(put(nws.observe([DENVER]), LATEST)[1]) == 1


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ([told({"properties": {"gridId": None, "gridX": None, "gridY": None}})], "no grid cell for Denver"),
        ([POINTS, told({"features": []})], "no stations near Denver"),
    ],
)
def test_a_place_without_a_grid_cell_or_a_station_is_told_as_such(answers: list[Answer], fault: str) -> None:
    assert observed(*answers).fault == fault


@pytest.mark.parametrize(
    "answers", [[told({})], [POINTS, told({})], [POINTS, STATIONS, told({}), told(None), told([])]]
)
def test_answers_of_another_shape_are_refused(answers: list[Answer]) -> None:
    with pytest.raises(GarbledAnswerError, match="its answer has no"):
        observed(*answers)


def test_stations_are_remembered_and_bounded() -> None:
    nws = service()
    for number in range(MOST_REMEMBERED + 5):
        put(nws.observe([Place("p", "P", 30 + number / 1_000, -100.0)]), POINTS, STATIONS, LATEST)
    assert len(nws._near) == MOST_REMEMBERED
    _, asks = put(nws.observe([Place("p", "P", 31.0, -100.0)]), LATEST)
    assert [ask.url for ask in asks] == ["https://api.weather.gov/stations/KBKF/observations/latest"]


def test_a_place_outside_is_told_as_such() -> None:
    found = observed(refused(404, "Data Unavailable For Requested Point"))
    assert (found.readings, found.fault) == ((), "the National Weather Service does not cover Denver")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_fails_is_told(status: int) -> None:
    for answers in ([refused(status)], [POINTS, refused(status)], [POINTS, STATIONS, refused(status)]):
        with pytest.raises(FetchError):
            observed(*answers)


def test_past_hours_are_one_observation_each_from_the_oldest_on() -> None:
    hourly = told(
        {
            "features": [
                feature("2025-10-09T08:53:00+00:00", temperature=quantity(7)),
                feature("2025-10-09T08:40:00+00:00", temperature=quantity(6)),
                feature("2025-10-09T08:20:00+00:00", temperature=quantity(5)),
                feature("2025-10-09T07:53:00+00:00", temperature=quantity(None)),
                feature("2025-10-09T06:53:00+00:00", temperature=quantity(3)),
                feature("2025-10-09T05:53:00+00:00", temperature=quantity(2)),
                feature("2025-10-09T05:52:00+00:00", temperature=quantity(1)),
                {"properties": 7},
            ]
        }
    )
    (found,), asks = put(service().observe([DENVER], 3), POINTS, STATIONS, LATEST, hourly)
    assert asks[-1].url == "https://api.weather.gov/stations/KBKF/observations"
    assert asks[-1].parameters == {"start": "2025-10-09T05:53:00Z", "limit": "500"}
    assert [one.values["temperature"] for one in found.readings] == [2, 3, 6, 7.2]


@pytest.mark.parametrize("past", [refused(500), told(None), told({"features": 7})])
def test_past_hours_that_cannot_be_had_do_not_cost_the_present(past: Answer | FetchError) -> None:
    assert len(observed(POINTS, STATIONS, LATEST, past, past_h=24).readings) == 1


@pytest.mark.parametrize(
    ("place", "covered"),
    [
        (DENVER, True),
        (Place("a", "Anchorage", 61.2, -149.9), True),
        (Place("h", "Honolulu", 21.3, -157.9), True),
        (Place("s", "San Juan", 18.47, -66.1), True),
        (Place("g", "Hagåtña", 13.47, 144.75, country_code="GU"), True),
        (Place("b", "Berlin", 52.5, 13.4), False),
        (Place("t", "Toronto", 43.7, -79.4, country_code="CA"), False),
    ],
)
def test_it_knows_the_weather_of_the_states_and_territories(place: Place, covered: bool) -> None:
    assert service().covers(place) is covered


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mostly cloudy", 2),
        ("heavy snow", 75),
        ("light rain and fog/mist", 61),
        ("thunderstorm and heavy rain", 95),
        ("thunderstorm in vicinity", None),
        ("haze", None),
    ],
)
def test_words_become_codes_of_the_wmo(text: str, code: int | None) -> None:
    assert code_of(text) == code


@given(body=ANY_JSON, part=ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_no_json_at_all_raises_anything_else(body: Any, part: Any) -> None:
    good = [POINTS, STATIONS, LATEST]
    for at in range(4):
        for each in (body, {"properties": part}, {"features": [part]}, feature(temperature=part)):
            answers = [*good[:at], told(each), *[told(each)] * 3]
            question = service().observe([DENVER], 24)
            try:
                next(question)
                for answer in answers:
                    question.send(answer)
            except GarbledAnswerError:
                continue
            except StopIteration as done:
                for reading in done.value[0].readings:
                    reading.payload()
