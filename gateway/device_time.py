"""A topic's publications in the order of the devices' own clocks: late readings where they belong.

What came last need not be what happened last. The newest publications of a topic, up to a number, are looked at
and put in the order of their `ts`; of equal `ts` the one that was stored first stands first. Promise: the pages of
one answer show each of those publications once, whatever is stored meanwhile, for all of them are as of one position.
Only a page's publications are held, and the work is done in threads, so that nobody else waits for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import NamedTuple

import msgspec
from msgspec import Struct

from services import topics
from services.batch import Batch, Position
from services.errors import BadRequest, Overloaded, PositionLost, Unavailable
from services.settings import GatewaySettings
from services.stream import END, Bound, Stream

AT_ONCE = 1
"""Each looks at thousands of publications in a thread, which takes turns with everything else."""
MOST_WAITING = 50
"""Most that wait for their turn."""

TIMED = (topics.DEVICE, topics.METRIC, topics.WEATHER)
"""Topics whose publications have a `ts`, beside `readings`."""


class _Timed(Struct, gc=False):
    ts: int


_timed = msgspec.json.Decoder(_Timed)


class Cursor(NamedTuple):
    """A place among publications in the order of their `ts`: behind the one with this offset."""

    ts: int
    offset: int

    def __str__(self) -> str:
        return f"{self.ts}.{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what `str()` wrote; raises BadRequest."""
        match = re.fullmatch(r"([0-9]{1,15})\.([0-9]{1,15})", text)
        if match is None:
            raise BadRequest("after", f"{text[:64]!r} is not a place in an answer, like '1760000000123.42'")
        return cls(int(match[1]), int(match[2]))


class Row(NamedTuple):
    """A publication. Rows sort by `ts`, then by offset."""

    ts: int
    offset: int
    stored_ms: int
    payload: bytes

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.ts, self.offset)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which publications: those of a topic with `since_ms` <= ts < `until_ms`, behind `after`, as of a position."""

    topic: str
    newest_first: bool
    limit: int
    since_ms: int | None = None
    until_ms: int | None = None
    after: Cursor | None = None
    as_of: Position | None = None


@dataclass(frozen=True, slots=True)
class TimedPage:
    """Publications in the order that was asked for, as of a position.

    `more` tells that others follow, `truncated` that older publications are kept which were not looked at.
    """

    as_of: Position
    rows: list[Row]
    more: bool
    truncated: bool


def check_topic(topic: str) -> None:
    """Raises BadRequest unless the publications of `topic` have a `ts`."""
    if topic != topics.READINGS and not topic.startswith(TIMED):
        raise BadRequest("order", f"the publications of {topic} have no time of a device; order by 'asc' or 'desc'")


class Selection:
    """The first rows that are asked for, of all that are shown to it. Pure."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._first: list[Row] = []

    def add(self, batches: list[Batch]) -> None:
        """Look at `batches`."""
        asked = self._asked
        found = [*self._first, *filter(self._is_asked_for, _rows(batches))]
        # One more than a page holds tells whether there are more.
        self._first = (nlargest if asked.newest_first else nsmallest)(asked.limit + 1, found)

    def page(self) -> tuple[list[Row], bool]:
        """The rows, and whether others follow them."""
        return self._first[: self._asked.limit], len(self._first) > self._asked.limit

    def _is_asked_for(self, row: Row) -> bool:
        asked = self._asked
        if asked.since_ms is not None and row.ts < asked.since_ms:
            return False
        if asked.until_ms is not None and row.ts >= asked.until_ms:
            return False
        if asked.after is None:
            return True
        return row.cursor < asked.after if asked.newest_first else row.cursor > asked.after


def _rows(batches: list[Batch]) -> Iterator[Row]:
    for batch in batches:
        for offset, payload in enumerate(batch.payloads, batch.first):
            yield Row(_timed.decode(payload).ts, offset, batch.stored_ms, payload)


class DeviceTime:
    """Reads topics in this order."""

    def __init__(self, stream: Stream, settings: GatewaySettings) -> None:
        self._stream = stream
        self._settings = settings
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def read(self, asked: Asked) -> TimedPage:
        """A page. Raises PositionLost if the topic began anew since `as_of`, Unavailable, and Overloaded."""
        async with self._turn():
            return await self._read(asked)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise Overloaded(f"{MOST_WAITING} others wait for history in the order of ts")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.subscribe_timeout_s), self._turns:
                yield
        except TimeoutError:
            raise Unavailable("history in the order of ts takes too long") from None
        finally:
            self._waiting -= 1

    async def _read(self, asked: Asked) -> TimedPage:
        selection, as_of = Selection(asked), asked.as_of
        left = self._settings.snapshot_publications
        bound: Bound = END if as_of is None else ("offset", as_of.offset + 1)
        while True:
            page = await self._stream.read(asked.topic, "down", bound, min(left, self._settings.history_page))
            as_of = as_of or page.top
            if page.top.epoch != as_of.epoch or page.top.offset < as_of.offset:
                raise PositionLost(f"as_of={as_of}: the topic is at {page.top} now")
            await asyncio.to_thread(selection.add, page.batches)
            left -= sum(len(batch.payloads) for batch in page.batches)
            if not page.more or left <= 0:
                break
            bound = ("offset", page.batches[0].first)
        truncated = page.more and await self._any_before(asked.topic, page.batches[0].first)
        return TimedPage(as_of, *selection.page(), truncated)

    async def _any_before(self, topic: str, offset: int) -> bool:
        return bool((await self._stream.read(topic, "down", ("offset", offset), 1)).batches)
