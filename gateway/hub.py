"""Who listens to what, and what each topic has delivered so far. Pure: no I/O, no clock.

Promise: the batches that a topic's subscribers get follow each other without a gap or a repetition.
Pub/sub may lose messages, so the hub compares offsets: what does not follow is held until the caller has
read the missing part from the stream. Where the missing part is gone, or the epoch is another one, the
subscribers are told `lost` first, and go on from what there is.

What the hub does not do: it never reads or writes; its verdicts say when the caller has to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from services.batch import Batch, Position
from services.stream import Page

T = TypeVar("T")

Render = Callable[[str, Batch], list[bytes]]
"""Turns a topic's batch into the messages of one kind of client."""


def frame(payload: bytes, *, binary: bool = False) -> bytes:
    """One unmasked WebSocket frame (RFC 6455 §5.2); the same bytes serve every client."""
    opcode = b"\x82" if binary else b"\x81"
    size = len(payload)
    if size < 126:
        return opcode + bytes((size,)) + payload
    if size < 65_536:
        return opcode + b"\x7e" + size.to_bytes(2, "big") + payload
    return opcode + b"\x7f" + size.to_bytes(8, "big") + payload


class Delivery:
    """A batch on its way to many clients: rendered and framed once per kind, not once per client."""

    __slots__ = ("_cached", "_messages", "batch", "binary", "count", "text", "topic")

    def __init__(self, topic: str, batch: Batch) -> None:
        self.topic = topic
        self.batch = batch
        self.count = len(batch.payloads)
        self._messages: dict[Render, list[bytes]] = {}
        self.text: dict[Render, bytes] = {}
        self.binary: dict[Render, bytes] = {}
        """What `frames` has made, to look at without a call."""
        self._cached: dict[Callable[[Batch], Any], Any] = {}

    def messages(self, render: Render) -> list[bytes]:
        """The messages for clients of this kind."""
        messages = self._messages.get(render)
        if messages is None:
            messages = self._messages[render] = render(self.topic, self.batch)
        return messages

    def frames(self, render: Render, *, binary: bool) -> bytes:
        """The same as WebSocket frames, joined."""
        made = self.binary if binary else self.text
        frames = made.get(render)
        if frames is None:
            frames = made[render] = b"".join([frame(message, binary=binary) for message in self.messages(render)])
        return frames

    def cached(self, look: Callable[[Batch], T]) -> T:
        """What `look` sees in the batch; it looks once for all clients."""
        if look not in self._cached:
            self._cached[look] = look(self.batch)
        seen: T = self._cached[look]
        return seen


class Subscriber(Protocol):
    """What the hub delivers to. Both methods return at once and never raise."""

    def deliver(self, delivery: Delivery) -> None:
        """The next publications of a topic."""

    def lost(self, topic: str, position: Position) -> None:
        """Publications before `position` can no longer be had; what follows comes after it."""

    def notice(self, topic: str, text: bytes) -> None:
        """Something was announced on the topic that is no publication, and is not kept."""

    def passing(self, delivery: Delivery) -> None:
        """A publication that is not kept, and so has no offset: who is not live now never gets it."""


@dataclass(slots=True)
class _Topic:
    position: Position | None = None
    subscribers: dict[Subscriber, None] = field(default_factory=dict)
    settled: bool = False
    fresh_epoch: bool = False
    seen: bool = False
    """Whether anything had been published in the epoch before it."""
    held: deque[Batch] = field(default_factory=deque)
    held_bytes: int = 0
    overflowed: bool = False
    covered: int = 0
    """How many of `held` came before the read that is under way: it shows them, or they are of a lost past."""


