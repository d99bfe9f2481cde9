"""How fast readings may come, by key and by address. Pure.

A limit is a token bucket that may go into debt: it lets a request in as long as there is a token, and then takes one
for each of its readings. So a batch may be larger than any burst; who sent it waits until the debt is paid, and over
time no more than the limit comes in. What a limit refuses costs nothing; what was let in costs its readings even
when they cannot be stored then (413, 503), so that who tries again and again is slowed down as well.
"""

from __future__ import annotations

BURST_S = 2.0
"""For so long what was not used is saved."""
MOST_BUCKETS = 10_000


class Bucket:
    """`per_s` readings a second."""

    __slots__ = ("_at", "_burst", "_tokens", "per_s")

    def __init__(self, per_s: float, now: float) -> None:
        """`now` is seconds of some clock, here and below."""
        self.per_s = per_s
        self._burst = max(1.0, per_s * BURST_S)
        self._tokens = self._burst
        self._at = now

    def wait_s(self, now: float) -> float:
        """Seconds until it lets something in; 0 if it does now."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self.per_s)
        self._at = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self.per_s

    def take(self, count: int) -> None:
        """Count what was let in."""
        self._tokens -= count

    def give_back(self, count: int) -> None:
        """Of what was taken, `count` was not used."""
        self._tokens += count

    def is_full(self, now: float) -> bool:
        """Whether a new one would be the same."""
        return self.wait_s(now) == 0.0 and self._tokens >= self._burst


class Buckets:
    """One for each name, all with the same limit; at most `MOST_BUCKETS`.

    To make room those that are full go first, for nothing is lost with them; then the older half.
    """

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._of: dict[str, Bucket] = {}

    def of(self, name: str, now: float) -> Bucket:
        """The bucket of `name`."""
        bucket = self._of.get(name)
        if bucket is None:
            if len(self._of) >= MOST_BUCKETS:
                self._make_room(now)
            bucket = self._of[name] = Bucket(self._per_s, now)
        return bucket

    def _make_room(self, now: float) -> None:
        kept = [(name, bucket) for name, bucket in self._of.items() if not bucket.is_full(now)]
        self._of = dict(kept[-MOST_BUCKETS // 2 :])
