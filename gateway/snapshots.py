"""Snapshots of a topic: the series of a window and the latest values, as of one position.

Promise: what was published up to the position of a snapshot is in it (or left out, and that is told), and nothing
that came later; so whoever goes on from there misses nothing and gets nothing twice. What is read, how long one
waits, and how many are made at once is bounded; clients that ask for the same within a second share one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from gateway import freshness, latest
from gateway.chart import Chart
from gateway.hub import Delivery
from gateway.latest import Name, Newest, Shown, values_of
from gateway.subscription import Wanted
from services import topics
from services.batch import Batch, Position
from services.errors import Unavailable
from services.metric_message import unit_in
from services.settings import GatewaySettings, StreamSettings
from services.stream import END, Bound, Latest, Stream
from services.weather_status import WeatherStatus

AT_ONCE = 1
"""They are made in threads, which take turns with everything else."""
KEPT_S = 1.0
MOST_KEPT = 32
MOST_MAKING = 100
"""Most that wait for their turn."""
ATTEMPTS = 3
AROUND_BYTES = 1_024
"""More than a snapshot has beside its series and latest values."""

Statuses: TypeAlias = Callable[[Sequence[str]], Awaitable[list[WeatherStatus | None]]]
"""Reads the statuses of places. Raises Unavailable."""
Key: TypeAlias = tuple[str, int, int, bytes, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a topic showed at a position: the members `window`, `latest`, and of weather `freshness`, of an object."""

    position: Position
    members: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """Which snapshot: so many seconds of a topic, so many points in a series, and of what is wanted only."""

    topic: str
    seconds: int
    points: int
    wanted: Wanted | None = None
    filter: bytes = b""
    """Tells one `wanted` from another."""
    most_bytes: int = sys.maxsize
    """Where less than what bounds all of them is wanted."""

    @property
    def key(self) -> Key:
        return self.topic, self.seconds, self.points, self.filter, self.most_bytes


@dataclass(slots=True)
class _Shared:
    """A snapshot that is being made, and how many wait for it."""

    making: asyncio.Task[Snapshot]
    waiting: int = 0


class Snapshots:
    """Makes them. `most_bytes` bounds each; `now_ms` is Unix time."""

    def __init__(
        self,
        stream: Stream,
        settings: GatewaySettings,
        streams: StreamSettings,
        most_bytes: int,
        statuses: Statuses,
        now_ms: Callable[[], int],
    ) -> None:
        self._stream = stream
        self._settings = settings
        self._streams = streams
        self._statuses = statuses
        self._most_bytes = most_bytes
        self._now_ms = now_ms
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._shared: dict[Key, _Shared] = {}
        self._kept: dict[Key, Snapshot] = {}

    async def take(self, asked: Asked) -> Snapshot:
        """A snapshot that is at most a second old. Raises Unavailable."""
        snapshot = self._kept.get(asked.key)
        if snapshot is not None:
            return snapshot
        shared = self._shared.get(asked.key)
        if shared is None:
            if len(self._shared) >= MOST_MAKING:
                raise Unavailable("too many snapshots are asked for")
            shared = self._shared[asked.key] = _Shared(asyncio.create_task(self._make_in_turn(asked)))
        shared.waiting += 1
        try:
            async with asyncio.timeout(self._settings.subscribe_timeout_s):
                return await asyncio.shield(shared.making)
        except TimeoutError:
            raise Unavailable("the snapshot takes too long") from None
        finally:
            shared.waiting -= 1
            if not shared.waiting:
                # Nobody waits for it any more; neither may anybody for its turn.
                shared.making.cancel()
                if self._shared.get(asked.key) is shared:
                    del self._shared[asked.key]

    async def _make_in_turn(self, asked: Asked) -> Snapshot:
        async with self._turns:
            snapshot = await self._make(asked)
        while len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[asked.key] = snapshot
        asyncio.get_running_loop().call_later(KEPT_S, self._kept.pop, asked.key, None)
        return snapshot

    async def _make(self, asked: Asked) -> Snapshot:
        for _ in range(ATTEMPTS):
            making = _Making(self._stream, self._settings, self._streams, asked, self._statuses, self._now_ms())
            if await making.read():
                return await asyncio.to_thread(making.snapshot, min(asked.most_bytes, self._most_bytes))
        raise Unavailable(f"{asked.topic} begins anew all the time")


