"""Group commit: everything a process appends goes through one writer task.

Callers park their entries; the task takes what is there, sends it as one script call, and wakes each
caller once Redis has acknowledged. Under light load that is one round trip; under heavy load the
commits grow. Promises: what `append` returned is stored; the entries of one call are stored together
or not at all; calls are stored in the order they were made. A commit is sent once: when its answer is
lost, callers get Unavailable and may retry (with ids, or as a request that is done once, nothing is stored twice).
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

from redis.exceptions import RedisError, ResponseError

from services import logs
from services.batch import fresh_epoch
from services.commit import Appended, Commit, Entry, Request, Upkeep, topic_count
from services.errors import Conflict, Overloaded, Reused, Unavailable, WindsockError
from services.once import Once, remembered
from services.redis import Client, reason_of
from services.script import Script
from services.settings import StreamSettings
from services.trimming import Trimming

log = logs.get("writer")


class WriterMetrics(Protocol):
    """What a writer reports; see `services.metrics`."""

    def committed(self, entries: int, duplicates: int, seconds: float) -> None: ...
    def failed(self, entries: int) -> None: ...
    def refused(self, entries: int) -> None: ...


Settle = Callable[[list[Appended] | WindsockError], None]
"""Told, once, where the entries of a call went, or why they are, or may be, not stored. Must not raise."""


@dataclass(slots=True)
class _Parked:
    entries: Sequence[Entry]
    topics: int
    bytes: int
    settle: Settle
    deadline: float
    once: Once | None
    withdrawn: bool = False

    def tell(self, outcome: list[Appended] | WindsockError) -> None:
        """Settle it; a bug there must not keep the others from being told."""
        try:
            self.settle(outcome)
        except Exception:
            log.exception("who was to be told of a commit failed")


class Writer:
    """Appends entries to their topics. `run` must be running for `append` to return."""

    def __init__(self, redis: Client, settings: StreamSettings, metrics: WriterMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._script = Script(redis, files("services").joinpath("lua/append.lua").read_text())
        self._trimming = Trimming(redis)
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

    async def append(self, entries: Sequence[Entry], once: Once | None = None) -> list[Appended]:
        """Store `entries` together; returns where each went, in order. With `once`, what was returned the first time.

        Raises TooLarge if they go to more topics than one commit takes, Overloaded when the buffer is full,
        Unavailable when Redis does not acknowledge in time, and what `remembered` raises.
        """
        if not entries:
            return []
        stored: asyncio.Future[list[Appended]] = asyncio.get_running_loop().create_future()

        def settle(outcome: list[Appended] | WindsockError) -> None:
            if stored.done():
                return
            if isinstance(outcome, list):
                stored.set_result(outcome)
            else:
                stored.set_exception(outcome)

        parked = self._park(entries, settle, once)
        try:
            return await stored
        except asyncio.CancelledError:
            parked.withdrawn = True
            raise

    def submit(self, entries: Sequence[Entry], settle: Settle, once: Once | None = None) -> None:
        """The same without a task that waits: `settle` is called once it is known. Raises TooLarge and Overloaded."""
        if entries:
            self._park(entries, settle, once)
        else:
            settle([])

    def _park(self, entries: Sequence[Entry], settle: Settle, once: Once | None) -> _Parked:
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
        count = topic_count(len(names), len(metrics), self._settings.commit_topics)
        if self._waiting and (
            self._waiting + len(entries) > self._settings.append_buffer_items
            or self._waiting_bytes + size > self._settings.append_buffer_bytes
        ):
            self._metrics.refused(len(entries))
            raise Overloaded(f"{self._waiting} readings wait for Redis already")
        parked = _Parked(entries, count, size, settle, time.monotonic() + self._settings.append_timeout_s, once)
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
                self._parked.popleft().tell(Unavailable("the service is stopping"))
            self._waiting = self._waiting_bytes = 0
            await self._script.close()

    def _take(self) -> list[_Parked]:
        taken: list[_Parked] = []
        requests: set[str] = set()
        count = names = 0
        now = time.monotonic()
        while self._parked:
            parked = self._parked[0]
            count += len(parked.entries)
            names += parked.topics
            if taken and (count > self._settings.commit_items or names > self._settings.commit_topics):
                break
            if parked.once is not None:
                if parked.once.key in requests:
                    break  # the first must be stored before it can be told from the second
                requests.add(parked.once.key)
            self._parked.popleft()
            self._waiting -= len(parked.entries)
            self._waiting_bytes -= parked.bytes
            if parked.withdrawn:
                continue
            if parked.deadline < now:
                self._metrics.refused(len(parked.entries))
                parked.tell(Unavailable("Redis is too slow"))
                continue
            taken.append(parked)
        return taken

    async def _commit(self, taken: list[_Parked]) -> None:
        if not taken:
            return
        count = sum(len(parked.entries) for parked in taken)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.append_timeout_s):
                outcomes = await self._store(taken)
        except (RedisError, OSError, TimeoutError) as error:
            self._metrics.failed(count)
            for parked in taken:
                parked.tell(Unavailable(f"Redis did not acknowledge ({reason_of(error)}); retry with the same id"))
            return
        except BaseException:
            # Cancelled, or a bug: nobody waits for ever.
            for parked in taken:
                parked.tell(Unavailable("the service is stopping"))
            raise
        self._metrics.committed(outcomes.stored, outcomes.known, time.perf_counter() - started)
        # The next commit goes first: Redis stores it while those of this one are answered.
        asyncio.get_running_loop().call_soon(_tell, taken, outcomes)

    async def _store(self, taken: list[_Parked]) -> _Outcomes:
        """Send the commit; what Redis knows by an id, or as a request, is left out and it is sent again."""
        entries = [entry for parked in taken for entry in parked.entries]
        waiting = _requests(taken)
        pending = list(range(len(entries)))
        done: dict[int, Appended] = {}
        refused: dict[int, WindsockError] = {}
        while True:
            commit = Commit(
                [entries[number] for number in pending],
                self._settings,
                self._upkeep.asked(),
                [_request(once, numbers, pending, done) for once, numbers in waiting],
            )
            reply = await self._ask(commit)
            known = commit.known(reply)
            if known is None:
                break
            done.update((pending[number], Appended(position, True)) for number, position in known.positions.items())
            for number, text in known.requests.items():
                once, numbers = waiting[number]
                try:
                    first = remembered(once, text, len(numbers))
                except (Reused, Conflict) as error:
                    refused[numbers.start] = error
                    first = [_NOWHERE] * len(numbers)
                done.update(zip(numbers, first, strict=True))
            waiting = [one for number, one in enumerate(waiting) if number not in known.requests]
            pending = [number for number in pending if number not in done]
            if not pending and not waiting:
                return _Outcomes([done[number] for number in range(len(entries))], refused, 0)
        if commit.found_nothing(reply):
            self._upkeep.forget()
        else:
            self._upkeep.done(commit.upkept)
        appended = commit.positions(reply)
        stored = len(appended) - sum(one.duplicate for one in appended)
        if done:
            done.update(zip(pending, appended, strict=True))
            appended = [done[number] for number in range(len(entries))]
        return _Outcomes(appended, refused, stored)

    async def _ask(self, commit: Commit) -> Sequence[Any]:
        """The script's reply; a Redis that is full is trimmed first."""
        keys, args = commit.arguments(fresh_epoch())
        try:
            return await self._script(keys, args)  # type: ignore[no-any-return]
        except ResponseError as error:
            if not await self._trimming.made_room(error, commit):
                raise
            return await self._script(keys, args)  # type: ignore[no-any-return]


