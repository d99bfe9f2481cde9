"""How many clients there may be, and how fast one may talk. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.errors import Overloaded, Unavailable


class Seats:
    """A bounded number of connections."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0
        self.refused = 0
        self._closed = False

    def close(self) -> None:
        """Give out no more."""
        self._closed = True

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one while the context is open; raises Overloaded when none is left, Unavailable once closed."""
        if self._closed:
            raise Unavailable("this gateway is stopping")
        if self.taken >= self._most:
            self.refused += 1
            raise Overloaded(f"this gateway has its {self._most} connections", retry_after_s=5)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Pace:
    """A token bucket: `per_s` messages a second, in bursts of up to twice that."""

    __slots__ = ("_at", "_per_s", "_tokens")

    def __init__(self, per_s: float, now: float) -> None:
        self._per_s = per_s
        self._tokens = per_s * 2
        self._at = now

    def allows(self, now: float) -> bool:
        """Count one message at `now` (seconds); False if it came too soon."""
        self._tokens = min(self._per_s * 2, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
