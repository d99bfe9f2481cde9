"""The way out of a subscriber that wants no more than it can take, or no more often than it says.

Promise: what it gets is in ascending order, the newest of each device is among it, and what was left out is
counted in what it gets. Whenever something is sent everything that waits is, so that the last offset a client
has is a position to resume from.
"""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.conflation import Conflation, Kept, Key
from gateway.hub import Delivery, Render
from gateway.sender import Counters, Sender
from services.batch import Batch
from services.closes import SLOW

Show = Callable[[Sequence[Kept]], list[bytes]]
"""Turns publications into the messages of one client."""


class Later(Protocol):
    """`call_later` of an event loop."""

    def __call__(self, delay: float, callback: Callable[[], None], /) -> TimerHandle:
        """Call back after so many seconds."""


class Conflating:
    """An `Out` in front of a client's sender. With `interval_s` 0 only what the client is too slow for is conflated.

    At most `most_bytes` wait; a client that has not taken what it was sent before is slow then (3008), to
    one that has they are sent ahead of time.
    """

    def __init__(
        self,
        topic: str,
        sender: Sender,
        show: Show,
        keys: Callable[[Batch], list[Key]],
        interval_s: float,
        most_bytes: int,
        later: Later,
    ) -> None:
        self._sender = sender
        self._show = show
        self._keys = keys
        self._interval_s = interval_s
        self._most_bytes = most_bytes
        self._later = later
        self._waiting = Conflation(topic)
        self._pause: TimerHandle | None = None
        self._held = self._awaits_drain = self._ended = False

    @property
    def counters(self) -> Counters:
        return self._sender.counters

    async def room(self) -> bool:
        # A long history goes out in parts, at the client's pace, rather than to make it a slow one.
        if self._waiting.bytes > self._most_bytes // 4:
            self._send()
        return await self._sender.room()

    def deliver(self, delivery: Delivery, render: Render) -> None:
        if self._ended:
            self.counters.refused += delivery.count
        elif self._interval_s or self._held or self._waiting or self._sender.behind:
            self.counters.conflated += self._waiting.offer(delivery.batch, delivery.cached(self._keys))
            self._send_if_due()
            self._keep_bound()
        else:
            self._sender.deliver(delivery, render)

    def hold(self) -> None:
        """Send nothing until `release`: what is delivered meanwhile was missed, and is conflated."""
        self._held = True

    def release(self) -> None:
        """Send what was held, and go on."""
        self._held = False
        self._send_if_due()

    def end(self) -> None:
        """Send nothing any more."""
        self._ended = True
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        self.counters.refused += len(self._waiting.take())

    def _send_if_due(self) -> None:
        if self._held or self._ended or self._pause is not None or not self._waiting:
            return
        if self._sender.behind:
            if not self._awaits_drain:
                self._awaits_drain = True
                self._sender.once_drained(self._drained)
            return
        self._send()
        if self._interval_s:
            self._pause = self._later(self._interval_s, self._paused)

    def _send(self) -> None:
        kept = self._waiting.take()
        *most, last = self._show(kept)
        for message in most:
            self._sender.send(message)
        self._sender.send(last, len(kept))

    def _paused(self) -> None:
        self._pause = None
        self._send_if_due()

    def _drained(self) -> None:
        self._awaits_drain = False
        self._send_if_due()

    def _keep_bound(self) -> None:
        if self._waiting.bytes <= self._most_bytes:
            return
        if self._sender.behind:
            self.counters.slow += 1
            self._sender.close(*SLOW)
            self.end()
        else:
            self._send()
