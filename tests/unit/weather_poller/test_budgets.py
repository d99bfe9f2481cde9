from __future__ import annotations

import pytest

from services.errors import SettingError
from services.settings import WeatherSettings
from weather_poller import budgets
from weather_poller.providers import registry


def settings(calls: str) -> WeatherSettings:
    services = "open-meteo,met-norway,nws,openweathermap"
    return WeatherSettings(
        weather_providers=services,
        weather_contact="ops@example.com",
        openweathermap_key="key",
        open_meteo_calls=calls,
        met_norway_calls="1/1/1",
        nws_calls="1/1/1",
        openweathermap_calls="1/1/1",
    )


@pytest.mark.parametrize("calls", ["2/0/0", "0/0/0", "600/5000/10000"])
def test_calls_that_are_enough_for_one_place_are_accepted(calls: str) -> None:
    budgets.check(registry.providers(settings(calls)).values())


@pytest.mark.parametrize("calls", ["1/0/0", "600/1/0", "600/5000/1"])
def test_calls_that_are_not_enough_for_a_single_place_are_told(calls: str) -> None:
    with pytest.raises(SettingError, match=r"WINDSOCK_OPEN_METEO_CALLS allows 1, one place costs 1\.1"):
        budgets.check(registry.providers(settings(calls)).values())
