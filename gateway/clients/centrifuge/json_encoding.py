"""The protocol in JSON: one message per line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import orjson

from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import Command, MalformedError
from gateway.clients.centrifuge.replies import ClientInfo, Json, Published, joined, shown_info
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
        return orjson.dumps({"id": command_id, method: result}, default=shown)

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
            at = b',"offset":%d%s' % (offset, epoch) if offset else b""
            lines.append(b'{"push":{"channel":%s,"pub":{"data":%s%s}}}' % (channel, payload, at))
        return joined(lines, b"\n")

    def pushes_wrapped(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes for publications in envelopes."""
        channel = orjson.dumps(topic)
        lines = []
        for offset, payload in enumerate(batch.payloads, batch.first):
            epoch = b',"epoch":"%s"' % batch.epoch.encode() if offset == 1 else b""
            # An envelope is a JSON object that is not empty: its members are those of the publication.
            members = payload[1:-1]
            lines.append(b'{"push":{"channel":%s,"pub":{%s,"offset":%d%s}}}' % (channel, members, offset, epoch))
        return joined(lines, b"\n")

    def pushes_unpositioned(self, topic: str, batch: Batch) -> list[bytes]:
        """The same without offsets."""
        channel = orjson.dumps(topic)
        return joined([b'{"push":{"channel":%s,"pub":%s}}' % (channel, one) for one in batch.payloads], b"\n")

    def published(self, topic: str, found: Sequence[Published]) -> list[bytes]:
        """Frames of pushes for publications that are made for one client."""
        lines = [orjson.dumps({"push": {"channel": topic, "pub": one}}, default=shown) for one in found]
        return joined(lines, b"\n")

    def presence(self, topic: str, kind: Literal["join", "leave"], info: ClientInfo) -> bytes:
        """Tells that a client came or went."""
        return orjson.dumps({"push": {"channel": topic, kind: {"info": info}}}, default=shown)

    def unsubscribed(self, topic: str, code: int, reason: str) -> bytes:
        """Tells that the server ended a subscription."""
        return orjson.dumps({"push": {"channel": topic, "unsubscribe": {"code": code, "reason": reason}}})

    def subscribed(self, topic: str, result: dict[str, Any]) -> bytes:
        """Tells that the server made a subscription."""
        return orjson.dumps({"push": {"channel": topic, "subscribe": result}}, default=shown)

    def disconnected(self, code: int, reason: str) -> bytes:
        """Tells that the connection ends, where there is no frame that closes it."""
        return orjson.dumps({"push": {"disconnect": {"code": code, "reason": reason}}})

    def refreshed(self, result: dict[str, Any]) -> bytes:
        """Tells until when the connection holds."""
        return orjson.dumps({"push": {"refresh": result}})

    def publication(self, topic: str, published: Published) -> bytes:
        """One publication as a push."""
        return orjson.dumps({"push": {"channel": topic, "pub": published}}, default=shown)


class OneWayJsonEncoding(JsonEncoding):
    """What clients get that only listen: the result of their connect as a push; see `framing.bare`."""

    def reply(self, command_id: int, method: str, result: dict[str, Any]) -> bytes:
        return orjson.dumps({"push": {method: result}}, default=shown)


def shown(value: Any) -> Any:
    """The `default` of orjson for what results hold."""
    if isinstance(value, Json):
        return orjson.Fragment(value.text)
    if isinstance(value, Published):
        members = {"data": orjson.Fragment(value.data)}
        for name in ("offset", "epoch", "info", "tags"):
            if member := getattr(value, name):
                members[name] = member
        return members
    if isinstance(value, ClientInfo):
        return orjson.Fragment(shown_info(value))
    raise TypeError(type(value))
