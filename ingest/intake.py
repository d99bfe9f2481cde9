"""What all ways to post have in common: from a request, or readings that came otherwise, to what is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from hashlib import blake2b

import msgspec
from prometheus_client import CollectorRegistry, Counter

from ingest import bodies
from ingest.formats.format import Format
from ingest.idempotency import once_of
from ingest.senders import Sender, Senders
from services.commit import Appended, Entry, entry_of
from services.errors import FaultyInput, InvalidReadings, WindsockError
from services.lane import Answer, Appender, Post, Work
from services.once import Once
from services.reading import Decoded, Limits, Reading, SlowError
from services.settings import IngestSettings

Form = Format | Callable[[Sender], Format]
"""How a request is read: always the same, or as it depends on who sent it."""
Reply = Callable[[Decoded, Sequence[Appended]], Answer]
"""How a request is answered whose readings are stored."""

QUICK_BYTES = 4_096
"""What is larger is decoded in a thread, unless compiled code does it: in Python it can take a second, during which
nobody else would be answered. A thread lets the others in every 5 ms."""
THREADS = 2
AT_ONCE = 100
"""Readings that are made ready to be stored before others have their turn."""


class Intake:
    """Decides about readings and counts them."""

    def __init__(
        self,
        writer: Appender,
        settings: IngestSettings,
        senders: Senders,
        *,
        group_topics: bool,
        registry: CollectorRegistry,
    ) -> None:
        self._writer = writer
        self._senders = senders
        self._group_topics = group_topics
        self._decompressed_bytes = settings.decompressed_bytes
        self._limits = Limits(settings.batch_readings, settings.reading_metrics, settings.ts_ahead_s)
        self._hasty = replace(self._limits, looks_again=False)
        self._aside = asyncio.Semaphore(THREADS)
        results = Counter(
            "windsock_ingest_readings", "Readings by what became of them", ["format", "result"], registry=registry
        )
        self._results = cache(results.labels)  # formats are few, and a look-up by labels is dear

    def take(
        self, post: Post, credentials: str | None, form: Form, reply: Reply, *, skip: bool = False
    ) -> Work | Awaitable[Work]:
        """The work of a request: at once if all is known here, else once Redis was asked.

        With `skip`, readings that are wrong, or not the sender's to send, are left out; otherwise one of them refuses
        all. A request with an Idempotency-Key is done once. Raises (now, or when awaited) what the format, the senders,
        `bodies.plain` and `once_of` raise, and InvalidReadings.
        """
        sender = self._senders.known(credentials, post.address)
        if sender is None:
            return self._identify(post, credentials, form, reply, skip=skip)
        return self._of(sender, post, form, reply, skip=skip)

    async def store(
        self, sender: Sender, decoded: Decoded, form: str, *, skip: bool = False, once: Once | None = None
    ) -> list[Appended]:
        """Store what came otherwise than as a request, with `once` once; where each reading that was taken went.

        What is left out, is left out of `decoded`. Raises what `take` raises, and what the writer raises.
        """
        entries = await self.admitted(sender, decoded, form, skip=skip)
        appended = await self._writer.append(entries, _with_left_out(once, decoded))
        self.stored(form, decoded, len(appended))
        return appended

    async def decoded(self, post: Post, form: Format) -> Decoded:
        """What a request holds. Raises what the format raises."""
        decoded = self._decode(post, form)
        return decoded if isinstance(decoded, Decoded) else await decoded

    async def admitted(self, sender: Sender, decoded: Decoded, form: str, *, skip: bool = False) -> list[Entry]:
        """What of it is to be stored; the rest is left out of it. Raises what `take` raises."""
        self._look_over(decoded, form, skip=skip)
        if not self._admits(sender, decoded, form):
            await self._admit(sender, decoded, form, skip=skip)
        return await self._entries_in_turns(decoded)

    def stored(self, form: str, decoded: Decoded, count: int) -> None:
        """Count its readings: so many are stored, the others were left out."""
        self._results(form, "stored").inc(count)
        if left_out := len(decoded.readings) - count:
            self._results(form, "refused").inc(left_out)

    async def _identify(self, post: Post, credentials: str | None, form: Form, reply: Reply, *, skip: bool) -> Work:
        sender = await self._senders.identified(credentials, post.address)
        work = self._of(sender, post, form, reply, skip=skip)
        return work if isinstance(work, Work) else await work

    def _of(self, sender: Sender, post: Post, form: Form, reply: Reply, *, skip: bool) -> Work | Awaitable[Work]:
        if b"content-encoding" in post.headers:
            body = bodies.plain(post.headers, post.body, self._decompressed_bytes)
            post = msgspec.structs.replace(post, body=body)
        if not isinstance(form, Format):
            form = form(sender)
        once = once_of(post, sender.name, form.name)
        decoded = self._decode(post, form)
        if isinstance(decoded, Decoded):
            return self._decided(sender, decoded, form.name, reply, once, skip=skip)
        return self._once_decoded(sender, decoded, form.name, reply, once, skip=skip)

    def _decode(self, post: Post, form: Format) -> Decoded | Awaitable[Decoded]:
        now_ms = time.time_ns() // 1_000_000
        if len(post.body) <= QUICK_BYTES:
            return form.decode(post, self._limits, now_ms)
        if form.typed:
            with suppress(SlowError):
                return form.decode(post, self._hasty, now_ms)
        return self._decode_aside(post, form, now_ms)

    async def _decode_aside(self, post: Post, form: Format, now_ms: int) -> Decoded:
        async with self._aside:
            return await asyncio.to_thread(form.decode, post, self._limits, now_ms)

    async def _once_decoded(
        self, sender: Sender, decoding: Awaitable[Decoded], form: str, reply: Reply, once: Once | None, *, skip: bool
    ) -> Work:
        work = self._decided(sender, await decoding, form, reply, once, skip=skip)
        return work if isinstance(work, Work) else await work

    def _decided(
        self, sender: Sender, decoded: Decoded, form: str, reply: Reply, once: Once | None, *, skip: bool
    ) -> Work | Awaitable[Work]:
        self._look_over(decoded, form, skip=skip)
        if self._admits(sender, decoded, form):
            if len(decoded.readings) <= AT_ONCE:
                return self._work(decoded, self._entries(decoded.readings), form, reply, once)
            return self._work_in_turns(decoded, form, reply, once)
        return self._once_admitted(sender, decoded, form, reply, once, skip=skip)

    async def _once_admitted(
        self, sender: Sender, decoded: Decoded, form: str, reply: Reply, once: Once | None, *, skip: bool
    ) -> Work:
        await self._admit(sender, decoded, form, skip=skip)
        return await self._work_in_turns(decoded, form, reply, once)

    async def _work_in_turns(self, decoded: Decoded, form: str, reply: Reply, once: Once | None) -> Work:
        return self._work(decoded, await self._entries_in_turns(decoded), form, reply, once)

    def _work(self, decoded: Decoded, entries: list[Entry], form: str, reply: Reply, once: Once | None) -> Work:
        def answer(appended: Sequence[Appended]) -> Answer:
            self.stored(form, decoded, len(appended))
            return reply(decoded, appended)

        return Work(entries, answer, _with_left_out(once, decoded))

    def _entries(self, readings: Sequence[Reading | None]) -> list[Entry]:
        group_topics = self._group_topics
        return [entry_of(one, group_topics=group_topics) for one in readings if one is not None]

    async def _entries_in_turns(self, decoded: Decoded) -> list[Entry]:
        entries = self._entries(decoded.readings[:AT_ONCE])
        for start in range(AT_ONCE, len(decoded.readings), AT_ONCE):
            await asyncio.sleep(0)
            entries += self._entries(decoded.readings[start : start + AT_ONCE])
        return entries

    def _admits(self, sender: Sender, decoded: Decoded, form: str) -> bool:
        try:
            return self._senders.admits(sender, decoded.readings)
        except WindsockError as error:
            raise self._refused(decoded, form, error) from None

    async def _admit(self, sender: Sender, decoded: Decoded, form: str, *, skip: bool) -> None:
        try:
            decoded.leave_out(await self._senders.admit(sender, decoded.readings, skip=skip))
        except WindsockError as error:
            raise self._refused(decoded, form, error) from None

    def _look_over(self, decoded: Decoded, form: str, *, skip: bool) -> None:
        """Raises InvalidReadings for wrong ones, with `skip` if there are no others."""
        if decoded.faults and not (skip and any(decoded.readings)):
            self._results(form, "refused").inc(len(decoded.readings))
            raise InvalidReadings.first_of(decoded.faults)

    def _refused(self, decoded: Decoded, form: str, error: WindsockError) -> WindsockError:
        """Count readings none of which is stored; the error names them as who sent them counts."""
        self._results(form, "refused").inc(len(decoded.readings))
        if not isinstance(error, FaultyInput):
            return error
        placed = [
            fault if fault.index is None else replace(fault, index=decoded.place(fault.index)) for fault in error.faults
        ]
        return type(error).first_of([*placed, *decoded.faults])


def _with_left_out(once: Once | None, decoded: Decoded) -> Once | None:
    if once is None or None not in decoded.readings:
        return once
    numbers = ",".join(str(number) for number, one in enumerate(decoded.readings) if one is None)
    return msgspec.structs.replace(once, left_out=blake2b(numbers.encode(), digest_size=8).hexdigest())
