"""Brings hub, bus and stream together: a subscriber that joined gets everything that follows.

A topic is settled once its Redis subscription is confirmed, its position is known and nothing before it is
missing. One task settles topics, many per round trip; it runs again after each confirmation and each gap.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext

from redis.exceptions import RedisError

from gateway.arrivals import Arrivals
from gateway.hub import Hub, Subscriber
from gateway.sender import Joiner
from services import batch, logs, topics
from services.background import background
from services.batch import Batch
from services.bus import Bus
from services.errors import Unavailable
from services.redis import Client, answered
from services.settings import GatewaySettings
from services.stream import Stream

log = logs.get("broker")

MOST_PER_ROUND = 500
READ_TOGETHER = 50
PUT_OFF_S = 1.0
CANARY = b"canary"
NOTICE = b"!"
"""Opens what is announced on a topic's channel and is no publication."""
PASSING = b"*"
"""Opens a publication that is not stored."""


def _tell_fault(error: Exception) -> None:
    log.error("a subscriber failed; it is told of a loss", exc_info=error)


class Broker:
    """The gateway's view of all topics."""

    def __init__(self, redis: Client, redis_url: str, stream: Stream, settings: GatewaySettings) -> None:
        self._redis = redis
        self._stream = stream
        self._settings = settings
        self.hub = Hub(settings.hub_buffer_bytes, _tell_fault)
        self.bus = Bus(
            redis_url,
            on_message=self._on_message,
            on_subscribed=self._on_subscribed,
            on_lost=self._on_lost,
            silence_s=settings.canary_timeout_s,
            on_read=self._on_read,
        )
        self._arrivals = Arrivals()
        self.joiner = Joiner()
        """Who writes to clients gives it to their senders."""
        self._others: dict[bytes, tuple[Callable[[bytes], None], Callable[[], None]]] = {}
        self._own_channel = f"windsock:canary:{uuid.uuid4().hex}"
        self.listen(self._own_channel, lambda _: None)
        self._names: dict[bytes, str] = {}
        self._confirmed: set[str] = set()
        self._unsettled: dict[str, None] = {}
        self._unreadable: set[str] = set()
        self._wake = asyncio.Event()
        self._waiters: dict[str, set[asyncio.Future[None]]] = {}
        self._joined: list[Callable[[str], None]] = []

    def unready(self) -> Sequence[str]:
        """Why nothing can be relied on to arrive now; empty while Redis is heard."""
        return [] if self.bus.connected else ["no pub/sub connection to Redis"]

    def listen(self, channel: str, take: Callable[[bytes], None], heard: Callable[[], None] = lambda: None) -> None:
        """`take` gets what is published on a channel that is no topic's; `heard` tells when it is subscribed."""
        self._others[channel.encode()] = take, heard
        self.bus.subscribe(channel)

    def on_joined(self, take: Callable[[str], None]) -> None:
        """`take` is told of each topic that somebody joined who had to wait for it: of every new one."""
        self._joined.append(take)

    async def join(self, topic: str, subscriber: Subscriber) -> None:
        """Register `subscriber`; on return it gets every publication that is appended from now on.

        Raises Unavailable, with the registration undone, if Redis does not confirm in time.
        """
        if self.hub.join(topic, subscriber):
            channel = topics.channel(topic)
            self._names[channel.encode()] = topic
            self.bus.subscribe(channel)
        if self.hub.settled(topic):
            return
        settled = asyncio.get_running_loop().create_future()
        waiters = self._waiters.setdefault(topic, set())
        waiters.add(settled)
        try:
            async with asyncio.timeout(self._settings.subscribe_timeout_s):
                await settled
        except TimeoutError:
            self.leave(topic, subscriber)
            raise Unavailable("Redis does not confirm the subscription") from None
        except asyncio.CancelledError:
            self.leave(topic, subscriber)
            raise
        finally:
            waiters.discard(settled)
            if not waiters and self._waiters.get(topic) is waiters:
                del self._waiters[topic]

    def leave(self, topic: str, subscriber: Subscriber) -> None:
        """Forget `subscriber`."""
        if self.hub.leave(topic, subscriber):
            channel = topics.channel(topic)
            self._names.pop(channel.encode(), None)
            self._confirmed.discard(topic)
            self._unreadable.discard(topic)
            self._unsettled.pop(topic, None)
            self.bus.unsubscribe(channel)

    async def announce(self, topic: str, text: bytes) -> None:
        """Tell all subscribers of `topic`, on every gateway, something that is not kept. Raises Unavailable."""
        async with answered():
            await self._redis.publish(topics.channel(topic), NOTICE + text)

    async def pass_on(self, topic: str, payload: bytes) -> None:
        """Deliver a publication to all who are subscribed now, without storing it. Raises Unavailable."""
        async with answered():
            await self._redis.publish(topics.channel(topic), PASSING + payload)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for as long as the context is open."""
        async with background(self.bus.run, self._settle, self._canary):
            yield

    async def _canary(self) -> None:
        """Publish through Redis to ourselves, so that a quiet connection can be told from a dead one."""
        while True:
            try:
                async with asyncio.timeout(self._settings.canary_timeout_s):
                    await self._redis.publish(self._own_channel, CANARY)
            except (RedisError, OSError, TimeoutError) as error:
                log.debug("the canary did not reach Redis", error=str(error))
            await asyncio.sleep(self._settings.canary_s)

    def _on_message(self, channel: bytes, data: bytes) -> None:
        try:
            self._take(channel, data)
        except Exception:
            # Whatever is wrong with one message, the others go on.
            log.exception("a message could not be taken", channel=channel)

    def _on_read(self) -> None:
        arrived = self._arrivals.take()
        with self.joiner if len(arrived) > 1 else nullcontext():
            for topic, batches in arrived.items():
                self._receive(topic, batches)

    def _receive(self, topic: str, batches: Sequence[Batch]) -> None:
        try:
            for arrived in batches:
                if self.hub.receive(topic, arrived):
                    self._want(topic)
        except Exception:
            log.exception("what arrived on a topic could not be delivered", topic=topic)

    def _take(self, channel: bytes, data: bytes) -> None:
        topic = self._names.get(channel)
        if topic is not None and data.startswith((NOTICE, PASSING)):
            # What came before it goes before it.
            self._receive(topic, self._arrivals.take_topic(topic))
            if data.startswith(NOTICE):
                self.hub.notice(topic, data.removeprefix(NOTICE))
            else:
                self.hub.passing(topic, data.removeprefix(PASSING))
        elif topic is not None:
            try:
                self._arrivals.add(topic, batch.from_announcement(data))
            except ValueError as error:
                log.error("not an announcement; reading the stream instead", topic=topic, error=str(error))
                self._want(topic)
        elif channel in self._others:
            # A gateway may be told to end a client: what was published before goes before it.
            self._on_read()
            take, _ = self._others[channel]
            take(data)

    def _on_subscribed(self, channel: bytes) -> None:
        topic = self._names.get(channel)
        if topic is not None:
            self._confirmed.add(topic)
            self._want(topic)
        elif channel in self._others:
            _, heard = self._others[channel]
            heard()

    def _on_lost(self) -> None:
        self.hub.unsettle()
        self._confirmed.clear()
        self._unsettled.clear()

    def _want(self, topic: str) -> None:
        self._unsettled[topic] = None
        self._wake.set()

    async def _settle(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._unsettled:
                # Who waits to be let in comes first.
                waited_for = (name for name in self._waiters if name in self._unsettled)
                names = list(dict.fromkeys([*waited_for, *self._unsettled]))[:MOST_PER_ROUND]
                for name in names:
                    del self._unsettled[name]
                try:
                    await self._settle_some(names)
                except Unavailable as error:
                    log.warning("cannot read topics; trying again", topics=len(names), error=str(error))
                    await asyncio.sleep(0.1)
                    self._unsettled |= dict.fromkeys(
                        name for name in names if name in self._confirmed and not self.hub.settled(name)
                    )

    async def _settle_some(self, names: Sequence[str]) -> None:
        """Take each topic on by a page at most, so that none waits for another's long gap.

        What was asked before the connection broke, or for subscribers who have left, says nothing any more.
        """
        tops = await self._stream.positions(names)
        behind: list[str] = []
        for topic, top in zip(names, tops, strict=True):
            if topic not in self._confirmed:
                continue
            if isinstance(top, Unavailable):
                self._put_off(topic, top)
            elif self.hub.located(topic, top):
                behind.append(topic)
            else:
                self._let_in(topic)
        for start in range(0, len(behind), READ_TOGETHER):
            offsets = {topic: self.hub.position(topic).offset for topic in behind[start : start + READ_TOGETHER]}
            pages = await self._stream.read_after(
                offsets, self._settings.history_page, self._settings.outbox_bytes // 4
            )
            for topic, page in pages.items():
                if topic not in self._confirmed:
                    continue
                if isinstance(page, Unavailable):
                    self._put_off(topic, page)
                elif self.hub.filled(topic, page):
                    self._want(topic)
                else:
                    self._let_in(topic)

    def _let_in(self, topic: str) -> None:
        if self.hub.settled(topic):
            self._unreadable.discard(topic)
            waiters = self._waiters.pop(topic, ())
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)
            if waiters:
                for take in self._joined:
                    take(topic)

    def _put_off(self, topic: str, error: Unavailable) -> None:
        """One topic that cannot be read keeps no other from being settled."""

        def again() -> None:
            if topic in self._confirmed:
                self._want(topic)

        if topic not in self._unreadable:
            self._unreadable.add(topic)
            log.warning("cannot read a topic; trying again", topic=topic, error=str(error))
        asyncio.get_running_loop().call_later(PUT_OFF_S, again)
