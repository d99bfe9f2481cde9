"""What a connection waits with: `asyncio.Queue` and `asyncio.Event`, as far as a connection needs them.

Those two hold four deques between them, which take 760 bytes each even when empty (CPython 3.11): 3.8 KB of every
idle connection (benchmark "connections"). They are bounded by who fills them: uvicorn pauses reading until what one
read brought was taken.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Inbox(Generic[T]):
    """What came and was not taken yet, for one reader."""

    __slots__ = ("_items", "_reader")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._reader: asyncio.Future[None] | None = None

    def put_nowait(self, item: T) -> None:
        """Add one."""
        self._items.append(item)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    @property
    def awaited(self) -> bool:
        """Whether the reader waits, and nothing came yet."""
        return self._reader is not None and not self._reader.done()

    def empty(self) -> bool:
        """Whether there is none."""
        return not self._items

    def take(self) -> T:
        """The oldest; there must be one."""
        return self._items.pop(0)

    def arrival(self) -> asyncio.Future[None]:
        """Done once there is one, if there is none now."""
        self._reader = asyncio.get_running_loop().create_future()
        return self._reader


class Gate:
    """Open or closed; any number may wait until it opens."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] | None = None
        """Who waits, while it is closed."""

    def is_set(self) -> bool:
        """Whether it is open."""
        return self._waiting is None

    def clear(self) -> None:
        """Close it."""
        if self._waiting is None:
            self._waiting = []

    def set(self) -> None:
        """Open it."""
        waiting, self._waiting = self._waiting or (), None
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def wait(self) -> bool:
        """Return once it is open."""
        while self._waiting is not None:
            opened = asyncio.get_running_loop().create_future()
            self._waiting.append(opened)
            await opened
        return True
