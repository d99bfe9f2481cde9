"""Tells the pollers which places somebody follows here, by whatever way, so that they stay tracked.

What is followed is what the hub has subscribers for, so that no client protocol can be forgotten. A new topic is told
at once, all of them every third of `interest_s`; of one that the last has left the interest just runs out. A place
that Redis does not know is asked of the pollers: by the name that a client called it, else by its slug.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter

from gateway.broker import Broker
from gateway.place_questions import PlaceQuestions
from services import logs, topics
from services.errors import Unavailable, WindsockError
from services.places import GATEWAY, LEAST_NAME, Places

AGAIN_S = 1.0
"""Pause after Redis failed."""
ASK_AGAIN_S = 300.0
"""For so long a place that was asked for in vain is not asked for again."""
MOST_ASKED = 200
"""Most places asked for in vain that are remembered; above it nothing is asked until one is forgotten."""
TOGETHER = 4
"""Most questions at a time."""
A_ROUND = 500
"""Most places in one round trip."""

log = logs.get("interest")


@dataclass(frozen=True, slots=True)
class _Called:
    """What a client called a place."""

    city: str
    geocoder_id: int | None


class Interest:
    """That of one gateway. `run` must be running."""

    def __init__(
        self,
        broker: Broker,
        places: Places,
        questions: PlaceQuestions,
        interest_s: int,
        node: str,
        registry: CollectorRegistry,
    ) -> None:
        self._hub = broker.hub
        self._places = places
        self._questions = questions
        self._interest_s = interest_s
        self._who = GATEWAY + node
        self._told: set[str] = set()
        self._called: dict[str, _Called] = {}
        self._asked_at: dict[str, float] = {}
        self._room = asyncio.Semaphore(TOGETHER)
        self._wake = asyncio.Event()
        self._left_out = Counter(
            "windsock_weather_not_asked",
            "Places that somebody follows, that are not known and that were not asked for: too many were",
            registry=registry,
        )
        broker.on_joined(self._joined)

    def call(self, slug: str, city: str, geocoder_id: int | None) -> None:
        """A client that follows the place called it so."""
        self._called.setdefault(slug, _Called(city, geocoder_id))

    async def once(self, slug: str) -> None:
        """Somebody wants the place now and does not follow it. Raises Unavailable."""
        await self._places.touch([slug], self._interest_s, self._who)

    def _joined(self, topic: str) -> None:
        if topic.startswith(topics.WEATHER):
            self._wake.set()

    async def run(self) -> None:
        """Tell it until cancelled."""
        clock = asyncio.get_running_loop().time
        due = clock()
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                followed = self._followed()
                if renewing := clock() >= due:
                    self._told.clear()
                    self._called = {slug: called for slug, called in self._called.items() if slug in followed}
                self._told &= followed
                try:
                    for slug in await self._tell(sorted(followed - self._told)):
                        if self._may_ask(slug, clock()):
                            group.create_task(self._ask(slug))
                except Unavailable as error:
                    log.warning("cannot tell which places are followed", error=str(error))
                    await asyncio.sleep(AGAIN_S)
                    continue
                if renewing:
                    due = clock() + self._interest_s / 3
                with suppress(TimeoutError):
                    async with asyncio.timeout(due - clock()):
                        await self._wake.wait()

    def _followed(self) -> set[str]:
        names = (topic for topic, _ in self._hub.subscribers() if topic.startswith(topics.WEATHER))
        return {topic.removeprefix(topics.WEATHER) for topic in names}

    async def _tell(self, slugs: list[str]) -> list[str]:
        """Tell that these are followed; returns those that nobody knows. Raises Unavailable."""
        unknown: list[str] = []
        for start in range(0, len(slugs), A_ROUND):
            some = slugs[start : start + A_ROUND]
            unknown += await self._places.touch(some, self._interest_s, self._who)
            self._told.update(some)
        return unknown

    def _may_ask(self, slug: str, now: float) -> bool:
        """Whether to ask for an unknown place now; notes that it is asked for."""
        if len(slug) < LEAST_NAME:
            return False
        self._asked_at = {one: at for one, at in self._asked_at.items() if now - at < ASK_AGAIN_S}
        if slug in self._asked_at:
            return False
        if len(self._asked_at) >= MOST_ASKED:
            self._left_out.inc()
            return False
        self._asked_at[slug] = now
        return True

    async def _ask(self, slug: str) -> None:
        called = self._called.get(slug, _Called(slug.replace("-", " "), None))
        try:
            async with self._room:
                found = await self._questions.ask(called.city, called.geocoder_id)
        except WindsockError as error:
            log.debug("a place that is followed is not found", place=slug, error=str(error))
            return
        if found == slug:
            self._asked_at.pop(slug, None)
        else:
            log.debug("a place that is followed is another one", place=slug, found=found)
