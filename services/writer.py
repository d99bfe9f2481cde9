"""Group commit: everything a process appends goes through one writer task.

Callers park their entries; the task takes what is there, sends it as one script call, and wakes each
caller once Redis has acknowledged. Under light load that is one round trip; under heavy load the
commits grow. Promises: what `append` returned is stored; the entries of one call are stored together
or not at all; calls are stored in the order they were made. A commit is sent once: when its answer is
lost, callers get Unavailable and may retry (with ids, nothing is stored twice).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

from redis.exceptions import RedisError, ResponseError

from services.batch import fresh_epoch
from services.commit import Appended, Commit, Entry, Upkeep
from services.errors import Overloaded, TooLarge, Unavailable
from services.redis import Client, reason_of
from services.script import Script
from services.settings import StreamSettings

FULL = "used memory > 'maxmemory'"
"""What Redis says when it is full; 6.2 and 7 wrap it differently."""


class WriterMetrics(Protocol):
    """What a writer reports; see `services.metrics`."""

    def committed(self, entries: int, duplicates: int, seconds: float) -> None: ...
    def failed(self, entries: int) -> None: ...
    def refused(self, entries: int) -> None: ...


Settle = Callable[[list[Appended] | Unavailable], None]
"""Told, once, where the entries of a call went, or why they may not be stored. Must not raise."""


@dataclass(slots=True)
class _Parked:
    entries: Sequence[Entry]
    topics: int
    bytes: int
    settle: Settle
    deadline: float
    withdrawn: bool = False


class Writer:
    """Appends entries to their topics. `run` must be running for `append` to return."""

    def __init__(self, redis: Client, settings: StreamSettings, metrics: WriterMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._script = Script(redis, files("services").joinpath("lua/append.lua").read_text())
        self._trim_script = redis.register_script(files("services").joinpath("lua/trim.lua").read_text())
        # A tenth of the retention bounds how long trimming and expiry may lag behind.
        shortest = min(settings.retention_s, settings.group_retention_s, settings.topic_ttl_s)
        self._upkeep = Upkeep(min(3_600.0, shortest / 10), time.monotonic)
        self._parked: deque[_Parked] = deque()
        self._waiting = self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._stopped = False

    @property
    def waiting(self) -> int:
        """Entries that wait for a commit."""
        return self._waiting

    async def append(self, entries: Sequence[Entry]) -> list[Appended]:
        """Store `entries` together; returns where each went, in order.

        Raises TooLarge if they go to more topics than one commit takes, Overloaded when the buffer is full, and
        Unavailable when Redis does not acknowledge in time.
        """
        if not entries:
            return []
        stored: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()

        def settle(outcome: list[Appended] | Unavailable) -> None:
            if stored.done():
                return
            if isinstance(outcome, Unavailable):
                stored.set_exception(outcome)
            else:
                stored.set_result(outcome)

        parked = self._park(entries, settle)
        try:
            return await stored
        except asyncio.CancelledError:
            parked.withdrawn = True
            raise

    def submit(self, entries: Sequence[Entry], settle: Settle) -> None:
        """The same without a task that waits: `settle` is called once it is known. Raises TooLarge and Overloaded."""
        self._park(entries, settle)

    def _park(self, entries: Sequence[Entry], settle: Settle) -> _Parked:
        if self._stopped:
            raise Unavailable("the service is stopping")
        names: set[str] = set()
        metrics: set[str] = set()
        size = 0
        for entry in entries:
            names.add(entry.topic)
            size += len(entry.payload)
            if entry.lines:
                metrics.update(entry.values)
                size += sum(map(len, entry.lines))
        count = len(names) + (len(metrics) + 1 if metrics else 0)
        if count > self._settings.commit_topics:
            raise TooLarge(
                f"the readings go to {count} topics (one a device and a metric); "
                f"one request may name {self._settings.commit_topics}"
            )
        if self._waiting and (
            self._waiting + len(entries) > self._settings.append_buffer_items
            or self._waiting_bytes + size > self._settings.append_buffer_bytes
        ):
            self._metrics.refused(len(entries))
            raise Overloaded(f"{self._waiting} readings wait for Redis already")
        parked = _Parked(entries, count, size, settle, time.monotonic() + self._settings.append_timeout_s)
        self._parked.append(parked)
        self._waiting += len(entries)
        self._waiting_bytes += size
        self._wake.set()
        return parked

    async def run(self) -> None:
        """Commit until cancelled; then refuse what still waits."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._parked:
                    await self._commit(self._take())
        finally:
            # Who is told may come with the next at once.
            self._stopped = True
            while self._parked:
                self._parked.popleft().settle(Unavailable("the service is stopping"))
            self._waiting = self._waiting_bytes = 0
            await self._script.close()

    def _take(self) -> list[_Parked]:
        taken: list[_Parked] = []
        count = names = 0
        now = time.monotonic()
        while self._parked:
            parked = self._parked[0]
            count += len(parked.entries)
            names += parked.topics
            if taken and (count > self._settings.commit_items or names > self._settings.commit_topics):
                break
            self._parked.popleft()
            self._waiting -= len(parked.entries)
            self._waiting_bytes -= parked.bytes
            if parked.withdrawn:
                continue
            if parked.deadline < now:
                self._metrics.refused(len(parked.entries))
                parked.settle(Unavailable("Redis is too slow"))
                continue
            taken.append(parked)
        return taken

    async def _commit(self, taken: list[_Parked]) -> None:
        entries = [entry for parked in taken for entry in parked.entries]
        if not entries:
            return
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.append_timeout_s):
                appended = await self._store(entries)
        except (RedisError, OSError, TimeoutError) as error:
            self._metrics.failed(len(entries))
            for parked in taken:
                parked.settle(Unavailable(f"Redis did not acknowledge ({reason_of(error)}); retry with the same id"))
            return
        except asyncio.CancelledError:
            for parked in taken:
                parked.settle(Unavailable("the service is stopping"))
            raise
        duplicates = sum(one.duplicate for one in appended)
        self._metrics.committed(len(entries) - duplicates, duplicates, time.perf_counter() - started)
        # The next commit goes first: Redis stores it while those of this one are answered.
        asyncio.get_running_loop().call_soon(_tell, taken, appended)

    async def _store(self, entries: Sequence[Entry]) -> list[Appended]:
        """Send the commit; entries that Redis knows by their id are left out and it is sent again."""
        pending = list(range(len(entries)))
        done: dict[int, Appended] = {}
        while pending:
            commit = Commit([entries[number] for number in pending], self._settings, self._upkeep.asked())
            keys, args = commit.arguments(fresh_epoch())
            try:
                reply: Sequence[Any] = await self._script(keys, args)
            except ResponseError as error:
                if FULL not in str(error):
                    raise
                streams, retentions = commit.retentions()
                if not await self._trim_script(keys=streams, args=retentions):
                    raise
                reply = await self._script(keys, args)
            known = commit.known(reply)
            if known is None:
                if commit.found_nothing(reply):
                    self._upkeep.forget()
                else:
                    self._upkeep.done(commit.upkept)
                done.update(zip(pending, commit.positions(reply), strict=True))
                break
            done.update((pending[number], Appended(position, True)) for number, position in known.items())
            pending = [number for number in pending if number not in done]
        return [done[number] for number in range(len(entries))]


def _tell(taken: Sequence[_Parked], appended: list[Appended]) -> None:
    start = 0
    for parked in taken:
        end = start + len(parked.entries)
        parked.settle(appended[start:end])
        start = end
