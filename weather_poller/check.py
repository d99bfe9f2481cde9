"""Asks once for the weather of a city, without Redis: what `windsock weather check` shows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import orjson
from prometheus_client import CollectorRegistry

from services import environment
from services.errors import BadRequest
from services.places import NAME, Place, is_name
from services.settings import WeatherSettings
from services.weather_status import is_stale
from weather_poller.client import weather_client
from weather_poller.fetch import Fetcher, FetchError
from weather_poller.hosts import OwnHosts
from weather_poller.providers.provider import NAMES, Found, Provider
from weather_poller.providers.registry import geocoder, providers


async def check(city: str, geocoder_id: int | None, provider: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """What the first provider that can tells of `city` now: `place`, `observation`, `age_s`, `interval_s`, `stale`, and
    `failures` of those before it. Instead of an observation, `error` says why there is none, with `candidates` where
    several places are called so.

    `geocoder_id` says which of several of that name, `provider` is the only one to ask.
    Raises BadRequest and SettingError.
    """
    if not is_name(city):
        raise BadRequest("CITY", f"is not {NAME}")
    if provider is not None and provider not in NAMES:
        raise BadRequest("--provider", f"{provider!r} is none of {', '.join(NAMES)}")
    settings = environment.load(WeatherSettings, environ)
    chosen = replace(settings, places="", weather_providers=provider or settings.weather_providers)
    services = providers(chosen)
    async with weather_client(settings) as client:
        metrics = CollectorRegistry()
        fetcher = Fetcher(client, OwnHosts(settings, metrics), settings, metrics)
        names = geocoder(settings)
        try:
            resolved = await fetcher.ask(names, names.search(city) if geocoder_id is None else names.by_id(geocoder_id))
        except FetchError as error:
            return {"error": f"the geocoder at {names.url} cannot tell where {city!r} is: {error}"}
        if resolved.candidates:
            candidates = [asdict(candidate) for candidate in resolved.candidates]
            return {"error": f"{len(candidates)} places are called {city!r}; say which", "candidates": candidates}
        if resolved.place is None:
            return {"error": f"no place is called {city!r}"}
        return await _observed(fetcher, list(services.values()), resolved.place)


async def _observed(fetcher: Fetcher, services: list[Provider], place: Place) -> dict[str, Any]:
    failures: list[dict[str, str]] = []
    told: dict[str, Any] = {"place": asdict(place), "failures": failures}
    stale: dict[str, Any] | None = None
    for service in services:
        try:
            (found,) = await _asked(fetcher, service, place)
        except FetchError as error:
            failures.append({"provider": service.name, "reason": str(error)})
            continue
        if not found.readings:
            failures.append({"provider": service.name, "reason": found.fault or "it told nothing"})
            continue
        reading, now_ms = found.readings[-1], time.time_ns() // 1_000_000
        observed = {
            "observation": orjson.loads(reading.payload()),
            "age_s": max(0, (now_ms - reading.at_ms) // 1000),
            "interval_s": found.interval_s,
            "stale": is_stale(reading.at_ms, found.interval_s, now_ms),
        }
        if not observed["stale"]:
            return told | observed
        failures.append({"provider": service.name, "reason": "its newest observation is stale"})
        stale = stale or observed
    return told | (stale or {"error": f"no weather service tells the weather in {place.name} now"})


async def _asked(fetcher: Fetcher, service: Provider, place: Place) -> list[Found]:
    if not service.covers(place):
        return [Found(place.place, fault=f"it does not cover {place.name}")]
    return await fetcher.ask(service, service.observe([place]))
