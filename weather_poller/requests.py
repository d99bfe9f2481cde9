"""Answers gateways that ask for a city which is not tracked yet.

Requests come over a Redis stream that all pollers read as one consumer group: each is answered once, and
one that a killed poller had taken is claimed by another.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import ResponseError

from services import logs
from services.errors import Unavailable, WindsockError
from services.places import GROUP, REQUESTS_KEY, Places
from services.redis import Client, answered
from weather_poller.fetch import FetchError
from weather_poller.poller import Poller, TooManyPlacesError, UnknownCityError

log = logs.get("requests")

BLOCK_MS = 1_000
CLAIM_AFTER_MS = 30_000
AT_ONCE = 16
GONE_AFTER_MS = 3_600_000


def _text(field: bytes) -> str:
    # Whatever somebody put on the stream must not stop the answers to others.
    return field.decode(errors="replace")


class Requests:
    """One member of the consumer group."""

    def __init__(self, redis: Client, places: Places, poller: Poller, registry: CollectorRegistry) -> None:
        self._redis = redis
        self._places = places
        self._poller = poller
        self._name = uuid.uuid4().hex
        self._late = Counter(
            "windsock_weather_late_requests", "Requests for cities that nobody waited for any more", registry=registry
        )

    async def run(self) -> None:
        """Answer until cancelled; a lost Redis is waited for."""
        pause_s = 0.1
        while True:
            try:
                await self._join()
                while True:
                    for entry_id, fields in await self._next():
                        request = {_text(k): _text(v) for k, v in fields.items()}
                        if await self._is_awaited(entry_id, request):
                            await self._answer(request)
                        else:
                            self._late.inc()
                        async with answered():
                            await self._redis.xack(REQUESTS_KEY, GROUP, entry_id)
                    pause_s = 0.1
            except Unavailable as error:
                log.warning("cannot read requests; trying again", error=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, 2.0)

    async def _join(self) -> None:
        """Make the group if need be, and take off it pollers that are long gone."""
        async with answered():
            try:
                await self._redis.xgroup_create(REQUESTS_KEY, GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
            members: Any = await self._redis.xinfo_consumers(REQUESTS_KEY, GROUP)
            for member in members:
                if member["pending"] == 0 and member["idle"] > GONE_AFTER_MS:
                    await self._redis.xgroup_delconsumer(REQUESTS_KEY, GROUP, member["name"])

    async def _next(self) -> list[Any]:
        async with answered():
            claimed: Any = await self._redis.xautoclaim(
                REQUESTS_KEY, GROUP, self._name, min_idle_time=CLAIM_AFTER_MS, count=AT_ONCE
            )
            entries = [entry for entry in claimed[1] if entry[1]]
            if entries:
                return entries
            read: Any = await self._redis.xreadgroup(
                GROUP, self._name, {REQUESTS_KEY: ">"}, count=AT_ONCE, block=BLOCK_MS
            )
        return list(read[0][1]) if read else []

    async def _is_awaited(self, entry_id: bytes, request: dict[str, str]) -> bool:
        """Whether its client has not yet been told that there is no answer, by Redis' clock."""
        within_ms = request.get("within_ms", "")
        async with answered():
            seconds, microseconds = await self._redis.time()
        age_ms = seconds * 1000 + microseconds // 1000 - int(entry_id.split(b"-")[0])
        return not within_ms.lstrip("-").isdigit() or age_ms <= int(within_ms)

    async def _answer(self, request: dict[str, str]) -> None:
        city, token, reply = request.get("city", ""), request.get("token", ""), request.get("reply", "")
        try:
            place = await self._poller.find(city)
            body: dict[str, Any] = {"token": token, "place": place.place, "city": place.name}
        except UnknownCityError as error:
            body = {"token": token, "error": {"code": "unknown_city", "message": str(error)}}
        except TooManyPlacesError as error:
            body = {"token": token, "error": {"code": "too_many_places", "message": str(error)}}
        except (FetchError, WindsockError) as error:
            log.warning("a city could not be fetched", city=city, error=str(error))
            message = f"the weather service cannot be asked about {city!r} now; ask again in a while"
            body = {"token": token, "error": {"code": "unavailable", "message": message}}
        await self._places.answer(reply, body)
