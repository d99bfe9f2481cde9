"""The past hours of places that are new, from whoever tells them, so that their charts are not empty.

A provider that cannot tell the past keeps no present observation away: it is left out, or another one is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services import logs
from services.places import Place
from weather_poller.fetch import Fetcher, FetchError, NotAskedError
from weather_poller.providers.provider import Found, Provider

log = logs.get("past")

LAST_RESORT = "open-meteo"
"""Who is asked for the past where none of a place's own providers tells it; it tells that of every place."""
TRIES = 2
"""So often a provider is asked for past and present at once before it is asked for the present alone."""


class Past:
    """Asks for the last `hours` of new places."""

    def __init__(self, fetcher: Fetcher, providers: Mapping[str, Provider], hours: int) -> None:
        self._fetcher = fetcher
        self._providers = providers
        self._hours = hours
        self._failures: Counter[str] = Counter()

    def forget(self, slug: str) -> None:
        """The place is not tracked any more."""
        self._failures.pop(slug, None)

    async def observe(
        self, provider: Provider, places: Sequence[Place], new: Sequence[str], orders: Mapping[str, Sequence[str]]
    ) -> list[Found]:
        """What `provider` tells of `places`, and for those that are `new` (slugs) the past before it.

        `orders` are the providers of each place. Raises FetchError where there is no present, and Unavailable.
        """
        if not new or not self._hours:
            return await self._fetcher.ask(provider, provider.observe(places))
        found = await self._with_past(provider, places, new)
        lacking = {place.place: place for place in places if place.place in new}
        for one in found:
            if len(one.readings) != 1:
                lacking.pop(one.place, None)
        return await self._completed(found, lacking, provider.name, orders) if lacking else found

    async def _with_past(self, provider: Provider, places: Sequence[Place], new: Sequence[str]) -> list[Found]:
        if max(self._failures[slug] for slug in new) < TRIES:
            try:
                return await self._fetcher.ask(provider, provider.observe(places, self._hours))
            except NotAskedError:
                raise
            except FetchError as error:
                self._failures.update(new)
                if not error.is_refusal:
                    raise
                log.warning("a weather service refuses the past", provider=provider.name, error=str(error))
        return await self._fetcher.ask(provider, provider.observe(places))

    async def _completed(
        self, found: Sequence[Found], lacking: dict[str, Place], told_by: str, orders: Mapping[str, Sequence[str]]
    ) -> list[Found]:
        """`found`, with the past that others tell of the places that are `lacking` it."""
        past: dict[str, Found] = {}
        for name in dict.fromkeys([*(name for slug in lacking for name in orders[slug]), LAST_RESORT]):
            provider = self._providers.get(name)
            if provider is None or name == told_by:
                continue
            asked = [
                place
                for slug, place in lacking.items()
                if slug not in past and (name in orders[slug] or name == LAST_RESORT) and provider.covers(place)
            ]
            for start in range(0, len(asked), provider.places_per_request):
                some = asked[start : start + provider.places_per_request]
                try:
                    told = await self._fetcher.ask(provider, provider.observe(some, self._hours))
                except FetchError as error:
                    log.warning("no past of a new place", provider=name, error=str(error))
                    break
                past |= {one.place: one for one in told if len(one.readings) > 1}
        return [_before(one, past[one.place]) if one.place in past else one for one in found]


def _before(present: Found, past: Found) -> Found:
    """`present`, and before it what `past` tells of the time before."""
    now_ms = present.readings[0].at_ms
    earlier = [reading for reading in past.readings if reading.at_ms < now_ms]
    return replace(present, readings=[*earlier, *present.readings])
