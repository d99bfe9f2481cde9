"""What one read from Redis brought, by topic: batches that follow each other are joined. Pure.

The busier Redis, the more messages one read holds. Joined, they cost each subscriber one delivery and one write
instead of one each, so that a gateway that falls behind catches up (`make bench`, scenario "rates").
"""

from __future__ import annotations

from services.batch import Batch


class Arrivals:
    """Batches until the end of a read."""

    __slots__ = ("_by_topic",)

    def __init__(self) -> None:
        self._by_topic: dict[str, list[Batch]] = {}

    def add(self, topic: str, batch: Batch) -> None:
        """Take the next batch of a topic; it is not to be used by anyone else."""
        batches = self._by_topic.get(topic)
        if batches is None:
            self._by_topic[topic] = [batch]
        elif batch.epoch == batches[-1].epoch and batch.first == batches[-1].last + 1:
            batches[-1].payloads.extend(batch.payloads)
        else:
            batches.append(batch)

    def take(self) -> dict[str, list[Batch]]:
        """All of them; nothing is left."""
        by_topic, self._by_topic = self._by_topic, {}
        return by_topic

    def take_topic(self, topic: str) -> list[Batch]:
        """Those of one topic; the others stay."""
        return self._by_topic.pop(topic, [])
