"""Fetches what is due and appends it: pinned places and those that somebody is interested in.

Promises: at most one request to the services at a time; an observation is appended once, however often or
by however many pollers it is fetched; no failure of a service or of Redis ends the loop.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge

from services import logs, topics
from services.commit import entry_of
from services.errors import Unavailable
from services.places import KNOWN_S, Place, Places
from services.reading import Reading
from services.settings import WeatherSettings
from services.stream import Stream
from services.writer import Writer
from weather_poller.configured import Named
from weather_poller.fetch import FetchError
from weather_poller.old_fetch import Fetcher
from weather_poller.old_schedule import Backoff, Schedule
from weather_poller.providers import registry as services_of
from weather_poller.providers.provider import Answer, GarbledAnswerError, Question

log = logs.get("poller")
T = TypeVar("T")

INTEREST_S = 30
"""Seconds that a place found for a gateway stays tracked before the gateway itself says that it is wanted."""

UNKNOWN_S = 600.0
"""Seconds for which a name stays unknown before the geocoder is asked again."""
MOST_UNKNOWN = 10_000
LOOK_S = 1.0
"""Longest pause between two looks at who is interested in what."""


class UnknownCityError(Exception):
    """The geocoder knows no such place."""


class TooManyPlacesError(Exception):
    """As many places are tracked as the settings allow."""


class Poller:
    """One poller; several may run on one Redis."""

    def __init__(
        self,
        fetcher: Fetcher,
        places: Places,
        stream: Stream,
        writer: Writer,
        settings: WeatherSettings,
        pinned: Sequence[Place | Named],
        registry: CollectorRegistry,
    ) -> None:
        self._fetcher = fetcher
        self._places = places
        self._stream = stream
        self._writer = writer
        self._settings = settings
        self._provider = next(iter(services_of.providers(settings).values()))
        self._names = services_of.geocoder(settings)
        self._unresolved = [place.name for place in pinned if isinstance(place, Named)]
        self._pinned = {place.place: place for place in pinned if isinstance(place, Place)}
        self._asked_as: dict[str, tuple[str, ...]] = {}
        self._registered: set[str] = set()
        self._register_again = 0.0
        self._tracked: dict[str, Place] = {}
        self._unknown: dict[str, float] = {}
        # Two services: that the geocoder fails is no reason to stop asking for the weather.
        self._geocoder, forecasts = (
            Backoff(
                retry_s=settings.weather_retry_s,
                retry_max_s=settings.weather_retry_max_s,
                clock=time.monotonic,
                chance=random.random,
            )
            for _ in range(2)
        )
        self._schedule = Schedule(
            forecasts,
            interval_s=settings.weather_interval_s or 900.0,
            jitter_s=settings.weather_jitter_s,
            clock=time.monotonic,
            chance=random.random,
        )
        gauge = Gauge("windsock_weather_places", "Places that are tracked", registry=registry)
        gauge.set_function(lambda: len(self._tracked))
        self._left_out = Gauge(
            "windsock_weather_places_left_out", "Places wanted above WINDSOCK_PLACES_MAX", registry=registry
        )
        self._observations = Counter("windsock_weather_observations", "Observations appended", registry=registry)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self._register_pinned()
                await self._track()
                await self._fetch_due()
            except Unavailable as error:
                log.warning("Redis cannot be used; trying again", error=str(error))
                await asyncio.sleep(LOOK_S)
            except FetchError as error:
                log.warning("no weather now; trying again", error=str(error))
            await asyncio.sleep(max(0.05, self._schedule.wait_s(LOOK_S)))

    async def find(self, city: str) -> Place:
        """The place of a city, with an observation stored; fetched now if it is new.

        Raises UnknownCityError, TooManyPlacesError, FetchError or Unavailable.
        """
        place = await self._places.lookup(city)
        if place is None:
            place = await self._found(city)
            await self._places.register(place, city)
        if place.place not in self._tracked and len(self._tracked) >= self._settings.places_max:
            raise TooManyPlacesError(f"{self._settings.places_max} places are tracked already")
        observed = (await self._stream.position(topics.WEATHER + place.place)).offset
        if not observed or not self._schedule.rests(place.place):
            await self._fetch([place], alone=True)
            await self._places.register(place, city)
        await self._places.touch([place.place], INTEREST_S, "poller")
        self._tracked[place.place] = place
        return place

    async def _found(self, city: str) -> Place:
        """Ask the geocoder, unless it did not know the name a moment ago."""
        name = city.casefold()
        if self._unknown.get(name, 0.0) > time.monotonic():
            raise UnknownCityError(f"no place is called {city!r}")
        try:
            return await self._geocode(city)
        except UnknownCityError:
            if len(self._unknown) >= MOST_UNKNOWN:
                self._unknown.clear()
            self._unknown[name] = time.monotonic() + UNKNOWN_S
            raise

    async def _geocode(self, city: str) -> Place:
        with _failures_counted(self._geocoder):
            resolved = await self._answered(self._names.search(city))
            place = resolved.place
            if resolved.candidates:
                raise UnknownCityError(f"{len(resolved.candidates)} places are called {city!r}")
        self._geocoder.succeeded()
        if place is None:
            raise UnknownCityError(f"no place is called {city!r}")
        known = (await self._places.get([place.place]))[0]
        if known is not None and not _same_spot(known, place):
            return replace(place, place=_slug_with_spot(place))
        return known or place

    async def _register_pinned(self) -> None:
        for name in list(self._unresolved):
            if self._geocoder.left_s:
                break
            try:
                place = replace(await self._geocode(name), pinned=True)
            except FetchError as error:
                log.warning("a place of WINDSOCK_PLACES is not found yet; trying again", city=name, error=str(error))
                break
            except UnknownCityError as error:
                log.error("a place of WINDSOCK_PLACES is unknown and left out", error=str(error))
            else:
                self._pinned[place.place] = place
                self._register_again = 0.0
                self._asked_as[place.place] = (name,)
            self._unresolved.remove(name)
        if time.monotonic() >= self._register_again:
            self._registered.clear()
            await self._places.pin(list(self._pinned))
            self._register_again = time.monotonic() + KNOWN_S / 2
        for slug, place in self._pinned.items():
            if slug not in self._registered:
                await self._places.register(place, *self._asked_as.get(slug, ()))
                self._registered.add(slug)

    async def _track(self) -> None:
        asked_for = await self._places.interested(_now_ms())
        found = await self._places.get([*self._pinned, *asked_for])
        asked = {place.place: place for place in found if place is not None}
        if not self._pinned.keys() <= asked.keys():
            self._register_again = 0.0  # a Redis that lost its data is told of them again
        others = {slug: asked[slug] for slug in asked_for if slug in asked and slug not in self._pinned}
        # Of too many, those go on that were tracked before.
        longest_first = sorted(others.items(), key=lambda item: item[0] not in self._tracked)
        wanted = [*self._pinned.items(), *longest_first]
        self._tracked = dict(wanted[: self._settings.places_max])
        self._left_out.set(len(wanted) - len(self._tracked))
        self._schedule.track(self._tracked)

    async def _fetch_due(self) -> None:
        due = [self._tracked[slug] for slug in self._schedule.due()]
        for start in range(0, len(due), self._provider.places_per_request):
            await self._fetch(due[start : start + self._provider.places_per_request])

    async def _answered(self, question: Question[T]) -> T:
        try:
            ask = next(question)
            while True:
                try:
                    body = await self._fetcher.json("open-meteo", ask.url, dict(ask.parameters))
                except FetchError as error:
                    ask = question.throw(error)
                else:
                    ask = question.send(Answer(200, {}, body, _now_ms()))
        except StopIteration as done:
            told: T = done.value
            return told

    async def _fetch(self, places: Sequence[Place], *, alone: bool = False) -> None:
        with _failures_counted(self._schedule.backoff):
            found = await self._answered(self._provider.observe(places))
        observed = [reading for one in found for reading in one.readings]
        faults = [one.fault for one in found if one.fault]
        for fault in faults:
            log.warning("no observation of a place; asking again when it is due next", error=fault)
        await self._append(observed)
        self._schedule.succeeded([place.place for place in places], alone=alone)

    async def _append(self, observed: Sequence[Reading]) -> None:
        stored = await self._stream.latest([reading.device for reading in observed], topics.WEATHER)
        fresh = [
            reading
            for reading, latest in zip(observed, stored, strict=True)
            if latest is None or reading.at_ms > latest.ts
        ]
        if fresh:
            entries = [
                entry_of(reading, topic=topics.WEATHER + reading.device, group_topics=False) for reading in fresh
            ]
            appended = await self._writer.append(entries)
            self._observations.inc(sum(not one.duplicate for one in appended))


@contextmanager
def _failures_counted(backoff: Backoff) -> Iterator[None]:
    """Refuses while `backoff` pauses; a failure inside lengthens the pause and is raised as FetchError."""
    if backoff.left_s:
        raise FetchError(f"not asked: it failed before, and is left alone for another {backoff.left_s:.0f} s")
    try:
        yield
    except FetchError as error:
        backoff.failed(error.retry_after_s)
        raise
    except GarbledAnswerError as error:
        backoff.failed()
        raise FetchError(str(error)) from error


def _slug_with_spot(place: Place) -> str:
    north = "n" if place.latitude >= 0 else "s"
    east = "e" if place.longitude >= 0 else "w"
    return f"{place.place[:48]}-{abs(place.latitude):.1f}{north}-{abs(place.longitude):.1f}{east}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _same_spot(one: Place, other: Place) -> bool:
    return abs(one.latitude - other.latitude) < 0.5 and abs(one.longitude - other.longitude) < 0.5
