"""A weather poller that a test is itself: it writes what pollers leave in Redis, and answers what gateways ask."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import orjson
from prometheus_client import CollectorRegistry
from redis import Redis

from services import redis, topics
from services.background import background
from services.commit import entry_of
from services.metrics import WriterReport
from services.places import ANSWER, KNOWN_S, REQUESTS_KEY, Place, Places
from services.reading import Reading
from services.settings import StreamSettings
from services.weather_status import WeatherStatus, encoded, status_key
from services.writer import Writer

BLOCK_MS = 200


def now_ms() -> int:
    """Unix time."""
    return time.time_ns() // 1_000_000


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work` in a thread of its own: a test with a browser has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()


class PollerByHand:
    """On the Redis at `url`. While the block runs it answers the cities of `answers`, by name or by name and id."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._redis = Redis.from_url(url)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._answer_all)
        self.answers: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.observed: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self._redis.close()

    def stop(self) -> None:
        """Answer no more."""
        self._ending.set()
        self._thread.join()

    def register(self, place: Place, *asked_as: str) -> None:
        """Make a place known."""

        async def register() -> None:
            async with redis.connect(self._url) as client:
                await Places(client).register(place, *asked_as)
                if place.pinned:
                    await Places(client).pin([place.place])

        _run(register)

    def observe(self, slug: str, temperature: float, *, age_s: float = 0, interval_s: float = 900) -> None:
        """Append an observation, and tell that it is the newest."""
        ts = now_ms() - round(age_s * 1000)
        reading = Reading(
            slug,
            {"temperature": temperature},
            ts,
            f"test:{ts}",
            {"temperature": "°C"},
            {"city": slug.title(), "provider": "test", "interval_s": f"{interval_s:g}"},
        )

        async def append() -> None:
            async with redis.connect(self._url) as client:
                writer = Writer(client, StreamSettings(), WriterReport(CollectorRegistry()))
                async with background(writer.run):
                    await writer.append([entry_of(reading, topic=topics.WEATHER + slug, group_topics=False)])

        self.observed[slug] = ts
        self.tell(slug, interval_s=interval_s)
        _run(append)

    def tell(self, slug: str, reason: str | None = None, *, interval_s: float = 900) -> None:
        """Tell the status of a place; `reason` is why no service answers."""
        now = now_ms()
        failing = now if reason else None
        status = WeatherStatus(
            slug, interval_s, now + 60_000, "a test", "test", self.observed.get(slug), now, reason, failing
        )
        self._redis.set(status_key(slug), encoded(status), ex=KNOWN_S)

    def forget_status(self, slug: str) -> None:
        """Leave no status of a place."""
        self._redis.delete(status_key(slug))

    def _answer_all(self) -> None:
        last = "0"
        while not self._ending.is_set():
            read: Any = self._redis.xread({REQUESTS_KEY: last}, block=BLOCK_MS)
            for _, entries in read or []:
                for entry_id, fields in entries:
                    last = entry_id.decode()
                    self._answer({name.decode(): value.decode() for name, value in fields.items()})

    def _answer(self, request: dict[str, str]) -> None:
        asked = " ".join(filter(None, (request["city"], request.get("id"))))
        self.asked.append(asked)
        unknown = {"error": {"code": "unknown_city", "message": f"no place is called {asked!r}"}}
        body = {"token": request["token"]} | self.answers.get(asked, unknown)
        self._redis.publish(request["reply"], orjson.dumps({"kind": ANSWER, "body": body}))
