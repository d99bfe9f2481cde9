"""What the poller does that holds the lease: asks for what is due, appends it, and tells the state of each place.

It begins with what others have left in Redis, so that a place is not asked for before it is due. Nothing that a
service answers, or fails to, ends it, and neither does a Redis that cannot be used for a while.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from services import logs, topics, weather_status
from services.errors import Unavailable
from services.places import Place
from services.reading import Reading
from services.redis import Client
from services.settings import WeatherSettings
from services.stream import Latest, Stream
from services.weather_status import WeatherStatus
from weather_poller import states
from weather_poller.fetch import Fetcher, FetchError
from weather_poller.observations import Observations
from weather_poller.past import Observed, Past
from weather_poller.providers.provider import Found, Provider
from weather_poller.schedule import Batch, Schedule
from weather_poller.tracking import Tracking

log = logs.get("holder")

LOOK_S = 0.5
"""Longest pause between two looks at who is interested in what."""
LONGEST_S = 7_200.0
"""No service's data change less often: a later due time is from other settings."""
MOST_LEFT_OUT = 1_000
"""Of so many places that are left out it is told."""
LEFT_OUT_S = 60.0
WRITE_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
"""Between the attempts to store observations."""
LOST_S = 30.0
"""So long after the last of these their places are asked for again."""


