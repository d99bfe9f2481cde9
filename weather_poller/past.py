"""The past hours of places that are new, from whoever tells them, so that their charts are not empty.

The past is asked for together with the present. It keeps no present observation away: where the question for both is
refused or failed, the present is asked for on its own, and the past after it, which is then waited for a few seconds.
A place whose present comes without its past because a service could not tell it at that time is given it later,
before a newer present one (`services.weather_status.MissingPast`): what is stored last is always the newest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services import logs
from services.places import Place
from weather_poller.fetch import Fetcher, FetchError, NotAskedError
from weather_poller.providers.provider import Found, Provider

log = logs.get("past")

LAST_RESORT = "open-meteo"
"""Who is asked for the past where none of a place's own providers tells it; it tells that of every place."""
WITHIN_S = 5.0
"""Longest that present observations wait for a past that is asked for on its own: clients wait for a new city."""
WORTH_WAITING_S = 60.0
"""Longest that a new place waits for calls that are enough for its past: the window of a minute."""
MOST_REFUSALS = 8
"""So often one provider may refuse the past before it is asked for no more: one of 100 places is found by halving."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was told of places, and what came of the past that was asked for: of those `settled` (slugs) it is among
    `found` or will never be told, of those `missed` it could not be told now.
    """

    found: list[Found]
    settled: frozenset[str] = frozenset()
    missed: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Lacking:
    """Places whose present is known and whose past is not, what has been told of it, and of whom somebody who could not
    tell it now may do so another time.
    """

    places: dict[str, Place]
    told: dict[str, Found] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)


class Past:
    """Asks for the last `hours` of new places."""

    def __init__(
        self, fetcher: Fetcher, providers: Mapping[str, Provider], hours: int, within_s: float = WITHIN_S
    ) -> None:
        self._fetcher = fetcher
        self._providers = providers
        self._hours = hours
        self._within_s = within_s
        self._suspects: set[str] = set()
        """Places whose past may be why a question for past and present failed: it took too long, or was too large."""

    def keep(self, slugs: Collection[str]) -> None:
        """Forget all places but these."""
        self._suspects.intersection_update(slugs)

    async def observe(
        self,
        provider: Provider,
        places: Sequence[Place],
        new: Sequence[str],
        orders: Mapping[str, Sequence[str]],
        lacking: Mapping[str, int],
    ) -> Observed:
        """What `provider` tells of `places`, and for those that are `new` (slugs) the past before it.

        `orders` are the providers of each place. `lacking` are places that have no past yet, though they are not new:
        slug → the time of the newest observation (Unix milliseconds); theirs is asked for after a newer one came.
        Raises FetchError where there is no present, and Unavailable.
        """
        if not self._hours or not (new or lacking):
            return Observed(await self._fetcher.ask(provider, provider.observe(places)))
        others = dict.fromkeys((*(name for slug in (*new, *lacking) for name in orders[slug]), LAST_RESORT))
        helpers = [self._providers[name] for name in others if name in self._providers and name != provider.name]
        missed: set[str] = set()
        if new and self._suspects.isdisjoint(new):
            try:
                found = await self._fetcher.ask(provider, provider.observe(places, self._hours))
            except FetchError as error:
                if not self._present_may_do(error, provider, places, new):
                    raise
                log.warning("a weather service tells no past now", provider=provider.name, error=str(error))
                if error.is_refusal and len(places) > 1:
                    helpers = [provider, *helpers]  # one of the places may be to blame
                if not _is_final(error, provider, len(places)):
                    missed.update(new)
                found = await self._fetcher.ask(provider, provider.observe(places))
        else:
            found = await self._fetcher.ask(provider, provider.observe(places))
            helpers = [provider, *helpers]
        self._suspects.difference_update(new)
        told = {one.place: one for one in found}
        asked = [*new, *(slug for slug, newest_ms in lacking.items() if _is_newer(told.get(slug), newest_ms))]
        return await self._completed(
            found, [place for place in places if place.place in asked], helpers, orders, missed
        )

    def _present_may_do(
        self, error: FetchError, provider: Provider, places: Sequence[Place], new: Sequence[str]
    ) -> bool:
        """Whether, after the question for past and present failed, that for the present alone is to be asked now."""
        if isinstance(error, NotAskedError):
            each = error.calls / len(places)
            return _is_final(error, provider, len(places)) or (
                error.wait_s > WORTH_WAITING_S and 0 < error.calls_left < each
            )
        if error.status is None:
            self._suspects.update(new)
        return error.is_refusal

    async def _completed(
        self,
        found: Sequence[Found],
        asked: Sequence[Place],
        helpers: Sequence[Provider],
        orders: Mapping[str, Sequence[str]],
        missed: Collection[str],
    ) -> Observed:
        """`found`, with the past that `helpers` tell in time of those of the `asked` places that have their present
        alone. Of those `missed` somebody may tell the past another time.
        """
        alone = {one.place for one in found if len(one.readings) == 1}
        lacking = _Lacking({place.place: place for place in asked if place.place in alone}, missed=set(missed))
        try:
            async with asyncio.timeout(self._within_s):
                for helper in helpers:
                    await self._help(helper, lacking, orders)
        except TimeoutError:
            log.warning("places go without their past for now: it takes too long", places=list(lacking.places))
            lacking.missed.update(lacking.places)
        completed = [_before(one, lacking.told[one.place]) if one.place in lacking.told else one for one in found]
        missed = frozenset(lacking.missed & lacking.places.keys() - lacking.told.keys())
        has_present = {one.place for one in found if one.readings}
        return Observed(completed, frozenset({place.place for place in asked} & has_present - missed), missed)

    async def _help(self, helper: Provider, lacking: _Lacking, orders: Mapping[str, Sequence[str]]) -> None:
        """Ask one provider for the past of the places that are its own; of places that it refuses, for fewer."""
        asked = [
            place
            for slug, place in lacking.places.items()
            if slug not in lacking.told
            and (helper.name in orders[slug] or helper.name == LAST_RESORT)
            and helper.covers(place)
        ]
        size, refusals = helper.places_per_request, 0
        parts = [asked[start : start + size] for start in range(0, len(asked), size)]
        while parts:
            part = parts.pop(0)
            try:
                told = await self._fetcher.ask(helper, helper.observe(part, self._hours))
            except FetchError as error:
                log.warning("no past of places", provider=helper.name, places=len(part), error=str(error))
                refusals += 1
                if not error.is_refusal or refusals > MOST_REFUSALS:
                    if not _is_final(error, helper, len(part)):
                        lacking.missed.update(place.place for one in (part, *parts) for place in one)
                    return
                if len(part) > 1:
                    parts += [part[: len(part) // 2], part[len(part) // 2 :]]
            else:
                lacking.told |= {one.place: one for one in told if len(one.readings) > 1}


def _before(present: Found, past: Found) -> Found:
    """`present`, and before it what `past` tells of the time before."""
    now_ms = present.readings[0].at_ms
    earlier = [reading for reading in past.readings if reading.at_ms < now_ms]
    return replace(present, readings=[*earlier, *present.readings])


def _is_newer(found: Found | None, than_ms: int) -> bool:
    return found is not None and any(reading.at_ms > than_ms for reading in found.readings)


def _is_final(error: FetchError, provider: Provider, places: int) -> bool:
    """Whether who failed so to tell the past of so many places would fail again: it refuses, or may never be asked."""
    if isinstance(error, NotAskedError):
        calls = provider.calls
        return any(limit < error.calls / places for limit in (calls.minute, calls.hour, calls.day) if limit is not None)
    return error.is_refusal
