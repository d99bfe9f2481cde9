"""One client's subscription to one topic: from a position on, once and in order.

While history is read, live deliveries are held (bounded; past the bound they are dropped and read again
from the stream). The switch to live happens between two awaits, so nothing falls in between.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gateway.hub import Delivery, Render
from gateway.sender import Out
from services.batch import Batch, Position
from services.stream import Bound, Direction, Page

Wanted = Callable[[Delivery], list[Batch]]
"""The part of a delivery that a client asked for."""

Read = Callable[[str, Direction, Bound, int], Awaitable[Page]]
"""`Stream.read`."""

Notice = Callable[[bytes], None]
"""Takes what was announced on the topic and is no publication."""

Standing = Callable[[str, Position], Delivery | None]
"""What is told, beside a topic's publications, to a subscriber who has it up to a position; it has no offset itself."""

Lost = Callable[[Position], None]
"""Tells the client that what came before a position is gone."""


class Subscription:
    """A `Subscriber` of the hub that writes to one client."""

    __slots__ = (  # noqa: RUF023  # what every delivery looks at comes first: it shares a line of the processor's cache
        "_straight",
        "_counters",
        "_sender",
        "_render",
        "topic",
        "overflowed",
        "_ended",
        "_held",
        "_held_bytes",
        "_hold_bytes",
        "_holding",
        "_notice",
        "_passed",
        "_render_passing",
        "_standing",
        "_tell_lost",
        "_wanted",
    )

    def __init__(
        self,
        topic: str,
        sender: Out,
        render: Render,
        lost: Lost,
        hold_bytes: int,
        wanted: Wanted | None = None,
        notice: Notice | None = None,
        render_passing: Render | None = None,
        standing: Standing | None = None,
    ) -> None:
        """`render_passing` shows what has no offset; without it the client does not get that.

        `standing` is asked once, when the subscription goes live.
        """
        self.topic = topic
        self._sender = sender
        self._counters = sender.counters
        self._render = render
        self._wanted = wanted
        self._notice = notice
        self._render_passing = render_passing
        self._standing = standing
        self._tell_lost = lost
        self._hold_bytes = hold_bytes
        self._held: list[Delivery] = []
        self._held_bytes = 0
        self.overflowed = False
        """Whether deliveries that were held had to be dropped: `resume` reads them again."""
        self._holding = True
        self._passed: Position | None = None
        self._ended = False
        self._straight = False
        """Whether all that comes goes to the sender as it is."""

    def deliver(self, delivery: Delivery) -> None:
        if self._straight:
            # Nearly every delivery, once per client: no call more than needed (`make bench`, scenario "rates").
            self._counters.matched += delivery.count
            self._sender.deliver(delivery, self._render)
            return
        if self._ended:
            return
        if self._holding:
            self._held.append(delivery)
            self._held_bytes += sum(map(len, delivery.batch.payloads))
            if self._held_bytes > self._hold_bytes:
                self._drop_held()
                self.overflowed = True
            return
        passed = self._passed
        if passed is not None:
            batch = delivery.batch
            if batch.epoch == passed.epoch and batch.first <= passed.offset:
                # History reached further than the hub had got by then.
                if batch.last > passed.offset:
                    self._send(Delivery(self.topic, batch.after(passed.offset)), self._render)
                return
            if passed.epoch and batch.epoch != passed.epoch:
                if batch.first > 1:
                    # The past: history has shown a newer epoch, which the hub is yet to tell.
                    return
                if passed.offset:  # else nothing had been published that could be lost
                    self._tell_lost(Position(batch.epoch, 0))
                    if self._ended:
                        return
            self._passed = None
        self._straight = self._wanted is None
        self._send(delivery, self._render)

    def _send(self, delivery: Delivery, render: Render) -> None:
        counters = self._counters
        if self._wanted is None:
            counters.matched += delivery.count
            self._sender.deliver(delivery, render)
            return
        count = delivery.count
        for batch in self._wanted(delivery):
            wanted = len(batch.payloads)
            count -= wanted
            counters.matched += wanted
            self._sender.deliver(Delivery(self.topic, batch), render)
        counters.filtered += count

    def lost(self, topic: str, position: Position) -> None:
        passed = self._passed
        if self._ended:
            return
        if self._holding:
            self._drop_held()
            self.overflowed = True
        elif passed is None or passed.epoch != position.epoch or passed.offset < position.offset:
            # Otherwise history had shown it, and the client was told.
            self._passed = None
            self._tell_lost(position)

    def notice(self, topic: str, text: bytes) -> None:
        if self._notice is not None and not self._holding and not self._ended:
            self._notice(text)

    def passing(self, delivery: Delivery) -> None:
        if self._render_passing is not None and not self._holding and not self._ended:
            self._send(delivery, self._render_passing)

    def release(self, passed: Position | None = None) -> None:
        """Go live from here; what lies at or before `passed` the client has already."""
        self._passed = passed
        self._holding = False
        held = self._held
        self._drop_held()
        for delivery in held:
            self.deliver(delivery)
        if self._standing is not None:
            told = self._standing(self.topic, passed or Position("", 0))
            if told is not None:
                self.passing(told)

    def end(self) -> None:
        """Send nothing from here on."""
        self._ended = True
        self._straight = False
        self._drop_held()

    def _drop_held(self) -> None:
        self._held = []
        self._held_bytes = 0

    async def go_live(self, at: Position, read: Read, page_size: int) -> None:
        """Send what came after `at`, up to which the client knows the topic, from what was held or the stream.

        Raises Unavailable.
        """
        if self.overflowed:
            await self.resume(at, read, page_size)
        else:
            self.release(at)

    async def resume(self, since: Position, read: Read, page_size: int) -> None:
        """Send what came after `since` (told to the client if it is gone), then go live.

        Call after the topic was joined. Stops when the client is gone. Raises Unavailable.
        """
        at = since
        while not self._ended:
            self.overflowed = False
            page = await read(self.topic, "up", ("offset", at.offset), page_size)
            other_epoch = at.epoch != page.top.epoch and (at.epoch or at.offset)
            if other_epoch or at.offset > page.top.offset:
                at = page.top
                self._tell_lost(at)
            else:
                at = await self._send_page(page.batches, at, page.top)
                if page.more:
                    continue
            if not self.overflowed:
                break
        self.release(at)

    async def _send_page(self, batches: list[Batch], at: Position, top: Position) -> Position:
        for batch in batches:
            if batch.first > at.offset + 1:
                self._tell_lost(Position(batch.epoch, batch.first - 1))
            if self._ended:
                return at
            self._send(Delivery(self.topic, batch), self._render)
            at = Position(batch.epoch, batch.last)
            if not await self._sender.room():
                self.end()
                return at
        if not batches and at.offset < top.offset:
            self._tell_lost(top)
            return top
        return Position(top.epoch, at.offset)