class Holder:
    """Works for as long as the lease is held; the next time takes a new one."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        providers: Mapping[str, Provider],
        order: Sequence[str],
        tracking: Tracking,
        observations: Observations,
        stream: Stream,
        redis: Client,
        settings: WeatherSettings,
        retention_s: float,
        name: str,
    ) -> None:
        """`order` are the providers of a place that names none; `retention_s` is how long topics keep what they have;
        `name` is told as who asks.
        """
        self._providers = providers
        self._order = order
        self._tracking = tracking
        self._observations = observations
        self._stream = stream
        self._redis = redis
        self._settings = settings
        self._retention_s = retention_s
        self._name = name
        self._past = Past(fetcher, providers, settings.weather_history_h)
        self._schedule = Schedule(
            {provider.name: provider.places_per_request for provider in providers.values()},
            interval_s=settings.weather_interval_s,
            jitter_s=settings.weather_jitter_s,
            retry_s=settings.weather_retry_s,
            retry_max_s=settings.weather_retry_max_s,
            clock=time.monotonic,
            unix=time.time,
            chance=random.random,
        )
        self._orders: dict[str, tuple[str, ...]] = {}
        self._states: dict[str, WeatherStatus] = {}
        self._telling = asyncio.Lock()
        """For whoever derives states from `_states`, writes them, and puts them there."""
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once: somebody is interested in a place."""
        self._woken.set()

    @property
    def stale(self) -> int:
        """Places whose newest observation is too old."""
        now_ms = _now_ms()
        return sum(self._states[slug].stale(now_ms) for slug in self._tracking.tracked if slug in self._states)

    async def run(self) -> None:
        """Work until cancelled. Raises LostError, in a group, once a write shows that the lease is another's."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tracking.resolve())
            while True:
                self._woken.clear()
                try:
                    await self._look()
                except Unavailable as error:
                    log.warning("Redis cannot be used; trying again", error=str(error))
                else:
                    for batch in self._schedule.due():
                        group.create_task(self._carry_out(batch, [self._tracking.tracked[s] for s in batch.places]))
                await self._pause(max(0.02, self._schedule.wait_s(LOOK_S)))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _look(self) -> None:
        """See which places are tracked, and tell of those for which nothing can be had."""
        tracking = self._tracking
        await tracking.look()
        told_of = [*tracking.tracked, *tracking.left_out[:MOST_LEFT_OUT]]
        async with self._telling:
            await self._take_up([slug for slug in told_of if slug not in self._states])
            for slug in self._states.keys() - set(told_of):
                del self._states[slug]
            self._past.keep(tracking.tracked)
            self._orders = {slug: self._order_of(place) for slug, place in tracking.tracked.items()}
            self._schedule.track(self._orders)
            await self._tell_failures()

    def _order_of(self, place: Place) -> tuple[str, ...]:
        wanted = [name for name in place.providers if name in self._providers] or self._order
        return tuple(name for name in wanted if self._providers[name].covers(place))

    async def _take_up(self, slugs: Sequence[str]) -> None:
        """Go on with places where another poller, or this one, has left them."""
        if not slugs:
            return
        told = await weather_status.read(self._redis, slugs)
        latest = await self._latest(slugs)
        for slug, state in zip(slugs, told, strict=True):
            if state is not None and state.reason != self._left_out:
                longest_s = (self._settings.weather_interval_s or LONGEST_S) + self._settings.weather_jitter_s
                next_ms = max(min(state.next_ms, _now_ms() + round(longest_s * 1000)), state.not_before_ms or 0)
                self._schedule.resume(slug, provider=state.provider, observed_ms=state.observed_ms, next_ms=next_ms)
            state = state or states.state_of(slug, self._name, latest[slug])
            self._states[slug] = replace(state, poller=self._name)

    @property
    def _left_out(self) -> str:
        return f"more places are wanted than WINDSOCK_PLACES_MAX={self._settings.places_max} allows"

    async def _tell_failures(self) -> None:
        """Write the state of places that no provider tells of, or that are left out, where it has changed."""
        now_ms = _now_ms()
        changed = []
        for slug, order in self._orders.items():
            reason = self._schedule.failing(slug) if order else "no weather service that may be asked covers it"
            if reason is not None and self._wants_telling(slug, reason, now_ms):
                next_ms = max(self._schedule.next_ms(slug), now_ms + 1)
                changed.append(replace(states.failing(self._states[slug], reason, now_ms), next_ms=next_ms))
        for slug in self._tracking.left_out[:MOST_LEFT_OUT]:
            if self._wants_telling(slug, self._left_out, now_ms):
                state = states.failing(self._states[slug], self._left_out, now_ms)
                changed.append(replace(state, next_ms=now_ms + round(LEFT_OUT_S * 1000)))
        if changed:
            await self._observations.write([], changed)
            self._states.update((state.place, state) for state in changed)

    def _wants_telling(self, slug: str, reason: str, now_ms: int) -> bool:
        told = self._states[slug]
        return told.reason != reason or told.next_ms <= now_ms

    async def _carry_out(self, batch: Batch, places: Sequence[Place]) -> None:
        """Make one request, and store what comes of it."""
        try:
            latest = await self._latest(batch.places)
            new = [slug for slug in batch.places if self._is_new(latest[slug])]
            orders = {slug: self._orders.get(slug, ()) for slug in batch.places}
            lacking = {slug: known.ts for slug, known in latest.items() if known and self._wants_past(slug, new)}
            observed = await self._past.observe(self._providers[batch.provider], places, new, orders, lacking)
        except FetchError as error:
            log.warning("no weather now", provider=batch.provider, places=len(places), error=str(error))
            self._schedule.failed(batch, error)
        except Unavailable as error:
            log.warning("Redis cannot be used; trying again", error=str(error))
            self._schedule.put_off(batch, LOOK_S)
        else:
            interval_s = self._settings.weather_interval_s
            observed = replace(observed, found=[states.judged(one, interval_s, _now_ms()) for one in observed.found])
            self._schedule.answered(batch, observed.found)
            await self._store(batch, observed, new)
        self.wake()

    def _is_new(self, latest: Latest | None) -> bool:
        """Whether nothing of the place is kept any more, if there ever was anything."""
        return latest is None or latest.seen < _now_ms() - self._retention_s * 1000

    def _wants_past(self, slug: str, new: Collection[str]) -> bool:
        missing = self._states[slug].missing if slug in self._states and slug not in new else None
        return states.wants_past(missing, self._settings.weather_history_h, _now_ms())

    async def _store(self, batch: Batch, observed: Observed, new: Collection[str]) -> None:
        """Store what a request brought, also of places that are not tracked any more; what cannot be is asked again.

        Of the places that are `new` nothing was kept.
        """
        for one in observed.found:
            if one.fault:
                log.warning("no observation of a place", provider=batch.provider, place=one.place, error=one.fault)
        told = {one.place: one for one in observed.found if one.readings or not one.fault}
        if not told:
            return
        next_ms = {slug: self._schedule.next_ms(slug) for slug in told}
        async with self._telling:
            for pause_s in WRITE_PAUSES_S:
                try:
                    return await self._write(batch.provider, told, observed, new, next_ms)
                except Unavailable as error:
                    log.warning("observations are not stored yet; trying again", error=str(error))
                    await asyncio.sleep(pause_s)
        log.error("observations are lost; asking for them again", places=len(told), in_s=LOST_S)
        self._schedule.lost(replace(batch, places=tuple(told)), LOST_S)

    async def _write(
        self,
        provider: str,
        told: Mapping[str, Found],
        observed: Observed,
        new: Collection[str],
        next_ms: Mapping[str, int],
    ) -> None:
        latest = await self._latest(list(told))
        readings: list[Reading] = []
        changed: dict[str, WeatherStatus] = {}
        for slug, one in told.items():
            known = latest[slug]
            before = self._states.get(slug) or states.state_of(slug, self._name, known)
            fresh = states.with_past(one.readings, known.ts if known is not None else 0, before.missing)
            if one.fault and not fresh:
                continue
            readings += fresh
            state = states.answered(before, provider, one, fresh, self._settings.weather_interval_s, _now_ms())
            if one.fault:
                state = states.failing(state, f"{provider}: {one.fault}", _now_ms())
            missing = states.missing_after(before.missing, slug in new, one, observed)
            changed[slug] = replace(state, next_ms=next_ms[slug], missing=missing)
        await self._observations.write(readings, list(changed.values()))
        self._states |= changed

    async def _latest(self, slugs: Sequence[str]) -> dict[str, Latest | None]:
        return dict(zip(slugs, await self._stream.latest(slugs, topics.WEATHER), strict=True))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
