from __future__ import annotations

import pytest

from services.errors import SettingError
from services.places import Place
from services.settings import WeatherSettings
from services.weather_status import WeatherStatus, interval_of
from tests.questions import NOW_MS, put, told
from weather_poller import states
from weather_poller.providers.provider import Calls
from weather_poller.providers.registry import geocoder, providers
from weather_poller.user_agent import user_agent


def test_open_meteo_is_asked_by_default() -> None:
    known = providers(WeatherSettings(open_meteo_url="https://api.open-meteo.com/"))
    assert list(known) == ["open-meteo"]
    assert known["open-meteo"].url == "https://api.open-meteo.com"
    assert known["open-meteo"].calls == Calls(600, 5_000, 10_000)


@pytest.mark.parametrize(("interval_s", "told_s"), [(0, 900), (60, 900), (7_200, 7_200)])
def test_an_interval_of_the_settings_that_is_longer_is_that_of_the_observations(interval_s: float, told_s: int) -> None:
    service = providers(WeatherSettings(weather_interval_s=interval_s))["open-meteo"]
    current = {"time": NOW_MS // 1000, "interval": 900, "temperature_2m": 1.0}
    (found,), _ = put(service.observe([Place("berlin", "Berlin", 52.52, 13.41)]), told({"current": current}))
    (reading,) = found.readings
    assert reading.tags is not None
    assert (found.interval_s, reading.tags["interval_s"]) == (told_s, f"{told_s}")


def test_a_live_observation_is_judged_in_one_way_by_its_tag_and_by_its_status() -> None:
    settings = WeatherSettings(weather_interval_s=3_600)
    body = {"current": {"time": NOW_MS // 1000, "interval": 900, "temperature_2m": 1.0}}
    place = Place("berlin", "Berlin", 52.52, 13.41)
    (found,), _ = put(providers(settings)["open-meteo"].observe([place]), told(body))
    (reading,) = found.readings
    new = WeatherStatus("berlin", 900.0, 0, "me")
    status = states.answered(new, "open-meteo", found, [reading], settings.weather_interval_s, NOW_MS)
    assert interval_of(reading.tags or {}) == status.interval_s == 3_600


def test_no_bound_of_calls_is_told_as_none() -> None:
    assert providers(WeatherSettings(open_meteo_calls="0/5/0"))["open-meteo"].calls == Calls(None, 5, None)


@pytest.mark.parametrize("names", ["", "open-meteo,", "accuweather", "open-meteo,open-meteo"])
def test_a_name_that_is_none_is_told(names: str) -> None:
    with pytest.raises(SettingError, match="WINDSOCK_WEATHER_PROVIDERS="):
        providers(WeatherSettings(weather_providers=names))


@pytest.mark.parametrize("url", ["https://api.open-meteo.com", "https://customer.example", "http://["])
def test_a_key_demands_the_paid_host(url: str) -> None:
    with pytest.raises(SettingError, match="WINDSOCK_OPEN_METEO_URL"):
        providers(WeatherSettings(open_meteo_url=url, open_meteo_key="secret"))


def test_a_key_goes_to_paid_hosts_only() -> None:
    paid = WeatherSettings(
        open_meteo_url="https://customer-api.open-meteo.com",
        geocoding_url="https://customer-geocoding-api.open-meteo.com",
        open_meteo_key="secret",
    )
    assert "open-meteo" in providers(paid)
    assert next(geocoder(paid).search("Berlin")).parameters["apikey"] == "secret"
    free = WeatherSettings(open_meteo_url=paid.open_meteo_url, open_meteo_key="secret")
    assert "apikey" not in next(geocoder(free).search("Berlin")).parameters


def test_those_that_a_place_names_are_made_ready_too() -> None:
    settings = WeatherSettings(
        places="Oslo@met-norway,open-meteo;Denver=39.7,-105@nws", weather_contact="ops@example.com"
    )
    assert list(providers(settings)) == ["open-meteo", "met-norway", "nws"]


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("met-norway", "WINDSOCK_WEATHER_CONTACT"),
        ("nws", "WINDSOCK_WEATHER_CONTACT"),
        ("openweathermap", "WINDSOCK_OPENWEATHERMAP_KEY"),
    ],
)
def test_what_a_service_demands_is_told_on_start(name: str, setting: str) -> None:
    for settings in (WeatherSettings(weather_providers=name), WeatherSettings(places=f"Oslo@{name}")):
        with pytest.raises(SettingError, match=f"{name} demands .*{setting}"):
            providers(settings)


def test_all_can_be_asked_in_the_order_that_is_set() -> None:
    names = ["openweathermap", "nws", "met-norway", "open-meteo"]
    settings = WeatherSettings(
        weather_providers=", ".join(names), weather_contact="ops@example.com", openweathermap_key="secret"
    )
    assert list(providers(settings)) == names


def test_services_are_told_who_asks() -> None:
    assert user_agent("").startswith("windsock/")
    assert user_agent("ops@example.com").endswith(" (+ops@example.com)")
