"""Which place a city's name means: places that are known by name or id first, then the geocoder.

The same city under other spellings or in other languages is one place, by the geocoder's id. Names that mean nothing,
or several places, are remembered for a while, so that the geocoder is asked about them once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from services.places import Place, Places, same_spot
from weather_poller.fetch import Fetcher
from weather_poller.providers.geocoding import Candidate, Geocoder, Resolved

REMEMBERED_S = 600.0
"""Seconds for which a name stays unknown, or ambiguous, before the geocoder is asked again."""
MOST_REMEMBERED = 10_000
MOST_SLUG = 48
"""Characters of a slug that are kept before an id."""


class UnknownCityError(Exception):
    """The geocoder knows no such place."""


class AmbiguousCityError(Exception):
    """Several places are called so."""

    def __init__(self, city: str, candidates: Sequence[Candidate]) -> None:
        super().__init__(f"several places are called {city!r}; say which")
        self.candidates = candidates


class Cities:
    """Finds places by the names that people use, and registers them."""

    def __init__(self, places: Places, fetcher: Fetcher, geocoder: Geocoder) -> None:
        self._places = places
        self._fetcher = fetcher
        self._geocoder = geocoder
        self._one_at_a_time = asyncio.Lock()
        self._remembered: dict[str, tuple[float, UnknownCityError | AmbiguousCityError]] = {}

    async def find(self, city: str, geocoder_id: int | None = None) -> Place:
        """The place that `city` means, or the one with this id of the geocoder's; registered from now on.

        Raises UnknownCityError, AmbiguousCityError, FetchError or Unavailable.
        """
        city = " ".join(city.split())
        place = await self._known(city, geocoder_id)
        if place is not None:
            return place
        # Its host takes one request at a time anyway; who waited may find that another asked the same.
        async with self._one_at_a_time:
            place = await self._known(city, geocoder_id)
            if place is not None:
                return place
            found = await self._ask(city, geocoder_id)
            return await self._registered(found, () if geocoder_id is not None else (city,))

    async def _known(self, city: str, geocoder_id: int | None) -> Place | None:
        if geocoder_id is not None:
            return await self._places.lookup_id(geocoder_id)
        place = await self._places.lookup(city)
        if place is None:
            until, error = self._remembered.get(city.casefold(), (0.0, None))
            if error is not None and until > time.monotonic():
                raise error
        return place

    async def _ask(self, city: str, geocoder_id: int | None) -> Place:
        if geocoder_id is not None:
            resolved: Resolved = await self._fetcher.ask(self._geocoder, self._geocoder.by_id(geocoder_id))
            if resolved.place is None:
                raise UnknownCityError(f"the geocoder knows no place with the id {geocoder_id}")
            return resolved.place
        resolved = await self._fetcher.ask(self._geocoder, self._geocoder.search(city))
        if resolved.place is not None:
            return resolved.place
        error: UnknownCityError | AmbiguousCityError = UnknownCityError(f"no place is called {city!r}")
        if resolved.candidates:
            error = AmbiguousCityError(city, resolved.candidates)
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[city.casefold()] = (time.monotonic() + REMEMBERED_S, error)
        raise error

    async def _registered(self, found: Place, asked_as: Sequence[str]) -> Place:
        """The place as it is known: under the slug that it has, or under the first that no other has."""
        known = await self._places.lookup_id(found.geocoder_id) if found.geocoder_id is not None else None
        if known is not None:
            return await self._places.register(known, *asked_as)
        for slug in _slugs(found):
            registered = await self._places.register(replace(found, place=slug), *asked_as)
            if same_spot(registered, found):
                break
        return registered


def _slugs(place: Place) -> Iterator[str]:
    """The slugs under which a place may be known, the best first: no other place has its id."""
    yield place.place
    with_id = f"{place.place[:MOST_SLUG]}-{place.geocoder_id}"
    yield with_id
    for number in count(2):
        yield f"{with_id}-{number}"
