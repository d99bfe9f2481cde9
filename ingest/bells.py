"""Wakes those who wait for commands: one pub/sub connection for all waiting devices of a process.

Who waits holds a bell. It rings when something is published for its device, and whenever something may have been
missed: once the subscription is confirmed, when the connection breaks, when it is heard again. While Redis' pub/sub
is not heard, bells ring by themselves every so often.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis.exceptions import RedisError

from services import logs, topics
from services.bus import Bus
from services.errors import Overloaded, Unavailable
from services.redis import Client

CANARY_S = 1.0
SILENCE_S = 4.0
"""Without a word from Redis for so long, not even our own canary, the connection is given up."""
MOST_PER_DEVICE = 8
"""Most requests of one device that wait: those that it gave up may not be known to be gone yet."""
UNHEARD_S = (1.0, 2.0)
"""Between two looks of who waits while pub/sub is not heard: at random, so that not all look at once."""

log = logs.get("bells")


class Bell:
    """One who waits."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Make it look."""
        self._rung.set()

    async def wait(self, within_s: float, *, patient: bool) -> None:
        """Until it rings, or it is time to look all the same: after `within_s`, or sooner if not `patient`."""
        if not (patient and self._bus.connected):
            within_s = min(within_s, random.uniform(*UNHEARD_S))
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._rung.wait()
        self._rung.clear()


class Bells:
    """All bells of a process. `listen` and `canary` must be running for them to ring at once."""

    def __init__(self, redis: Client, redis_url: str, most: int, most_per_address: int) -> None:
        self._redis = redis
        self._most = most
        self._most_per_address = most_per_address
        self._own_channel = f"windsock:canary:{uuid.uuid4().hex}"
        self._bus = Bus(
            redis_url,
            on_message=lambda channel, _: self._ring(channel.decode()),
            on_subscribed=lambda channel: self._ring(channel.decode()),
            on_lost=self._ring_all,
            silence_s=SILENCE_S,
        )
        self._bus.subscribe(self._own_channel)
        self._by_channel: dict[str, dict[Bell, None]] = {}
        self._from: Counter[str] = Counter()
        self.taken = 0
        self.closed = False

    @contextmanager
    def waiting(self, device: str, address: str = "") -> Iterator[Bell]:
        """A bell of `device` while the context is open; it counts for `address`, if that is not empty.

        Raises Overloaded, or Unavailable once closed.
        """
        if self.closed:
            raise Unavailable("the service is stopping")
        if self.taken >= self._most:
            raise Overloaded(f"{self._most} devices wait for commands here already", retry_after_s=5)
        if address and self._from[address] >= self._most_per_address:
            raise Overloaded(f"{self._most_per_address} devices without a key wait from {address}", retry_after_s=5)
        channel, bell = topics.channel(topics.COMMAND + device), Bell(self._bus)
        if len(self._by_channel.get(channel, ())) >= MOST_PER_DEVICE:
            raise Overloaded(f"{device} waits here {MOST_PER_DEVICE} times already", retry_after_s=5)
        bells = self._by_channel.setdefault(channel, {})
        if not bells:
            self._bus.subscribe(channel)
        bells[bell] = None
        self.taken += 1
        if address:
            self._from[address] += 1
        try:
            yield bell
        finally:
            self.taken -= 1
            if address:
                self._from[address] -= 1
                if not self._from[address]:
                    del self._from[address]
            del bells[bell]
            if not bells:
                del self._by_channel[channel]
                self._bus.unsubscribe(channel)

    async def close(self) -> None:
        """Let nobody wait any more."""
        self.closed = True
        self._ring_all()

    async def listen(self) -> None:
        """Hear Redis until cancelled."""
        await self._bus.run()

    async def canary(self) -> None:
        """Publish to ourselves until cancelled, so that a quiet connection can be told from a dead one."""
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    await self._redis.publish(self._own_channel, b"")
            except (RedisError, OSError, TimeoutError) as error:
                log.debug("the canary did not reach Redis", error=str(error))
            await asyncio.sleep(CANARY_S)

    def _ring(self, channel: str) -> None:
        for bell in self._by_channel.get(channel, ()):
            bell.ring()

    def _ring_all(self) -> None:
        for channel in self._by_channel:
            self._ring(channel)
