"""Opt-in (`make test-live`): the real weather services still speak as the stand-ins do. Never part of `make test`."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services import environment
from services.errors import SettingError
from services.places import Place
from services.settings import WeatherSettings
from weather_poller.client import weather_client
from weather_poller.fetch import Fetcher
from weather_poller.hosts import OwnHosts
from weather_poller.providers.provider import NAMES
from weather_poller.providers.registry import geocoder, providers

pytestmark = pytest.mark.live

DENVER = Place("denver", "Denver", 39.73915, -104.9847, country_code="US")


def fetcher_for(url: str, client: httpx.AsyncClient, settings: WeatherSettings) -> Fetcher:
    host = urlsplit(url).hostname or ""
    try:
        socket.create_connection((host, urlsplit(url).port or 443), 5).close()
    except OSError as error:
        pytest.skip(f"{host} cannot be reached from here: {error}")
    metrics = CollectorRegistry()
    return Fetcher(client, OwnHosts(settings, metrics), settings, metrics)


@pytest.fixture
def settings() -> WeatherSettings:
    return environment.load(WeatherSettings, os.environ)


@pytest.mark.parametrize("name", NAMES)
async def test_a_service_tells_the_temperature_and_the_past(name: str, settings: WeatherSettings) -> None:
    chosen = environment.load(WeatherSettings, {**os.environ, "WINDSOCK_WEATHER_PROVIDERS": name})
    try:
        provider = providers(chosen)[name]
    except SettingError as error:
        pytest.skip(str(error))
    async with weather_client(settings) as client:
        (found,) = await fetcher_for(provider.url, client, settings).ask(provider, provider.observe([DENVER], 24))
    assert found.fault is None
    assert -60 < float(found.readings[-1].values["temperature"]) < 60
    assert len(found.readings) > (12 if name in ("open-meteo", "nws") else 0)


@pytest.mark.parametrize(("asked", "slug"), [("Berlin", "berlin"), ("München", "munich"), ("Tokyo", "tokyo")])
async def test_the_geocoder_knows_what_is_meant(asked: str, slug: str, settings: WeatherSettings) -> None:
    names = geocoder(settings)
    async with weather_client(settings) as client:
        resolved = await fetcher_for(names.url, client, settings).ask(names, names.search(asked))
    assert resolved.place is not None
    assert resolved.place.place == slug


async def test_the_geocoder_finds_each_candidate_by_its_text_and_id(settings: WeatherSettings) -> None:
    names = geocoder(settings)
    async with weather_client(settings) as client:
        fetcher = fetcher_for(names.url, client, settings)
        candidate = (await fetcher.ask(names, names.search("Springfield"))).candidates[0]
        by_text = await fetcher.ask(names, names.search(candidate.city))
        by_id = await fetcher.ask(names, names.by_id(candidate.id))
    assert by_text.place is not None
    assert by_text.place.geocoder_id == candidate.id
    assert by_id == by_text
