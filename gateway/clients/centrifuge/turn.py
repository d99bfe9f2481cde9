"""Changes of one connection's subscriptions, which its client and the server make, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turn:
    """Whoever makes a change that takes time takes the turn; a change that takes none waits until nobody has it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._later: list[Callable[[], None]] = []

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Nobody else makes a change while the context is open."""
        async with self._lock:
            try:
                yield
            finally:
                later, self._later = self._later, []
                for change in later:
                    change()

    def make(self, change: Callable[[], None]) -> None:
        """Make `change` now, or right after the one that is being made."""
        if self._lock.locked():
            self._later.append(change)
        else:
            change()
