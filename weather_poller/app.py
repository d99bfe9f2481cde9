"""Puts the weather poller together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services import environment
from services.background import background
from services.places import Places
from services.room import Room, Shared
from services.settings import WeatherSettings
from weather_poller.client import weather_client
from weather_poller.configured import parse_places
from weather_poller.old_fetch import Fetcher
from weather_poller.poller import Poller
from weather_poller.requests import Requests


def build(shared: Shared) -> Room:
    """The weather room; ready whatever the weather services do."""
    limits = environment.load(WeatherSettings, shared.environ)
    pinned = parse_places(limits.places, limits.places_max)
    places = Places(shared.redis)
    client = weather_client(limits)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        fetcher = Fetcher(client, limits, shared.registry)
        poller = Poller(fetcher, places, shared.stream, shared.writer, limits, pinned, shared.registry)
        requests = Requests(shared.redis, places, poller, shared.registry)
        async with client, background(poller.run, requests.run):
            yield

    return Room("weather", [], running)
