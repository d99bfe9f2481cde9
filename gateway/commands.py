"""Commands that clients send to devices: published, awaited, and their outcome told truly.

The answer is told on the gateway's own channel and read from Redis. When the time is up the command is taken back
in the same step that reads what the device said: who is told 'not delivered' can rely on it that the device, unless
it had the command already and had not said so, will not get it any more. A client that leaves before the end takes
nothing back: its command is good until it expires.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import orjson
from msgspec import Meta, Raw, Struct
from prometheus_client import CollectorRegistry, Counter, Gauge

from gateway.mesh import Mesh
from services import json_text, topics
from services.access import Permits
from services.commands import MESSAGE, Command, Commands, Outcome
from services.errors import BadRequest, DeviceFailed, Forbidden, MalformedBody, NoAnswer, Overloaded, Unavailable
from services.settings import GatewaySettings
from services.writer import Writer

DEFAULT_S = 4.0
"""SDKs give a call up after five seconds, unless told otherwise, and would not hear what became of it."""
NO_ARGS = Raw(b"null")


class CommandRequest(Struct, forbid_unknown_fields=True):
    """What a client asks: a device to do `name` with `args` within `timeout` seconds."""

    device: Annotated[str, Meta(pattern=topics.DEVICE_PATTERN)]
    name: Annotated[str, Meta(pattern=r"^[!-~]{1,64}\Z")]
    args: Raw = NO_ARGS
    timeout: Annotated[float, Meta(ge=0.1, le=60)] = DEFAULT_S


class Commander:
    """The gateway's side of the commands."""

    def __init__(
        self,
        mesh: Mesh,
        writer: Writer,
        commands: Commands,
        settings: GatewaySettings,
        registry: CollectorRegistry,
    ) -> None:
        self._channel = mesh.channel
        self._writer = writer
        self._commands = commands
        self._most = settings.commands
        self._most_per_device = settings.commands_per_device
        self._awaited: dict[str, asyncio.Event] = {}
        """Command → set when there may be news of it."""
        self._sent = Counter("windsock_commands_sent", "Commands handed to Redis for a device", registry=registry)
        self._results = Counter("windsock_commands", "Commands by what became of them", ["result"], registry=registry)
        awaited = Gauge("windsock_commands_awaited", "Commands whose answers are awaited", registry=registry)
        awaited.set_function(lambda: len(self._awaited))
        mesh.on(MESSAGE, self._told)
        mesh.on_heard(self._look_again)

    async def call(self, asked: CommandRequest, permits: Permits) -> dict[str, Any]:
        """Send a command and return its device's answer.

        Raises DeviceFailed with the device's words, NoAnswer once the time is up, Forbidden, BadRequest for
        arguments that are no JSON, Overloaded, and Unavailable if it could not be sent.
        """
        deadline = asyncio.get_running_loop().time() + asked.timeout
        if not permits(topics.COMMAND + asked.device):
            raise Forbidden(f"you may not command {asked.device!r}")
        args = bytes(asked.args)
        try:
            json_text.parsed(args)
        except MalformedBody as error:
            raise BadRequest("args", str(error)) from None
        command = Command.new(asked.device, asked.name, args, time.time_ns() // 1_000_000, asked.timeout)
        with self._awaiting(command.id) as news:
            await self._send(command, asked.timeout)
            try:
                outcome = await self._answered(command, news, deadline)
            except TimeoutError:
                outcome = await self._at_the_end(command, asked.timeout)
        return self._result(command, outcome, asked.timeout)

    @contextmanager
    def _awaiting(self, command: str) -> Iterator[asyncio.Event]:
        if len(self._awaited) >= self._most:
            raise Overloaded(f"{self._most} commands are awaited here already")
        news = self._awaited[command] = asyncio.Event()
        try:
            yield news
        finally:
            del self._awaited[command]

    async def _send(self, command: Command, within_s: float) -> None:
        """Let the device fetch it, then publish it, which wakes the device; what fails is taken back.

        In this order a device that wakes finds it, and one for which too much waits already gets no publication.
        """
        try:
            await self._commands.send(command, self._channel, within_s, self._most_per_device)
            await self._writer.append([command.entry()])
        except Unavailable:
            # It may be that only Redis' answer was lost.
            with suppress(Unavailable):
                await self._commands.withdraw(command.device, command.id)
            raise
        self._sent.inc()

    async def _answered(self, command: Command, news: asyncio.Event, deadline: float) -> Outcome:
        """The device's answer; raises TimeoutError."""
        async with asyncio.timeout_at(deadline):
            while True:
                await news.wait()
                news.clear()
                with suppress(Unavailable):  # there is news again as soon as Redis is heard again
                    outcome = await self._commands.outcome(command.device, command.id)
                    if outcome.final:
                        return outcome

    async def _at_the_end(self, command: Command, within_s: float) -> Outcome:
        try:
            return await self._commands.withdraw(command.device, command.id)
        except Unavailable as error:
            self._results.labels("unknown").inc()
            raise NoAnswer(f"no answer within {within_s:g} s; whether it was delivered is not known: {error}") from None

    def _result(self, command: Command, outcome: Outcome, within_s: float) -> dict[str, Any]:
        match outcome.said:
            case "done":
                self._results.labels("done").inc()
                return {"command": command.id, "delivered": True, "answer": orjson.Fragment(outcome.answer)}
            case "failed":
                self._results.labels("failed").inc()
                raise DeviceFailed(orjson.loads(outcome.answer))
            case "acknowledged":
                self._results.labels("unanswered").inc()
                raise NoAnswer(f"delivered, but no answer within {within_s:g} s")
            case None:
                self._results.labels("undelivered").inc()
                raise NoAnswer(f"not delivered: the device did not acknowledge within {within_s:g} s")

    def _told(self, body: Any) -> None:
        news = self._awaited.get(str(body.get("command"))) if isinstance(body, dict) else None
        if news is not None:
            news.set()

    def _look_again(self) -> None:
        for news in self._awaited.values():
            news.set()
