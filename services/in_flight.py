"""How many requests a process works on at once. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.errors import Overloaded

UNBOUNDED = 2**63


class InFlight:
    """At most `most` at a time."""

    def __init__(self, most: int = UNBOUNDED) -> None:
        self._most = most
        self.taken = 0

    def enter(self) -> None:
        """One begins. Raises Overloaded, and then it does not."""
        if self.taken >= self._most:
            raise Overloaded(f"{self._most} requests are worked on already")
        self.taken += 1

    def leave(self) -> None:
        """One that began has ended."""
        self.taken -= 1

    @contextmanager
    def one(self) -> Iterator[None]:
        """One while the context is open. Raises Overloaded."""
        self.enter()
        try:
            yield
        finally:
            self.leave()
