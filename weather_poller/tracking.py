"""Which places the holder of the lease tracks: those of the settings, and those that somebody is interested in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from services import logs
from services.errors import Unavailable
from services.places import KNOWN_S, Place, Places
from weather_poller.cities import AmbiguousCityError, Cities, UnknownCityError
from weather_poller.configured import Named
from weather_poller.fetch import FetchError

log = logs.get("tracking")

LEAST_WAIT_S = 1.0
"""Shortest pause before a name of the settings is looked up again."""


class Tracking:
    """At most `most` places; of too many those go on that were tracked before."""

    def __init__(self, places: Places, cities: Cities, pinned: Sequence[Place | Named], most: int) -> None:
        self._places = places
        self._cities = cities
        self._most = most
        self._unresolved = [place for place in pinned if isinstance(place, Named)]
        self._pinned = {place.place: place for place in pinned if isinstance(place, Place)}
        self._asked_as: dict[str, str] = {}
        self._pin_again = 0.0
        self.tracked: dict[str, Place] = {}
        self.left_out: list[str] = []
        """Places that are wanted above `most`."""

    async def resolve(self) -> None:
        """Look up the names of the settings; one that is unknown or ambiguous is logged and left out."""
        while self._unresolved:
            named = self._unresolved[0]
            try:
                found = await self._cities.find(named.name)
            except (FetchError, Unavailable) as error:
                log.warning("a place of WINDSOCK_PLACES is not found yet", city=named.name, error=str(error))
                self._unresolved.append(self._unresolved.pop(0))  # the others have their turn before it has its next
                wait_s = error.wait_s if isinstance(error, FetchError) else 0.0
                await asyncio.sleep(max(LEAST_WAIT_S, wait_s))
                continue
            except UnknownCityError as error:
                log.error("a place of WINDSOCK_PLACES is unknown and left out", error=str(error))
            except AmbiguousCityError as error:
                candidates = [candidate.city for candidate in error.candidates]
                log.error("a place of WINDSOCK_PLACES is left out", error=str(error), candidates=candidates)
            else:
                self._pinned[found.place] = replace(found, pinned=True, providers=named.providers)
                self._asked_as[found.place] = named.name
                self._pin_again = 0.0
            self._unresolved.pop(0)

    async def look(self) -> None:
        """Bring `tracked` and `left_out` up to date. Raises Unavailable."""
        if time.monotonic() >= self._pin_again:
            await self._pin()
        asked_for = await self._places.interested()
        found = await self._places.get([*self._pinned, *asked_for])
        known = {place.place: place for place in found if place is not None}
        if not self._pinned.keys() <= known.keys():
            self._pin_again = 0.0  # a Redis that lost its data is told of them again
        others = [slug for slug in asked_for if slug in known and slug not in self._pinned]
        others.sort(key=lambda slug: slug not in self.tracked)
        room = self._most - len(self._pinned)
        self.tracked = self._pinned | {slug: known[slug] for slug in others[:room]}
        self.left_out = others[room:]

    async def _pin(self) -> None:
        self._pin_again = time.monotonic() + KNOWN_S / 2
        try:
            await self._places.pin(list(self._pinned))
            for slug, place in list(self._pinned.items()):  # a name may be found meanwhile
                await self._places.register(place, *([self._asked_as[slug]] if slug in self._asked_as else []))
        except Unavailable:
            self._pin_again = 0.0
            raise
