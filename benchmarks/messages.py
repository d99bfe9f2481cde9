"""What is published, and when: the schedule of a run and the bytes of its messages. Pure.

Every message is a JSON object of `SIZE` bytes, shaped as a reading. Its members `at` (number of the topic), `seq`
(1, 2, 3 … within the topic) and `sent` (CLOCK_MONOTONIC, ns) stand next to each other in this order, for a load
client that looks for them without parsing. A message has its own due time; whoever comes late takes what is due
together. The schedule does not sleep and does not look at a clock.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SIZE = 150
GRACE_S = 1.0
"""A system that takes messages slower than they are due gets so much longer; what is left then is not published."""


def topic_name(at: int) -> str:
    """The name of topic number `at`."""
    return f"bench-{at:04d}"


def message(at: int, seq: int, ts_ms: int, sent_ns: int) -> bytes:
    """The message number `seq` of topic `at`."""
    head = (
        f'{{"device":"{topic_name(at)}","ts":{ts_ms},"values":{{"at":{at},"seq":{seq},"sent":{sent_ns},'
        f'"temperature":21.4,"site":"'
    )
    return f'{head:x<{SIZE - 3}}"}}}}'.encode("ascii")


class Number(NamedTuple):
    """Which message: topic and sequence number."""

    at: int
    seq: int


class Schedule:
    """`rate` messages a second for `seconds`, round-robin over `topics`, in whole rounds.

    Times are seconds since the start.
    """

    def __init__(self, topics: int, rate: float, seconds: float, start_seq: int = 1) -> None:
        self._topics = topics
        self._rate = rate
        self._start_seq = start_seq
        self._total = max(1, round(rate * seconds / topics)) * topics
        self._cut_s = self._total / rate + GRACE_S
        self.taken = 0

    @property
    def last_seq(self) -> int:
        """The sequence number up to which every topic got its messages, once it is finished."""
        return self._start_seq + self.taken // self._topics - 1

    def finished(self, now: float) -> bool:
        """Whether nothing is to be published any more: all is taken, or the time is up and the round complete."""
        return self.taken >= self._end(now)

    def take(self, now: float, most: int) -> list[Number]:
        """The messages that are due and were not taken before, in order, at most `most`."""
        due = min(self._end(now), math.floor(now * self._rate) + 1)
        first, self.taken = self.taken, max(self.taken, min(due, self.taken + most))
        return [Number(k % self._topics, self._start_seq + k // self._topics) for k in range(first, self.taken)]

    def wait(self, now: float) -> float:
        """Seconds until the next message is due."""
        return max(0.0, self.taken / self._rate - now)

    def late(self, now: float) -> float:
        """How long the next message has been due, in seconds."""
        return max(0.0, now - self.taken / self._rate)

    def _end(self, now: float) -> int:
        if now < self._cut_s:
            return self._total
        return min(self._total, math.ceil(self.taken / self._topics) * self._topics)