_NOWHERE = Appended("")
"""Stands for where the entries of a refused request went."""


@dataclass(slots=True)
class _Outcomes:
    """Where each entry of a commit went; why, for calls (by their first entry) that were refused; how many are new."""

    appended: list[Appended]
    refused: dict[int, WindsockError]
    stored: int

    @property
    def known(self) -> int:
        """Entries that were stored before."""
        nowhere = sum(one is _NOWHERE for one in self.appended) if self.refused else 0
        return len(self.appended) - self.stored - nowhere


def _tell(taken: Sequence[_Parked], outcomes: _Outcomes) -> None:
    start = 0
    for parked in taken:
        end = start + len(parked.entries)
        parked.tell(outcomes.refused.get(start) or outcomes.appended[start:end])
        start = end


def _requests(taken: list[_Parked]) -> list[tuple[Once, range]]:
    """The calls that are done once, with the numbers of their entries."""
    found: list[tuple[Once, range]] = []
    start = 0
    for parked in taken:
        end = start + len(parked.entries)
        if parked.once is not None:
            found.append((parked.once, range(start, end)))
        start = end
    return found


def _request(once: Once, numbers: range, pending: list[int], done: Mapping[int, Appended]) -> Request:
    """What a commit of the `pending` entries remembers of a request with these entries."""
    places = [done[number] if number in done else bisect_left(pending, number) for number in numbers]
    return Request(once.key, once.told_by, places)
