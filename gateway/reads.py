"""Reads of history that many clients ask for at once: what came while a read was under way goes to Redis together.

What several ask for is read once. Promise: a read begins after it was asked for, so that whoever had joined the
topic before misses nothing in between. After a break thousands of clients want to recover in the same second, and
a round trip for each costs more than all that they are sent (benchmark "connections").
"""

from __future__ import annotations

import asyncio

from services import logs
from services.errors import Unavailable
from services.stream import Asked, Bound, Direction, Page, Stream

log = logs.get("reads")

TOGETHER = 16
"""Most reads at once: each may bring megabytes."""


class Reads:
    """Those of one gateway. `run` must be running for them to be answered."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._waiting: dict[Asked, list[asyncio.Future[Page]]] = {}
        self._wake = asyncio.Event()

    async def read(self, topic: str, direction: Direction, bound: Bound, limit: int) -> Page:
        """As `Stream.read`. Raises Unavailable."""
        page: asyncio.Future[Page] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((topic, direction, bound, limit), []).append(page)
        self._wake.set()
        return await page

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                asked, waiting = self._take()
                found: list[Page | Unavailable]
                try:
                    found = await self._stream.read_each(asked) if asked else []
                except Unavailable as error:
                    # Others wait for Redis in vain as well: each round would take as long as this one.
                    waiting += self._waiting.values()
                    self._waiting = {}
                    found = [error] * len(waiting)
                except Exception as error:
                    log.exception("history could not be read", topics=[topic for topic, *_ in asked])
                    found = [Unavailable(f"history could not be read ({type(error).__name__})")] * len(waiting)
                for waiters, page in zip(waiting, found, strict=True):
                    for waiter in waiters:
                        _answer(waiter, page)

    def _take(self) -> tuple[list[Asked], list[list[asyncio.Future[Page]]]]:
        """The next to read, without those that nobody waits for any more."""
        asked: list[Asked] = []
        waiting: list[list[asyncio.Future[Page]]] = []
        while self._waiting and len(asked) < TOGETHER:
            one = next(iter(self._waiting))
            waiters = self._waiting.pop(one)
            if not all(waiter.done() for waiter in waiters):
                asked.append(one)
                waiting.append(waiters)
        return asked, waiting


def _answer(waiter: asyncio.Future[Page], page: Page | Unavailable) -> None:
    if waiter.done():
        return  # it does not wait any more
    if isinstance(page, Unavailable):
        waiter.set_exception(Unavailable(str(page)))
    else:
        waiter.set_result(page)
