"""How many clients there may be, and how fast one may talk. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from services.errors import Forbidden, Overloaded, SettingError, Unavailable


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


class Origins:
    """Which pages may connect: an exact list, or any if it is empty."""

    def __init__(self, allowed: str) -> None:
        """`allowed` holds origins (RFC 6454), separated by spaces. Raises SettingError for what is none."""
        self._allowed = frozenset(allowed.split())
        for origin in self._allowed:
            if not re.fullmatch(r"https?://[^/?#@\s]+", origin):
                raise SettingError(f"WINDSOCK_ORIGINS: {origin!r} is not an origin such as 'https://example.org'")

    def check(self, origin: str | None) -> None:
        """Raises Forbidden for the `Origin` of a page that is not listed; programs send none."""
        if self._allowed and origin is not None and origin not in self._allowed:
            raise Forbidden(f"pages of {origin[:100]!r} may not connect here (WINDSOCK_ORIGINS)")


class Pace:
    """A token bucket: `per_s` messages a second, in bursts of up to twice that."""

    __slots__ = ("_at", "_per_s", "_tokens")

    def __init__(self, per_s: float, now: float) -> None:
        self._per_s = per_s
        self._tokens = per_s * 2
        self._at = now

    def allows(self, now: float) -> bool:
        """Count one message at `now` (seconds); False if it came too soon."""
        most = max(self._per_s * 2, self._tokens)
        self._tokens = min(most, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def excuse(self, began: float, now: float) -> None:
        """From `began` to `now` nobody read what the client said: it waits, and comes all at once.

        Only the last such pause counts.
        """
        self._tokens = min(self._tokens, self._per_s * 2) + (now - max(began, self._at)) * self._per_s
        self._at = now
