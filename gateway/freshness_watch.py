"""Looks every second whether the weather that is followed here is still fresh, and tells its subscribers.

Each gateway judges by itself, from what the pollers left in Redis and by its own clock: so it is told also when
every poller is dead, or Redis. The rules are in `gateway.freshness`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.broker import Broker
from gateway.freshness import WELL, Freshness, Kind, Marks, Observed, judged
from gateway.hub import Delivery
from gateway.reads import Reads
from services import logs, topics, weather_status
from services.batch import Position
from services.errors import Unavailable
from services.redis import Client
from services.stream import END, Page
from services.weather_status import WeatherStatus

LOOK_S = 1.0
A_ROUND = 500
"""Most statuses in one round trip."""
NOWHERE = Position("", 0)

log = logs.get("freshness")


def now_ms() -> int:
    """Unix time."""
    return time.time_ns() // 1_000_000


class FreshnessWatch:
    """That of one gateway. `run` must be running."""

    def __init__(self, redis: Client, broker: Broker, reads: Reads, registry: CollectorRegistry) -> None:
        self._redis = redis
        self._broker = broker
        self._reads = reads
        self._marks = Marks()
        self._newest: dict[str, tuple[Position, Observed | None]] = {}
        """The newest observation of each topic, and at which position it was read."""
        self._looks = 0
        self._judged: dict[str, int] = {}
        """Which look judged each topic last, by its number."""
        self._new: set[str] = set()
        self._wake = asyncio.Event()
        self._pushed = Counter(
            "windsock_weather_marks",
            "Observations told once more because they became stale or fresh, or a reason came or went",
            registry=registry,
        )
        stale = Gauge("windsock_weather_stale", "Topics of weather followed here that are stale", registry=registry)
        stale.set_function(lambda: self._marks.stale)
        broker.on_joined(self._joined)

    def _joined(self, topic: str) -> None:
        if topic.startswith(topics.WEATHER):
            self._new.add(topic)
            self._wake.set()

    async def run(self) -> None:
        """Look until cancelled: at all topics every second, at a new one at once."""
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(due - clock()):
                    await self._wake.wait()
            self._wake.clear()
            followed, self._new = list(self._new), set()
            if clock() >= due:
                due = clock() + LOOK_S
                followed = self._followed()
                self._forget_others(followed)
            await self.look(followed)

    def _followed(self) -> list[str]:
        return [topic for topic, _ in self._broker.hub.subscribers() if topic.startswith(topics.WEATHER)]

    def _forget_others(self, followed: Sequence[str]) -> None:
        self._marks.keep(followed)
        for topic in self._newest.keys() - set(followed):
            del self._newest[topic]
        for topic in self._judged.keys() - set(followed):
            del self._judged[topic]

    async def look(self, followed: Sequence[str]) -> None:
        """Judge these topics and push what changed. While Redis is silent, what is known counts.

        Of several at a time the one that began last is right: what others read may be older than what it did.
        """
        hub = self._broker.hub
        self._looks += 1
        look = self._looks
        at = {
            topic: hub.position(topic)
            for topic in followed
            if hub.settled(topic) or (topic in self._newest and topic in hub)
        }
        statuses = await self._statuses(list(at))
        await self._read_newest(at, statuses)
        now = now_ms()
        for topic, position in at.items():
            read_at, observed = self._newest.get(topic, (NOWHERE, None))
            # What moved meanwhile, or has a newer observation on its way here, is judged at the next look.
            if observed is None or hub.position(topic) != position or read_at != position:
                continue
            if self._judged.get(topic, 0) > look:
                continue
            self._judged[topic] = look
            mark = self._marks.look(topic, position, statuses[topic], observed, now)
            if mark is not None:
                log.debug("how fresh a topic is has changed", topic=topic)
                self._pushed.inc()
                hub.passing(topic, mark)

    async def _statuses(self, followed: Sequence[str]) -> dict[str, WeatherStatus | None]:
        found: dict[str, WeatherStatus | None] = {}
        for start in range(0, len(followed), A_ROUND):
            some = followed[start : start + A_ROUND]
            try:
                told = await weather_status.read(self._redis, [topic.removeprefix(topics.WEATHER) for topic in some])
            except Unavailable as error:
                log.debug("how fresh the weather is cannot be read; judging by what is known", error=str(error))
                # The next rounds would fail too, each after a while.
                return found | {topic: self._marks.status(topic) for topic in followed[start:]}
            found |= zip(some, told, strict=True)
        return found

    async def _read_newest(self, at: dict[str, Position], statuses: dict[str, WeatherStatus | None]) -> None:
        behind = [topic for topic, position in at.items() if self._is_behind(topic, position, statuses[topic])]
        reads = (self._reads.read(topic, "down", END, 1) for topic in behind)
        pages = await asyncio.gather(*reads, return_exceptions=True)
        for topic, page in zip(behind, pages, strict=True):
            if isinstance(page, Unavailable):
                log.debug("a topic's newest observation cannot be read", topic=topic, error=str(page))
            elif isinstance(page, BaseException):
                raise page
            else:
                self._newest[topic] = page.top, _newest(page)

    def _is_behind(self, topic: str, position: Position, status: WeatherStatus | None) -> bool:
        if not position.offset:
            return False
        if topic not in self._newest:
            return True
        read_at, observed = self._newest[topic]
        if read_at != position:
            return True
        if status is None or status.observed_ms is None:
            return False
        return observed is None or observed.ts < status.observed_ms

    def standing(self, topic: str, has: Position, told: Kind = WELL) -> Delivery | None:
        """What a subscriber who has `topic` up to `has`, and was `told` that, is to know beside it now."""
        return self._marks.standing(topic, self._broker.hub.position(topic), has, told, now_ms())

    async def of(self, place: str, observed: Observed) -> Freshness:
        """How fresh the newest observation of a place is, followed here or not. Raises Unavailable."""
        (status,) = await weather_status.read(self._redis, [place])
        return judged(status, observed.ts, observed.tags, now_ms())


def _newest(page: Page) -> Observed | None:
    return Observed.read(page.batches[-1].payloads[-1]) if page.batches else None