class Hub:
    """All topics of one gateway. `buffer_bytes` bounds what is held per topic while history is read."""

    def __init__(self, buffer_bytes: int, on_fault: Callable[[Exception], None] | None = None) -> None:
        """`on_fault` is told what a subscriber raised against its contract; it is told of a loss, the others go on."""
        self._on_fault = on_fault
        self._buffer_bytes = buffer_bytes
        self._topics: dict[str, _Topic] = {}
        self.gaps = 0
        self.losses = 0
        self.overflows = 0
        self.published = 0

    def __contains__(self, topic: str) -> bool:
        return topic in self._topics

    def __len__(self) -> int:
        return len(self._topics)

    def join(self, topic: str, subscriber: Subscriber) -> bool:
        """Register; True if the topic is new here, so that the caller must subscribe to it."""
        known = self._topics.get(topic)
        if known is None:
            known = self._topics[topic] = _Topic()
            known.subscribers[subscriber] = None
            return True
        known.subscribers[subscriber] = None
        return False

    def leave(self, topic: str, subscriber: Subscriber) -> bool:
        """Forget; True if nobody is left, so that the caller must unsubscribe. Unknown ones are ignored."""
        known = self._topics.get(topic)
        if known is None or subscriber not in known.subscribers:
            return False
        del known.subscribers[subscriber]
        if known.subscribers:
            return False
        del self._topics[topic]
        return True

    def settled(self, topic: str) -> bool:
        """Whether the topic's position is known and nothing is missing."""
        known = self._topics.get(topic)
        return known is not None and known.settled

    def position(self, topic: str) -> Position:
        """Up to where the topic was delivered; `Position("", 0)` if that is unknown."""
        known = self._topics.get(topic)
        return (known.position if known else None) or Position("", 0)

    def unsettle(self) -> None:
        """The connection to Redis broke: anything may have been missed."""
        for known in self._topics.values():
            known.settled = False
            _drop_held(known)

    def receive(self, topic: str, batch: Batch) -> bool:
        """A batch came over pub/sub. True if something before it is missing: read it, then call `filled`."""
        known = self._topics.get(topic)
        if known is None:
            return False
        if not known.settled:
            self._hold(known, batch)
            return False
        if self._advance(topic, known, batch):
            return False
        self.gaps += 1
        known.settled = False
        self._hold(known, batch)
        return True

    def notice(self, topic: str, text: bytes) -> None:
        """Pass a notice on."""
        known = self._topics.get(topic)
        if known is not None:
            self._each(known.subscribers, lambda subscriber: subscriber.notice(topic, text))

    def passing(self, topic: str, payload: bytes) -> None:
        """Pass a publication on that is not kept."""
        known = self._topics.get(topic)
        if known is None:
            return
        delivery = Delivery(topic, Batch("", 0, 0, [payload]))
        self._each(known.subscribers, lambda subscriber: subscriber.passing(delivery))

    def subscribers(self) -> Iterator[tuple[str, int]]:
        """Each topic and how many subscribers it has; read it at once."""
        return ((topic, len(known.subscribers)) for topic, known in self._topics.items())

    def located(self, topic: str, top: Position) -> bool:
        """The topic's position was read anew. True if history must be read; until then, what comes is held."""
        known = self._topics.get(topic)
        if known is None:
            return False
        if known.position is None:
            known.position = top
        if known.position != top or known.fresh_epoch:
            known.settled = False
            return True
        return not self._settle(topic, known)

    def begun(self, topic: str, top: Position) -> None:
        """A topic on which nothing was published has got an epoch; who comes next need not ask for it."""
        known = self._topics.get(topic)
        if known is not None and known.settled and known.position == Position("", 0) and not top.offset:
            known.position = top

    def filled(self, topic: str, page: Page) -> bool:
        """History after `position(topic)` was read. True if more must be read."""
        known = self._topics.get(topic)
        if known is None or known.position is None:
            return False
        position, top = known.position, page.top
        if position.epoch != top.epoch and position.epoch:
            # Where its history begins is told once it is read.
            known.position = Position(top.epoch, 0)
            known.fresh_epoch = True
            known.seen = position.offset > 0
            return True
        if known.fresh_epoch:
            known.fresh_epoch = False
            kept = page.batches[0].first - 1 if page.batches else top.offset
            # Of a topic on which nothing had been published nothing can be lost.
            if kept or known.seen:
                self._lose(topic, known, Position(top.epoch, kept))
        if top.offset < position.offset:
            self._lose(topic, known, top)
        for batch in page.batches:
            if not self._advance(topic, known, batch):
                self._lose(topic, known, Position(batch.epoch, batch.first - 1))
                self._advance(topic, known, batch)
        if page.more:
            return True
        if known.position.offset < top.offset:
            self._lose(topic, known, top)
        return not self._settle(topic, known)

    def _settle(self, topic: str, known: _Topic) -> bool:
        """Deliver what was held; False if it does not follow on, or some of it had to be dropped."""
        if known.overflowed:
            known.overflowed = False
            return False
        while known.held:
            if not self._advance(topic, known, known.held[0]):
                if not known.covered:
                    known.covered = len(known.held)
                    return False
                for _ in range(known.covered):
                    known.held_bytes -= _size(known.held.popleft())
                known.covered = 0
                continue
            known.covered = max(0, known.covered - 1)
            known.held_bytes -= _size(known.held.popleft())
        known.held_bytes = known.covered = 0
        known.settled = True
        return True

    def _advance(self, topic: str, known: _Topic, batch: Batch) -> bool:
        """Deliver what of `batch` is new; False if it does not follow the position."""
        position = known.position
        assert position is not None
        if batch.epoch != position.epoch:
            if position.epoch or batch.first != 1:
                return False
        elif batch.last <= position.offset:
            return True
        elif batch.first > position.offset + 1:
            return False
        else:
            batch = batch.after(position.offset)
        now = known.position = Position(batch.epoch, batch.last)
        self.published += len(batch.payloads)
        delivery = Delivery(topic, batch)
        for subscriber in list(known.subscribers):
            # Not `_each`: a call more for each delivery would be felt.
            try:
                subscriber.deliver(delivery)
            except Exception as error:
                self._fault(error)
                self._each([subscriber], lambda failed: failed.lost(topic, now))
        return True

    def _hold(self, known: _Topic, batch: Batch) -> None:
        known.held.append(batch)
        known.held_bytes += _size(batch)
        if known.held_bytes > self._buffer_bytes:
            self.overflows += 1
            _drop_held(known)
            known.overflowed = True

    def _lose(self, topic: str, known: _Topic, position: Position) -> None:
        self.losses += 1
        known.position = position
        self._each(known.subscribers, lambda subscriber: subscriber.lost(topic, position))

    def _each(self, subscribers: Iterable[Subscriber], tell: Callable[[Subscriber], None]) -> None:
        """Tell each of them; one who raises keeps nothing from the others."""
        for subscriber in list(subscribers):
            try:
                tell(subscriber)
            except Exception as error:
                self._fault(error)

    def _fault(self, error: Exception) -> None:
        if self._on_fault is None:
            raise error
        self._on_fault(error)


def _drop_held(known: _Topic) -> None:
    known.held.clear()
    known.held_bytes = known.covered = 0


def _size(batch: Batch) -> int:
    return sum(map(len, batch.payloads))
