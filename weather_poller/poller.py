"""One of several pollers: whoever gets the lease asks for the weather, the others wait to take it over.

Promises: at most one poller asks for observations and writes them; when it dies, another goes on within the time of
the lease and a little; one that stops cleanly gives the lease back at once.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from services import logs
from services.errors import Unavailable
from weather_poller.held import Held, LostError
from weather_poller.holder import Holder
from weather_poller.tracking import Tracking

log = logs.get("poller")

LONGEST_TRY_S = 1.0
"""Longest pause between two attempts to get the lease."""


class Poller:
    """Tries for `lease`, and while it has it runs what `holder` makes, which tracks the places of `tracking`."""

    def __init__(
        self, lease: Held, lease_s: float, tracking: Tracking, holder: Callable[[], Holder], registry: CollectorRegistry
    ) -> None:
        self._lease = lease
        self._try_s = min(LONGEST_TRY_S, lease_s / 5)
        self._tracking = tracking
        self._make = holder
        self._holder: Holder | None = None
        values: dict[str, tuple[str, Callable[[Holder], int]]] = {
            "lease_held": ("1 while this poller is the one that asks for the weather", lambda _: 1),
            "places": ("Places that are tracked", lambda _: len(tracking.tracked)),
            "places_left_out": ("Places wanted above WINDSOCK_PLACES_MAX", lambda _: len(tracking.left_out)),
            "places_stale": ("Places whose newest observation is too old", lambda holder: holder.stale),
        }
        for name, (about, value) in values.items():
            gauge = Gauge(f"windsock_weather_{name}", about, registry=registry)
            gauge.set_function(partial(self._of_holder, value))

    def _of_holder(self, value: Callable[[Holder], int]) -> int:
        """A gauge's value; 0 for who does not hold the lease."""
        return 0 if self._holder is None else value(self._holder)

    def wake(self) -> None:
        """Somebody is interested in a place that is new."""
        if self._holder is not None:
            self._holder.wake()

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                if await self._lease.acquire():
                    await self._hold()
            except Unavailable as error:
                log.warning("cannot try for the lease", error=str(error))
            await asyncio.sleep(self._try_s * (0.5 + random.random()))

    async def _hold(self) -> None:
        log.info("holds the lease: asks for the weather from now on")
        self._holder = self._make()
        try:
            async with self._lease.kept():
                await self._holder.run()
        except* LostError:
            log.warning("lost the lease: asks for nothing more")
        finally:
            self._holder = None
            await self._give_back()

    async def _give_back(self) -> None:
        try:
            await self._lease.release()
        except Unavailable as error:
            log.warning("cannot give the lease back; its time will be over soon", error=str(error))
        else:
            log.info("holds the lease no more")
