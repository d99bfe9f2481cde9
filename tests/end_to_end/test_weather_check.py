from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.processes import run
from tests.stand_ins.cities import TWINS
from tests.stand_ins.met_norway import MetNorwayService
from tests.stand_ins.open_meteo import OpenMeteo

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def weather() -> Iterator[OpenMeteo]:
    with OpenMeteo() as stand_in:
        yield stand_in


def urls(weather: OpenMeteo) -> dict[str, str]:
    return {"open_meteo_url": weather.url, "geocoding_url": weather.url}


def test_the_weather_is_shown_with_its_place_age_and_source(weather: OpenMeteo) -> None:
    shown = run("weather", "check", "München", **urls(weather))
    assert (shown.returncode, shown.stderr) == (0, "")
    for words in (
        "Munich, Germany (48.1374, 11.5755)",
        "temperature",
        "°C",
        "light rain",
        "ago (new every 15 min)",
        "open-meteo, grid cell 48.14,11.58",
        "Weather data by Open-Meteo.com (https://open-meteo.com/), CC BY 4.0",
    ):
        assert words in shown.stdout


def test_programs_get_json(weather: OpenMeteo) -> None:
    told = json.loads(run("weather", "check", "Berlin", "--json", **urls(weather)).stdout)
    assert told["observation"]["values"]["temperature"] == 3.4
    assert told["place"]["country"] == "Germany"
    assert told["failures"] == []


def test_the_next_service_is_asked_where_one_fails_and_it_is_said_why(weather: OpenMeteo) -> None:
    contact = {"weather_contact": "ops@example.com", "met_norway_url": NOWHERE}
    shown = run("weather", "check", "Berlin", weather_providers="nws,met-norway,open-meteo", **contact, **urls(weather))
    assert shown.returncode == 0
    assert shown.stderr.splitlines() == [
        "windsock: nws failed: it does not cover Berlin",
        "windsock: met-norway failed: it refuses connections",
    ]
    assert "open-meteo, grid cell" in shown.stdout


def test_a_name_of_several_places_is_answered_with_candidates(weather: OpenMeteo) -> None:
    shown = run("weather", "check", "Springfield", **urls(weather))
    assert shown.returncode == 1
    assert "Springfield, Illinois, United States" in shown.stdout
    assert shown.stderr == "windsock: 3 places are called 'Springfield'; say which\n"
    assert run("weather", "check", "Springfield, Illinois, United States", **urls(weather)).returncode == 0
    (geocoder_id,) = [line.split()[4] for line in shown.stdout.splitlines() if "Illinois" in line]
    chosen = run("weather", "check", "Springfield", "--id", geocoder_id, **urls(weather))
    assert "Springfield, United States" in chosen.stdout


def test_two_of_one_state_are_told_apart(weather: OpenMeteo) -> None:
    weather.cities += TWINS
    shown = run("weather", "check", "Springfield, Wisconsin", **urls(weather))
    assert shown.returncode == 1
    for twin in TWINS:
        text = f"Springfield, Wisconsin, United States, {twin['id']}"
        assert text in shown.stdout
        for chosen in (["Springfield", "--id", f"{twin['id']}"], [text]):
            told = json.loads(run("weather", "check", *chosen, "--json", **urls(weather)).stdout)
            assert told["place"]["geocoder_id"] == twin["id"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Atlantis"], "no place is called 'Atlantis'"),
        (["Berlin", "--provider", "accuweather"], "--provider: 'accuweather' is none of open-meteo"),
        (["Berlin", "--provider", "openweathermap"], "set WINDSOCK_OPENWEATHERMAP_KEY"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(weather: OpenMeteo, arguments: list[str], words: str) -> None:
    shown = run("weather", "check", *arguments, **urls(weather))
    assert (shown.returncode, shown.stdout) == (1, "")
    assert words in shown.stderr
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["", " ", " x ", "x" * 101])
def test_a_name_that_is_too_short_or_too_long_is_refused_and_nobody_is_asked(weather: OpenMeteo, name: str) -> None:
    shown = run("weather", "check", name, **urls(weather))
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr == "windsock: CITY: is not a name of 2 to 100 characters\n"
    assert weather.searches() == []


def test_services_that_are_down_are_named_and_no_traceback_is_shown(weather: OpenMeteo) -> None:
    forecasts_down = run("weather", "check", "Berlin", **urls(weather) | {"open_meteo_url": NOWHERE})
    assert forecasts_down.returncode == 1
    assert forecasts_down.stderr.splitlines() == [
        "windsock: open-meteo failed: it refuses connections",
        "windsock: no weather service tells the weather in Berlin now",
    ]
    all_down = run("weather", "check", "Berlin", open_meteo_url=NOWHERE, geocoding_url=NOWHERE)
    assert all_down.returncode == 1
    assert "Traceback" not in all_down.stderr
    assert "the geocoder" in all_down.stderr


def test_where_the_first_service_tells_of_long_ago_the_next_is_shown_and_the_old_only_where_there_is_no_other(
    weather: OpenMeteo,
) -> None:
    weather.observed -= 86_400
    with MetNorwayService() as other:
        services = {"weather_providers": "open-meteo,met-norway", "weather_contact": "a@b.c"}
        shown = run("weather", "check", "Berlin", met_norway_url=other.url, **services, **urls(weather))
        assert (shown.returncode, "met-norway, grid cell" in shown.stdout) == (0, True)
        assert shown.stderr == "windsock: open-meteo failed: its newest observation is stale\n"
    alone = run("weather", "check", "Berlin", **urls(weather))
    assert (alone.returncode, "1 d ago, stale" in alone.stdout) == (0, True)
