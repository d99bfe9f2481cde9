"""What is answered to a gateway that asks for a city: its place once it was observed, or why there is none.

Any poller answers; the one that holds the lease observes the place, since the answer begins with an interest in it,
and tells in the place's status what came of it.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from services import logs, weather_status
from services.places import POLLER, Place, Places
from services.redis import Client
from services.weather_status import WeatherStatus
from weather_poller.cities import AmbiguousCityError, Cities, UnknownCityError
from weather_poller.fetch import FetchError
from weather_poller.requests import Request

log = logs.get("answers")

INTEREST_S = 30
"""Seconds that a place stays tracked after its answer, before the gateway itself says that it is wanted."""
LOOK_S = 0.1
SETTLED_MS = 1_000
"""So long after an attempt was due a place may still be in that attempt; later, nobody tracked it."""
AHEAD_S = 0.5
"""So long before its client gives up it is answered with what there is."""


class Answers:
    """`places_max` are as many places as are tracked at once; `wake` is called when there is a new one."""

    def __init__(
        self, redis: Client, places: Places, cities: Cities, places_max: int, wake: Callable[[], None]
    ) -> None:
        self._redis = redis
        self._places = places
        self._cities = cities
        self._places_max = places_max
        self._wake = wake

    async def answer(self, request: Request, left_s: float) -> dict[str, Any]:
        """The answer's body, within `left_s` seconds. Raises Unavailable where Redis fails."""
        deadline = time.monotonic() + left_s - AHEAD_S
        try:
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + max(0.0, left_s - AHEAD_S)):
                place = await self._cities.find(request.city, request.geocoder_id)
        except UnknownCityError as error:
            return _error("unknown_city", str(error))
        except AmbiguousCityError as error:
            return _error("ambiguous", str(error)) | {"candidates": [asdict(one) for one in error.candidates]}
        except (FetchError, TimeoutError) as error:
            log.warning("a city cannot be looked up", city=request.city, error=str(error))
            return _error(
                "unavailable", f"the geocoder cannot be asked about {request.city!r} now; ask again in a while"
            )
        if not await self._places.has_room(place.place, self._places_max):
            message = f"{self._places_max} places are tracked already, as many as may be; ask again in a while"
            return _error("too_many_places", message)
        await self._places.touch([place.place], INTEREST_S + math.ceil(left_s), POLLER)
        self._wake()
        return _told(place, await self._observed(place, deadline))

    async def _observed(self, place: Place, deadline: float) -> WeatherStatus | None:
        """The status of the place once it says what there is to say, or as it is at the end."""
        while True:
            (status,) = await weather_status.read(self._redis, [place.place])
            now_ms = time.time_ns() // 1_000_000
            # It is settled while it is fresh, or until the next attempt.
            if status is not None and (not status.stale(now_ms) or status.next_ms > now_ms - SETTLED_MS):
                return status
            if time.monotonic() >= deadline:
                return status
            await asyncio.sleep(LOOK_S)


def _told(place: Place, status: WeatherStatus | None) -> dict[str, Any]:
    if status is not None and status.observed_ms is not None:
        return {"place": place.place, "city": place.name}
    reason = status.reason if status is not None else None
    return _error("unavailable", reason or f"no weather for {place.name!r} yet; ask again in a while")


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
