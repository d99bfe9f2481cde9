from __future__ import annotations

import pytest

from services.errors import SettingError
from services.settings import WeatherSettings
from weather_poller.providers.provider import Calls
from weather_poller.providers.registry import geocoder, providers
from weather_poller.user_agent import user_agent


def test_open_meteo_is_asked_by_default() -> None:
    known = providers(WeatherSettings(open_meteo_url="https://api.open-meteo.com/"))
    assert list(known) == ["open-meteo"]
    assert known["open-meteo"].url == "https://api.open-meteo.com"
    assert known["open-meteo"].calls == Calls(600, 5_000, 10_000)


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


def test_services_are_told_who_asks() -> None:
    assert user_agent("").startswith("windsock/")
    assert user_agent("ops@example.com").endswith(" (+ops@example.com)")
