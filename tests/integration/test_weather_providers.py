"""Every provider, asked over real HTTP: its stand-in answers, and goes wrong in every way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import NamedTuple

import pytest
from prometheus_client import CollectorRegistry

from services.places import Place
from services.settings import WeatherSettings
from tests.stand_ins.met_norway import MetNorwayService
from tests.stand_ins.nws import NwsService
from tests.stand_ins.open_meteo import OpenMeteo
from tests.stand_ins.openweathermap import KEY, OpenWeatherMapService
from tests.stand_ins.service import StandIn
from weather_poller.client import weather_client
from weather_poller.fetch import Fetcher, FetchError
from weather_poller.hosts import OwnHosts
from weather_poller.providers.provider import NAMES, Found, Provider
from weather_poller.providers.registry import providers

DENVER = Place("denver", "Denver", 39.73915, -104.9847, country_code="US")
STAND_INS = {
    "open-meteo": OpenMeteo,
    "met-norway": MetNorwayService,
    "nws": NwsService,
    "openweathermap": OpenWeatherMapService,
}


class Asking(NamedTuple):
    """A provider, its stand-in, and the settings with which it is asked."""

    service: StandIn
    provider: Provider
    settings: WeatherSettings

    async def observe(self, past_h: int = 0) -> Found:
        async with weather_client(self.settings) as client:
            metrics = CollectorRegistry()
            fetcher = Fetcher(client, OwnHosts(self.settings, metrics), self.settings, metrics)
            (found,) = await fetcher.ask(self.provider, self.provider.observe([DENVER], past_h))
        return found


def settings_for(name: str, url: str, key: str = KEY) -> WeatherSettings:
    return WeatherSettings(
        places="",
        weather_providers=name,
        weather_contact="ops@example.com",
        weather_request_s=3.0,
        openweathermap_key=key,
        open_meteo_url=url,
        met_norway_url=url,
        nws_url=url,
        openweathermap_url=url,
    )


def asking(name: str, service: StandIn, url: str = "", key: str = KEY) -> Asking:
    settings = settings_for(name, url or service.url, key)
    return Asking(service, providers(settings)[name], settings)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture
def service(name: str) -> Iterator[StandIn]:
    with ExitStack() as stack:
        yield stack.enter_context(STAND_INS[name]())


async def test_an_observation_comes_with_its_source(name: str, service: StandIn) -> None:
    reading = (await asking(name, service).observe()).readings[-1]
    assert reading.tags is not None
    assert reading.tags["provider"] == name
    assert {"attribution", "attribution_url", "licence", "fetched", "interval_s"} <= reading.tags.keys()
    assert "grid" in reading.tags or "station" in reading.tags
    assert isinstance(reading.values["temperature"], float)
    assert {header["user-agent"].partition("/")[0] for header in service.headers} == {"windsock"}
    assert all("(+ops@example.com)" in header["user-agent"] for header in service.headers)


async def test_who_is_asked_seldom_is_expected_seldom(name: str, service: StandIn) -> None:
    settings = replace(settings_for(name, service.url), weather_interval_s=7_200.0)
    found = await Asking(service, providers(settings)[name], settings).observe(past_h=24)
    assert found.interval_s == 7_200.0
    assert {(one.tags or {})["interval_s"] for one in found.readings} == {"7200"}


@pytest.mark.parametrize(
    "fault",
    [
        *("400", "401", "429", "500", "503"),
        *("garbage", "truncated", "cut", "drip", "redirect", "huge", "other shape"),
    ],
)
async def test_every_fault_is_told_as_such_and_the_next_question_is_answered(
    name: str, service: StandIn, fault: str
) -> None:
    asked = asking(name, service)
    paths = [route for route in service.patterns() if route.endswith(("forecast", "compact", "latest", "weather"))]
    # Each of the three stations that would be asked one after the other.
    service.next(fault, *([fault] * 2 if name == "nws" and fault == "other shape" else []), path=paths[0])
    with pytest.raises(FetchError):
        await asked.observe()
    assert (await asked.observe()).readings


@pytest.mark.parametrize("kind", ["html", "text"])
async def test_good_json_is_taken_whatever_it_calls_itself(name: str, service: StandIn, kind: str) -> None:
    service.next(kind)
    assert (await asking(name, service).observe()).readings


async def test_what_its_service_told_it_to_wait_is_handed_on(name: str, service: StandIn) -> None:
    service.next("429")
    service.retry_after = "120"
    with pytest.raises(FetchError) as refused:
        await asking(name, service).observe()
    assert refused.value.retry_after_s == 120.0


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://weather.invalid"])
async def test_a_service_that_is_not_there_is_told(name: str, service: StandIn, url: str) -> None:
    with pytest.raises(FetchError):
        await asking(name, service, url).observe()


@pytest.mark.parametrize("ahead_s", [-7_200, 7_200])
async def test_a_clock_that_differs_does_not_cost_the_weather(name: str, service: StandIn, ahead_s: int) -> None:
    service.ahead_s = ahead_s
    if isinstance(service, OpenMeteo | NwsService | OpenWeatherMapService):
        service.observed += ahead_s
    found = await asking(name, service).observe()
    assert found.readings
    assert found.next_ms is None or found.next_ms > time.time() * 1000


@pytest.mark.parametrize("name", ["open-meteo", "nws"])
async def test_past_hours_come_before_the_present(name: str, service: StandIn) -> None:
    readings = (await asking(name, service).observe(past_h=24)).readings
    times = [reading.at_ms for reading in readings]
    assert times == sorted(set(times))
    assert len(times) == 25
    assert 23 * 3_600_000 <= times[-1] - times[0] <= 24 * 3_600_000


@pytest.mark.parametrize("name", ["met-norway"])
async def test_a_forecast_that_did_not_change_is_not_sent_again(name: str, service: StandIn) -> None:
    asked = asking(name, service)
    first, second = await asked.observe(), await asked.observe()
    assert "if-modified-since" in service.headers[1]
    assert [one.values for one in first.readings] == [one.values for one in second.readings]


@pytest.mark.parametrize("name", ["met-norway"])
async def test_a_deprecated_version_goes_on_working(name: str, service: MetNorwayService) -> None:
    service.deprecated = True
    asked = asking(name, service)
    assert (await asked.observe()).readings
    assert (await asked.observe()).readings


@pytest.mark.parametrize("name", ["nws"])
async def test_a_station_that_is_silent_is_followed_by_the_next(name: str, service: NwsService) -> None:
    service.silent = {"KBKF", "KAPA"}
    (reading,) = (await asking(name, service).observe()).readings
    assert reading.tags is not None
    assert reading.tags["station"] == "KDEN Denver"


@pytest.mark.parametrize("name", ["nws"])
async def test_a_place_that_is_not_covered_is_told_as_such(name: str, service: NwsService) -> None:
    service.covered = False
    assert "does not cover Denver" in str((await asking(name, service).observe()).fault)


@pytest.mark.parametrize("name", ["openweathermap"])
async def test_a_key_that_is_refused_names_its_setting(name: str, service: StandIn) -> None:
    with pytest.raises(FetchError, match="WINDSOCK_OPENWEATHERMAP_KEY"):
        await asking(name, service, key="another").observe()
