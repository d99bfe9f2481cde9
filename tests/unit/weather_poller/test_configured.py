from __future__ import annotations

import pytest

from services.errors import SettingError
from services.places import Place
from services.settings import WeatherSettings
from weather_poller.configured import Named, parse_places


def test_places_with_coordinates_and_names_alone_are_told_apart() -> None:
    assert parse_places(" Berlin = 52.52, 13.41 ; São Paulo;;", 10) == [
        Place("berlin", "Berlin", 52.52, 13.41, pinned=True),
        Named("São Paulo"),
    ]


def test_a_place_may_say_whom_to_ask() -> None:
    assert parse_places("Berlin=52.52,13.41@open-meteo; Oslo @ open-meteo ", 10) == [
        Place("berlin", "Berlin", 52.52, 13.41, pinned=True, providers=("open-meteo",)),
        Named("Oslo", ("open-meteo",)),
    ]


def test_separators_alone_name_no_place() -> None:
    assert parse_places(";", 10) == []


def test_the_default_is_well_formed() -> None:
    settings = WeatherSettings()
    assert len(parse_places(settings.places, settings.places_max)) == 3


@pytest.mark.parametrize(
    "entry",
    [
        "Berlin=52.52",
        "Berlin=north,east",
        "Berlin=91,0",
        "Berlin=0,181",
        "Berlin=nan,0",
        "=52,13",
        "Berlin=1,2,3",
        "x",
        "x" * 101,
        "Oslo@",
        "Oslo@accuweather",
        "Oslo@open-meteo,open-meteo",
        "@open-meteo",
    ],
)
def test_a_bad_entry_is_named(entry: str) -> None:
    with pytest.raises(SettingError, match="WINDSOCK_PLACES") as refused:
        parse_places(f"London=51.51,-0.13;{entry}", 10)
    assert repr(entry) in str(refused.value)


def test_a_place_named_twice_is_refused() -> None:
    with pytest.raises(SettingError, match="a second time"):
        parse_places("Berlin=52.52,13.41;berlin", 10)


def test_more_places_than_are_tracked_are_refused() -> None:
    with pytest.raises(SettingError, match="WINDSOCK_PLACES_MAX allows 1"):
        parse_places("Berlin;London", 1)
