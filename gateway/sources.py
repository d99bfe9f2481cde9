"""Where the publications of a topic come from: its stream, by way of the broker, or what is derived of other topics."""

from __future__ import annotations

from collections.abc import Awaitable

from gateway.broker import Broker
from gateway.hub import Subscriber
from gateway.live_comparisons import LiveComparisons
from gateway.reads import Reads
from gateway.subscription import Subscription
from services import topics
from services.batch import Position


class Sources:
    """All topics that clients may follow. `page` is how many publications of the past are read at a time."""

    def __init__(self, broker: Broker, comparisons: LiveComparisons, reads: Reads, page: int) -> None:
        self._broker = broker
        self._comparisons = comparisons
        self._reads = reads
        self._page = page

    def join(self, topic: str, subscriber: Subscriber) -> Awaitable[None]:
        """As `Broker.join`."""
        # Not a coroutine of its own: each connect awaits it.
        return (self._comparisons if topics.is_derived(topic) else self._broker).join(topic, subscriber)

    def leave(self, topic: str, subscriber: Subscriber) -> None:
        """Forget `subscriber`."""
        (self._comparisons if topics.is_derived(topic) else self._broker).leave(topic, subscriber)

    async def begin(self, subscription: Subscription, at: Position, *, resuming: bool) -> None:
        """Send what came after `at`, or what a derived topic shows now, and go live. Raises Unavailable."""
        if topics.is_derived(subscription.topic):
            self._comparisons.begin(subscription)
        elif resuming:
            await subscription.resume(at, self._reads.read, self._page)
        else:
            await subscription.go_live(at, self._reads.read, self._page)
