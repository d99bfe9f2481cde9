"""Puts the weather poller together."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services import environment
from services.background import background
from services.places import LEASE_KEY, Places
from services.room import Room, Shared
from services.settings import WeatherSettings
from weather_poller import budgets
from weather_poller.answers import Answers
from weather_poller.cities import Cities
from weather_poller.client import weather_client
from weather_poller.configured import parse_places, parse_providers
from weather_poller.fetch import Fetcher
from weather_poller.held import Held
from weather_poller.holder import Holder
from weather_poller.hosts import SharedHosts
from weather_poller.observations import Observations
from weather_poller.poller import Poller
from weather_poller.providers import registry
from weather_poller.requests import Requests
from weather_poller.tracking import Tracking


def build(shared: Shared) -> Room:
    """The weather room; ready whatever the weather services do."""
    settings = environment.load(WeatherSettings, shared.environ)
    pinned = parse_places(settings.places, settings.places_max)
    order = parse_providers(settings.weather_providers)
    providers, geocoder = registry.providers(settings), registry.geocoder(settings)
    budgets.check(providers.values())
    places = Places(shared.redis)
    name = f"{socket.gethostname()}:{os.getpid()}"
    client = weather_client(settings)

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        hosts = SharedHosts(shared.vital, settings, shared.registry, name)
        fetcher = Fetcher(client, hosts, settings, shared.registry)
        cities = Cities(places, fetcher, geocoder)
        tracking = Tracking(places, cities, pinned, settings.places_max)
        lease = Held(shared.vital, LEASE_KEY, settings.weather_lease_s, name)
        observations = Observations(shared.vital, lease, shared.streams, shared.registry)

        def holder() -> Holder:
            return Holder(
                fetcher=fetcher,
                providers=providers,
                order=order,
                tracking=tracking,
                observations=observations,
                stream=shared.stream,
                redis=shared.redis,
                settings=settings,
                retention_s=shared.streams.retention_s,
                name=name,
            )

        poller = Poller(lease, settings.weather_lease_s, tracking, holder, shared.registry)
        answers = Answers(shared.redis, places, cities, settings.places_max, poller.wake)
        requests = Requests(shared.redis, places, answers.answer, shared.registry)
        async with client, background(poller.run, requests.run):
            yield

    return Room("weather", [], running)