class _Making:
    """One snapshot while it is made."""

    def __init__(
        self,
        stream: Stream,
        settings: GatewaySettings,
        streams: StreamSettings,
        asked: Asked,
        statuses: Statuses,
        now_ms: int,
    ) -> None:
        self._stream = stream
        self._settings = settings
        self._asked = asked
        self._topic = asked.topic
        self._statuses = statuses
        self._to_ms = now_ms
        self._from_ms = now_ms - asked.seconds * 1000
        retention_s = streams.group_retention_s if self._is_group else streams.retention_s
        self._kept_from_ms = now_ms - retention_s * 1000
        self._complete_from_ms = self._from_ms
        self._chart = Chart(asked.topic, self._from_ms)
        self._position = Position("", 0)
        self._state: Latest | None = None
        self._states: dict[Name, Newest] = {}
        self._all_states = True
        self._freshness: dict[str, Any] | None = None

    @property
    def _is_group(self) -> bool:
        return topics.is_group(self._topic)

    async def read(self) -> bool:
        """Read what it shows; False if the topic began anew meanwhile."""
        bound: Bound = END
        if not self._is_group:
            self._position, self._state = await self._stream.latest_at(self._topic)
            bound = ("offset", self._position.offset + 1)
        oldest: Batch | None = None
        reached, left = False, self._settings.snapshot_publications
        while True:
            page = await self._stream.read(self._topic, "down", bound, min(left, self._settings.history_page))
            if bound == END:
                self._position = page.top
            elif page.top.epoch != self._position.epoch:
                return False
            batches = [one for one in page.batches if one.stored_ms >= self._from_ms]
            # Other clients' turns come in between.
            await asyncio.to_thread(self._add, batches)
            reached = len(batches) < len(page.batches)
            if batches:
                oldest = batches[0]
                left -= sum(len(one.payloads) for one in batches)
            if oldest is None or reached or not batches or not page.more or left <= 0:
                break
            bound = ("offset", oldest.first)
        if not reached:
            self._note_what_is_missing(oldest)
        if self._is_group and self._asked.wanted is None:
            await self._read_states()
        if self._topic.startswith(topics.WEATHER):
            await self._read_freshness()
        return True

    def _add(self, batches: Sequence[Batch]) -> None:
        wanted = self._asked.wanted
        for batch in reversed(batches):
            self._chart.add([batch] if wanted is None else wanted(Delivery(self._topic, batch))[::-1])

    def _note_what_is_missing(self, oldest: Batch | None) -> None:
        if oldest is not None and oldest.first > 1:
            # What is not there, or was not read, was stored in the same millisecond or before.
            self._complete_from_ms = min(oldest.stored_ms + 1, self._to_ms)
        elif oldest is None and self._position.offset:
            self._complete_from_ms = max(self._from_ms, self._kept_from_ms)

    async def _read_freshness(self) -> None:
        place, state = self._topic.removeprefix(topics.WEATHER), self._state
        (status,) = await self._statuses([place])
        ts, tags = (None, {}) if state is None else (state.ts, state.tags)
        self._freshness = freshness.shown(place, status, ts, tags, self._to_ms)

    async def _read_states(self) -> None:
        """What was published before the window."""
        most = self._settings.devices_page
        if self._topic == topics.READINGS:
            devices = await self._stream.devices("", "", most)
            self._all_states = len(devices) < most
            found = await self._stream.latest(devices)
            self._states = values_of(state for state in found if state is not None)
            return
        metric = self._topic.removeprefix(topics.METRIC)
        async with aclosing(self._stream.latest_of_metric(metric, chunk=most)) as chunks:
            async for rows in chunks:
                for row in rows:
                    self._states[row["device"], metric] = Newest(row["ts"], row[metric], unit_in(row, metric))
                if len(self._states) > most:
                    self._all_states = False
                    break

    def snapshot(self, most_bytes: int) -> Snapshot:
        """What was read, as JSON."""
        newest = self._latest(most_bytes // 4)
        series, all_series = self._chart.shown(self._asked.points, most_bytes - len(newest.text) - AROUND_BYTES)
        all_read = self._complete_from_ms == self._from_ms and self._all_states
        window = {
            "from": self._complete_from_ms,
            "to": self._to_ms,
            "series": series,
            "truncated": not (all_read and all_series and newest.complete),
        }
        members = b'"window":%s,"latest":%s' % (orjson.dumps(window), newest.text)
        if self._freshness is not None:
            members += b',"freshness":' + orjson.dumps(self._freshness)
        return Snapshot(self._position, members)

    def _latest(self, most_bytes: int) -> Shown:
        if not self._is_group:
            return latest.of_device(self._state, most_bytes)
        values, most = (
            latest.merged(self._chart.newest, self._states, self._complete_from_ms),
            self._settings.devices_page,
        )
        if self._topic == topics.READINGS:
            return latest.of_readings(values, most, most_bytes)
        return latest.of_metric(self._topic.removeprefix(topics.METRIC), values, most, most_bytes)
