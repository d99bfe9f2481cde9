"""Comparisons as topics: each derived here, on the gateway that has subscribers, from the two topics beneath it.

The first subscriber has it derived, all share it, the last to leave ends it. It listens to both topics as any
subscriber does, so that interest, gaps and staleness are those of the topics. Nothing of it is stored: who comes, or
comes again, gets what it shows then, and from there on each change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

from gateway.broker import Broker
from gateway.comparison import Comparison
from gateway.hub import Delivery, Subscriber
from gateway.subscription import Subscription
from services import logs, topics, weather_status
from services.batch import Batch, Position
from services.errors import Unavailable
from services.redis import Client
from services.stream import END, Stream
from services.topics import Compared

LOOKED_BACK = 10
"""Observations among which the newest by its own time is looked for: one may be late."""
AGAIN_S = 1.0

log = logs.get("comparisons")


class Sides:
    """Reads what is known of both sides."""

    def __init__(self, redis: Client, stream: Stream) -> None:
        self._redis = redis
        self._stream = stream

    async def into(self, comparison: Comparison, compared: Compared) -> None:
        """Have `comparison` know it. Raises Unavailable."""
        _, weather = compared.sources
        (latest,) = await self._stream.latest([compared.device])
        comparison.know_device(latest)
        page = await self._stream.read(weather, "down", END, LOOKED_BACK)
        for batch in page.batches:
            for payload in batch.payloads:
                comparison.take_observation(payload)
        (status,) = await weather_status.read(self._redis, [compared.place])
        comparison.know_status(status)


class LiveComparisons:
    """Those that somebody follows here. `now_ms` is Unix time."""

    def __init__(self, broker: Broker, sides: Sides, now_ms: Callable[[], int]) -> None:
        self._broker = broker
        self._sides = sides
        self._now_ms = now_ms
        self._all: dict[str, _Derivation] = {}

    def __len__(self) -> int:
        return len(self._all)

    async def join(self, topic: str, subscriber: Subscriber) -> None:
        """Register `subscriber`; it gets nothing before `begin`.

        Raises Unavailable, with the registration undone, if the topics beneath cannot be heard or read.
        """
        derivation = self._all.get(topic)
        if derivation is None:
            derivation = self._all[topic] = _Derivation(topic, self._broker, self._sides, self._now_ms)
        self._broker.hub.join(topic, subscriber)
        with ExitStack() as if_it_fails:
            if_it_fails.callback(self.leave, topic, subscriber)
            await derivation.started()
            if_it_fails.pop_all()

    def leave(self, topic: str, subscriber: Subscriber) -> None:
        """Forget `subscriber`."""
        if self._broker.hub.leave(topic, subscriber):
            self._all.pop(topic).end()

    def begin(self, subscription: Subscription) -> None:
        """Send what the topic shows now, and go live."""
        subscription.release()
        derivation = self._all.get(subscription.topic)
        if derivation is not None:
            derivation.show(subscription)


class _Derivation:
    """One comparison while somebody follows it: a `Subscriber` of both topics beneath it."""

    def __init__(self, topic: str, broker: Broker, sides: Sides, now_ms: Callable[[], int]) -> None:
        self._topic = topic
        self._compared = topics.compared(topic)
        self._device, self._weather = self._compared.sources
        self._comparison = Comparison(self._compared)
        self._broker = broker
        self._sides = sides
        self._now_ms = now_ms
        self._starting: asyncio.Task[None] | None = None
        self._again: asyncio.Task[None] | None = None

    async def started(self) -> None:
        """Return once it listens and has read what is known; the first who waits for it starts it.

        Raises Unavailable. Who waits and is cancelled does not stop it.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        # What comes from here on is taken; what came before is read.
        await self._broker.join(self._device, self)
        await self._broker.join(self._weather, self)
        await self._sides.into(self._comparison, self._compared)

    def end(self) -> None:
        """Nobody follows it any more."""
        for task in (self._starting, self._again):
            if task is not None:
                task.cancel()
        self._broker.leave(self._device, self)
        self._broker.leave(self._weather, self)

    def show(self, subscription: Subscription) -> None:
        """Tell a subscriber that has just come what it shows; if that is new to the others, tell them too."""
        if not self._tell():
            subscription.passing(_unkept(self._topic, self._comparison.text(self._now_ms())))

    def deliver(self, delivery: Delivery) -> None:
        take = self._comparison.take_reading if delivery.topic == self._device else self._comparison.take_observation
        for payload in delivery.batch.payloads:
            take(payload)
        self._tell()

    def passing(self, delivery: Delivery) -> None:
        self.deliver(delivery)

    def notice(self, topic: str, text: bytes) -> None:
        """Notices of the topics beneath are not about what it shows."""

    def lost(self, topic: str, position: Position) -> None:
        if self._again is None or self._again.done():
            self._again = asyncio.create_task(self._read_again())

    async def _read_again(self) -> None:
        """The newest may be among what was lost."""
        while True:
            try:
                await self._sides.into(self._comparison, self._compared)
            except Unavailable as error:
                log.warning("cannot read what is compared; trying again", topic=self._topic, error=str(error))
                await asyncio.sleep(AGAIN_S)
            except Exception:
                # Nobody awaits this task. What comes live is told all the same.
                log.exception("reading what is compared failed", topic=self._topic)
                return
            else:
                self._tell()
                return

    def _tell(self) -> bool:
        """Tell all who follow it what is new; False if nothing is."""
        news = self._comparison.news(self._now_ms())
        if news is not None:
            self._broker.hub.passing(self._topic, news)
        return news is not None


def _unkept(topic: str, payload: bytes) -> Delivery:
    return Delivery(topic, Batch("", 0, 0, [payload]))
