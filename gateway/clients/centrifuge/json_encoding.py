"""The protocol in JSON: one message per line. Pure."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import Command, MalformedError
from gateway.clients.centrifuge.replies import Json, Published, joined
from services.batch import Batch

_command = msgspec.json.Decoder(Command)


class JsonEncoding:
    """Text frames."""

    binary = False
    ping = b"{}"

    def decode(self, frame: bytes) -> list[Command]:
        """The commands of a frame; raises MalformedError."""
        lines = frame.split(b"\n")
        if len(lines) > 1 and not lines[-1]:
            lines.pop()
        try:
            return [_command.decode(line) for line in lines]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedError(str(error)) from None

    def reply(self, command_id: int, method: str, result: dict[str, Any]) -> bytes:
        """The answer to a command; an empty result stands there all the same."""
        return orjson.dumps({"id": command_id, method: result}, default=_shown)

    def refusal(self, command_id: int, error: Refusal) -> bytes:
        """The answer to a command that is refused."""
        return orjson.dumps({"id": command_id, "error": error.as_dict()})

    def pushes(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes for the publications of a batch; the same for all subscribers."""
        channel = orjson.dumps(topic)
        lines = []
        for offset, payload in enumerate(batch.payloads, batch.first):
            # The first offset tells the epoch to who subscribed before there was one.
            epoch = b',"epoch":"%s"' % batch.epoch.encode() if offset == 1 else b""
            lines.append(b'{"push":{"channel":%s,"pub":{"data":%s,"offset":%d%s}}}' % (channel, payload, offset, epoch))
        return joined(lines, b"\n")

    def unsubscribed(self, topic: str, code: int, reason: str) -> bytes:
        """Tells that the server ended a subscription."""
        return orjson.dumps({"push": {"channel": topic, "unsubscribe": {"code": code, "reason": reason}}})


def _shown(value: Any) -> Any:
    if isinstance(value, Json):
        return orjson.Fragment(value.text)
    if isinstance(value, Published):
        shown = {"data": orjson.Fragment(value.data), "offset": value.offset}
        return shown | {"epoch": value.epoch} if value.epoch else shown
    raise TypeError(type(value))
