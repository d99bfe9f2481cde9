"""Takes the requests of gateways for cities which are not tracked yet, off a stream that all pollers share.

All pollers read it as one consumer group: each request is answered once, several at the same time, and what a killed
poller had taken is claimed by another after `CLAIM_AFTER_MS`. While one works on a request, it says so every
`KEEP_S`, so that nobody else takes it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import ResponseError

from services import logs
from services.errors import Unavailable
from services.places import GROUP, REQUESTS_KEY, Places
from services.redis import Client, answered

log = logs.get("requests")

BLOCK_MS = 1_000
CLAIM_AFTER_MS = 3_000
KEEP_S = 1.0
AT_ONCE = 16
"""Most requests that one poller works on."""
GONE_AFTER_MS = 3_600_000
UNTOLD_S = 10.0
"""Seconds for which a request is awaited that does not say."""


@dataclass(frozen=True, slots=True)
class Request:
    """A gateway's question for `city`, or for the one of that name with this id of the geocoder's."""

    city: str
    token: str
    reply: str
    within_ms: int | None = None
    geocoder_id: int | None = None


def request_of(fields: dict[bytes, bytes]) -> Request:
    """What stands on the stream, which anybody may have put there."""
    told = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in fields.items()}
    return Request(
        told.get("city", ""),
        told.get("token", ""),
        told.get("reply", ""),
        _integer(told.get("within_ms", "")),
        _integer(told.get("id", "")),
    )


def _integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


Answer = Callable[[Request, float], Awaitable[dict[str, Any]]]
"""What is answered to a request that is awaited for so many seconds. Raises Unavailable."""


class Requests:
    """One member of the consumer group."""

    def __init__(self, redis: Client, places: Places, answer: Answer, registry: CollectorRegistry) -> None:
        self._redis = redis
        self._places = places
        self._answer = answer
        self._name = uuid.uuid4().hex
        self._taken: set[bytes] = set()
        self._done = asyncio.Event()
        self._late = Counter(
            "windsock_weather_late_requests", "Requests for cities that nobody waited for any more", registry=registry
        )

    async def run(self) -> None:
        """Answer until cancelled; a lost Redis is waited for."""
        joined, pause_s = False, 0.1
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep())
            while True:
                try:
                    if not joined:
                        await self._join()
                    for entry_id, fields in await self._next():
                        self._taken.add(entry_id)
                        group.create_task(self._carry_out(entry_id, request_of(fields)))
                    joined, pause_s = True, 0.1
                except Unavailable as error:
                    log.warning("cannot read requests; trying again", error=str(error))
                    await asyncio.sleep(pause_s)
                    joined, pause_s = False, min(pause_s * 2, 2.0)

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
        """Requests to work on, at most as many as there is room for; waits for room."""
        while len(self._taken) >= AT_ONCE:
            self._done.clear()
            await self._done.wait()
        room = AT_ONCE - len(self._taken)
        async with answered():
            claimed: Any = await self._redis.xautoclaim(
                REQUESTS_KEY, GROUP, self._name, min_idle_time=CLAIM_AFTER_MS, count=room
            )
            # Its own are among them if it slept.
            entries = [entry for entry in claimed[1] if entry[1] and entry[0] not in self._taken]
            if entries:
                return entries
            read: Any = await self._redis.xreadgroup(GROUP, self._name, {REQUESTS_KEY: ">"}, count=room, block=BLOCK_MS)
        return list(read[0][1]) if read else []

    async def _keep(self) -> None:
        """Tell the others again and again that what was taken is worked on."""
        while True:
            await asyncio.sleep(KEEP_S)
            if self._taken:
                try:
                    async with answered():
                        await self._redis.xclaim(REQUESTS_KEY, GROUP, self._name, 0, list(self._taken), justid=True)
                except Unavailable as error:
                    log.warning("cannot keep requests; another poller may answer them too", error=str(error))

    async def _carry_out(self, entry_id: bytes, request: Request) -> None:
        try:
            left_s = await self._left_s(entry_id, request)
            if left_s >= 0:
                body = await self._answer(request, left_s)
                await self._places.answer(request.reply, {"token": request.token, **body})
            else:
                self._late.inc()
            async with answered():
                await self._redis.xack(REQUESTS_KEY, GROUP, entry_id)
        except Unavailable as error:
            log.warning("a request is left to be claimed again", city=request.city, error=str(error))
        finally:
            self._taken.discard(entry_id)
            self._done.set()

    async def _left_s(self, entry_id: bytes, request: Request) -> float:
        """Seconds until its client is told that there is no answer, by Redis' clock; negative if it was told."""
        if request.within_ms is None:
            return UNTOLD_S
        async with answered():
            seconds, microseconds = await self._redis.time()
        return (int(entry_id.split(b"-")[0]) + request.within_ms) / 1000 - seconds - microseconds / 1e6
