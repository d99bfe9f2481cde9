"""Keeps a site's devices in touch with a Windsock: tells their past, then what they measure, and brings them commands.

Promises: what was posted and not answered is posted again with the same ids, without limit, and later readings wait for
it; no more than a request's readings are held. While the Windsock is away time goes on: once it is back what was
measured meanwhile follows, up to CATCH_UP_MS of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import stamina

from services.cli import posting
from services.cli.demo.device import Device, NotPossibleError, Reading
from services.cli.demo.link import Link
from services.cli.demo.sites import Site
from services.cli.demo.sky import DAY_MS, MINUTE_MS
from services.cli.posting import WAIT_MAX_S, AwayError, RefusedError
from services.errors import StartError

REQUEST_READINGS = 500
CATCH_UP_MS = 10 * MINUTE_MS
PAST_MS = DAY_MS
SURELY_KNOWN_MS = 50 * MINUTE_MS
"""For so long ids are remembered (WINDSOCK_DEDUPE_S), with some time to spare."""

T = TypeVar("T")


class Hub:
    """`now_ms` is the wall clock; `say` tells the person at the terminal one line."""

    def __init__(
        self,
        site: Site,
        link: Link,
        now_ms: Callable[[], int],
        say: Callable[[str], None],
        *,
        wait_initial_s: float = 0.2,
    ) -> None:
        self._site = site
        self._link = link
        self._now_ms = now_ms
        self._say = say
        self._wait_initial_s = wait_initial_s
        self._away = False

    async def run(self, *, past: bool) -> None:
        """Post until cancelled, or until the Windsock refuses the site, which is told. Raises StartError if it wants
        a key.
        """
        try:
            began_ms = self._now_ms()
            if past:
                await self._tell_past(began_ms)
            await self._tell_present(began_ms)
        except RefusedError as error:
            _raise_if_key(error)
            self._say(f"{self._site.name}: its readings are refused, so it stops: {error}")

    async def obey(self, device: Device) -> None:
        """Carry the commands for `device` out until cancelled, or until it may not have them."""
        try:
            while True:
                for command in await self._patiently(lambda: self._link.commands(device.name)):
                    await self._obey_one(device, command)
        except RefusedError as error:
            _raise_if_key(error)
            self._say(f"{device.name}: it gets no commands: {error}")

    async def _tell_past(self, until_ms: int) -> None:
        newest = await self._patiently(lambda: self._link.newest(self._site.devices))
        span_ms = PAST_MS if newest is not None else SURELY_KNOWN_MS
        if newest is None:
            self._say(
                "what is stored already cannot be seen (does it need a --token?); "
                "only the last hour of the past is posted"
            )

        def told() -> Iterator[Reading]:
            for device in self._site.devices:
                known_ms = (newest or {}).get(device.name, 0) - device.clock_ahead_ms
                yield from device.past(max(known_ms, until_ms - span_ms), until_ms)

        for piece in _pieces(told()):
            await self._deliver(piece)

    async def _tell_present(self, after_ms: int) -> None:
        while True:
            until_ms = self._now_ms()
            if until_ms - after_ms > CATCH_UP_MS:
                self._say(f"{self._site.name}: what is older than {CATCH_UP_MS // MINUTE_MS} minutes is left out")
                after_ms = until_ms - CATCH_UP_MS
            due = (reading for device in self._site.devices for reading in device.due(after_ms, until_ms))
            for piece in _pieces(due):
                await self._deliver(piece)
            after_ms = max(after_ms, until_ms)
            await asyncio.sleep(self._site.pause_s)

    async def _deliver(self, readings: Sequence[Reading]) -> None:
        try:
            await self._patiently(lambda: self._link.post(readings))
        except RefusedError as error:
            if not error.too_large or len(readings) == 1:
                raise
            half = len(readings) // 2
            await self._deliver(readings[:half])
            await self._deliver(readings[half:])

    async def _obey_one(self, device: Device, command: dict[str, Any]) -> None:
        command_id = str(command.get("id"))
        if not await self._patiently(lambda: self._link.say(device.name, command_id, {"status": "acknowledged"})):
            return
        said: dict[str, Any]
        try:
            answer = device.carry_out(str(command.get("name")), command.get("args"), self._now_ms())
            said = {"status": "done", "answer": answer}
        except NotPossibleError as error:
            said = {"status": "failed", "error": str(error)}
        await self._patiently(lambda: self._link.say(device.name, command_id, said))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer to `ask`, asked again while the Windsock is away or busy."""
        async for attempt in stamina.retry_context(
            on=self._wait_for,
            attempts=None,
            timeout=None,
            wait_initial=self._wait_initial_s,
            wait_max=WAIT_MAX_S,
            wait_jitter=self._wait_initial_s,
        ):
            with attempt:
                answer = await ask()
                self._away = False
                return answer
        raise AssertionError("the loop above ends by returning or raising")

    def _wait_for(self, error: Exception) -> bool | float:
        if not isinstance(error, AwayError):
            return False
        if not self._away:
            reason = str(error).removesuffix("; does Windsock run there?")
            self._say(f"{reason}; trying again until it works")
        self._away = True
        return posting.wait_after(error)


def _pieces(readings: Iterable[Reading]) -> Iterator[list[Reading]]:
    rest = iter(readings)
    while piece := list(islice(rest, REQUEST_READINGS)):
        yield piece


def _raise_if_key(error: RefusedError) -> None:
    if error.answered == 401:
        raise StartError(
            f"devices need a key here, and {error}; give a good one with --key (`windsock keys create demo` makes one)"
        ) from None
