"""Commands to devices as gateways and ingest share them in Redis: sent, fetched, acknowledged, answered.

A command is a publication on `command:<device>`. Beside it there is what waits for the device (a sorted set), and
for each command a hash with its text, who waits for the answer (a channel) and what the device said. Promises:

- A device gets a command until it acknowledges it, it expires, or its sender takes it back; never afterwards.
- Only the first answer counts; the same once more is taken for a repetition.
- Whoever waits is told on its channel that there is an answer, and reads it here: a message that pub/sub lost
  costs time, not the answer.

Redis' clock alone decides what has expired.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

import orjson

from services import topics
from services.commit import Entry
from services.errors import Conflict, NotFound, Overloaded
from services.redis import Client, answered, text

MESSAGE = "command"
"""Kind of the message that tells a gateway of an answer (`gateway.mesh`)."""
KEPT_MS = 60_000
"""For so long after a command expired, or was answered, it is known what the device said."""
RETENTION = (300, 100)
"""Seconds and publications that the topic of a device's commands keeps."""
MOST = 100
"""Most commands that any setting lets wait for one device."""

Said = Literal["acknowledged", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Command:
    """A command on its way. `args` is JSON, `ts` and `expires` are Unix milliseconds by its sender's clock."""

    device: str
    id: str
    name: str
    args: bytes
    ts: int
    expires: int

    @classmethod
    def new(cls, device: str, name: str, args: bytes, now_ms: int, within_s: float) -> Command:
        """One that is good for `within_s` seconds."""
        return cls(device, str(uuid.uuid4()), name, args, now_ms, now_ms + round(within_s * 1000))

    @property
    def topic(self) -> str:
        """Where it is published."""
        return topics.COMMAND + self.device

    def text(self) -> bytes:
        """What the device gets: one line of JSON."""
        # Between JSON's tokens a line end is a space; inside a string there is none.
        args = orjson.Fragment(self.args.replace(b"\n", b" ").replace(b"\r", b" "))
        shown = {"id": self.id, "name": self.name, "args": args, "ts": self.ts, "expires": self.expires}
        return bytes(memoryview(orjson.dumps(shown)))

    def entry(self) -> Entry:
        """Its publication."""
        return Entry(self.topic, self.text(), retention=RETENTION)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a device said so far, if anything: of `done` the `answer`, of `failed` the reason, both JSON."""

    said: Said | None
    answer: bytes = b""

    @property
    def final(self) -> bool:
        """Whether nothing else will come."""
        return self.said in ("done", "failed")


def waiting_key(device: str) -> str:
    """Sorted set: id of a command that was not acknowledged → Unix milliseconds until which it waits."""
    return f"windsock:{{{topics.COMMAND}{device}}}:waiting"


def command_key(device: str, command: str) -> str:
    """Hash of one command: text, order, until, reply, status, answer."""
    return f"windsock:{{{topics.COMMAND}{device}}}:command:{command}"


class Commands:
    """Both sides' view of the commands. Redis failures are raised as Unavailable."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        lua = files("services").joinpath("lua")
        self._send, self._pending, self._answer, self._withdraw = (
            redis.register_script(lua.joinpath(f"command_{name}.lua").read_text())
            for name in ("send", "pending", "answer", "withdraw")
        )

    async def send(self, command: Command, reply: str, within_s: float, most: int) -> None:
        """Let the device fetch it for `within_s` seconds; its answer is told on the channel `reply`.

        Its publication, which wakes the device, is for the caller to append next. Raises Overloaded if `most`
        commands wait for the device already.
        """
        args: list[Any] = [command.id, command.text(), reply, round(within_s * 1000), KEPT_MS, most]
        async with answered():
            sent = await self._send(keys=_keys(command.device, command.id), args=args)
        if not sent:
            raise Overloaded(f"{most} commands wait for {command.device!r} already")

    async def pending(self, device: str) -> list[bytes]:
        """Texts of the commands that the device has not acknowledged, oldest first."""
        async with answered():
            ids: Any = await self._pending(keys=[waiting_key(device)], args=[MOST])
            pipeline = self._redis.pipeline(transaction=False)
            for command in ids:
                pipeline.hmget(command_key(device, text(command)), ["order", "status", "text"])
            found = await pipeline.execute() if ids else []
        # Between the two reads one may have been acknowledged or taken back.
        open_ones = sorted((int(order), sent) for order, status, sent in found if order and not status)
        return [sent for _, sent in open_ones]

    async def take(self, device: str, command: str, said: Said, answer: bytes = b"") -> None:
        """Take what a device says about a command: that it has it, or its answer (JSON).

        Raises NotFound for a command that the device has not, or no longer, and Conflict after another answer.
        """
        message = orjson.dumps({"kind": MESSAGE, "body": {"command": command}})
        async with answered():
            verdict = await self._answer(keys=_keys(device, command), args=[command, said, answer, KEPT_MS, message])
        if verdict == b"unknown":
            raise NotFound(f"{device!r} has no such command, or it has expired")
        if verdict == b"answered":
            raise Conflict("the command was answered already, with something else")

    async def outcome(self, device: str, command: str) -> Outcome:
        """What the device said so far."""
        async with answered():
            found: Any = await self._redis.hmget(command_key(device, command), ["status", "answer"])
        return _outcome(found)

    async def withdraw(self, device: str, command: str) -> Outcome:
        """What the device said; if that is no answer, it neither gets the command nor can it answer any more."""
        async with answered():
            found: Any = await self._withdraw(keys=_keys(device, command), args=[command])
        return _outcome(found)


def _keys(device: str, command: str) -> list[str]:
    return [waiting_key(device), command_key(device, command)]


def _outcome(found: list[bytes | None]) -> Outcome:
    said, answer = found
    return Outcome(text(said) if said else None, answer or b"")  # type: ignore[arg-type]  # only what `take` stored
