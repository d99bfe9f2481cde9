"""How many clients there may be, and how fast one may talk. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from services.access import is_this_machine
from services.errors import Forbidden, Overloaded, SettingError, Unavailable


class Seats:
    """A bounded number of connections: in all, from one address, and new ones in a second."""

    def __init__(self, most: int, most_per_address: int, per_s: int, clock: Callable[[], float]) -> None:
        """`clock` tells seconds."""
        self._most = most
        self._most_per_address = most_per_address
        self._clock = clock
        self._pace = Pace(per_s, clock())
        self._from: Counter[str] = Counter()
        self.taken = 0
        self.refused: Counter[str] = Counter()
        """How many there was none for, by reason: `seats`, `address` or `pace`."""
        self._closed = False

    def close(self) -> None:
        """Give out no more."""
        self._closed = True

    @contextmanager
    def one(self, address: str = "") -> Iterator[None]:
        """Hold one while the context is open; those of this machine are not counted by address.

        Raises Overloaded when there is none for the address, Unavailable once closed.
        """
        if self._closed:
            raise Unavailable("this gateway is stopping")
        counted = bool(address) and not is_this_machine(address)
        if self.taken >= self._most:
            self._refuse("seats", f"this gateway has its {self._most} connections")
        if counted and self._from[address] >= self._most_per_address:
            self._refuse("address", f"{address} has its {self._most_per_address} connections already")
        if not self._pace.allows(self._clock()):
            self._refuse("pace", "too many clients connect at once")
        self.taken += 1
        if counted:
            self._from[address] += 1
        try:
            yield
        finally:
            self.taken -= 1
            if counted:
                self._from[address] -= 1
                if not self._from[address]:
                    del self._from[address]

    def _refuse(self, reason: str, words: str) -> NoReturn:
        self.refused[reason] += 1
        raise Overloaded(words, retry_after_s=5)


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
