"""Changes of one connection's subscriptions, which its client and the server make, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager


class Turn(AbstractAsyncContextManager[None]):
    """Whoever makes a change that takes time takes the turn; a change that takes none waits until nobody has it."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._later: list[Callable[[], None]] = []

    def taken(self) -> AbstractAsyncContextManager[None]:
        """Nobody else makes a change while the context is open."""
        # Ourselves, not a generator: each connect takes two turns.
        return self

    async def __aenter__(self) -> None:
        await self._lock.acquire()

    async def __aexit__(self, *_: object) -> None:
        try:
            later, self._later = self._later, []
            for change in later:
                change()
        finally:
            self._lock.release()

    def make(self, change: Callable[[], None]) -> None:
        """Make `change` now, or right after the one that is being made."""
        if self._lock.locked():
            self._later.append(change)
        else:
            change()
