"""The protocol in Protobuf: messages one after the other, each behind its length (a varint). Pure.

The schema is protocol.proto. Data is JSON here too: bytes that the protocol does not look into.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from msgspec import Raw

from gateway.clients.centrifuge import commands as c
from gateway.clients.centrifuge import protocol_pb2 as pb
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import Command, MalformedError
from gateway.clients.centrifuge.replies import Json, Published, joined
from services.batch import Batch

LONGEST_VARINT = 10


class ProtobufEncoding:
    """Binary frames."""

    binary = True
    ping = b"\x00"

    def decode(self, frame: bytes) -> list[Command]:
        """The commands of a frame; raises MalformedError."""
        commands: list[Command] = []
        at = 0
        while at < len(frame):
            size, at = _varint(frame, at)
            if at + size > len(frame):
                raise MalformedError("the frame ends within a message")
            try:
                commands.append(_command(pb.Command.FromString(frame[at : at + size])))
            except DecodeError as error:
                raise MalformedError(str(error)) from None
            at += size
        if not commands:
            raise MalformedError("the frame is empty")
        return commands

    def reply(self, command_id: int, method: str, result: dict[str, Any]) -> bytes:
        """The answer to a command; an empty result is there all the same."""
        reply = pb.Reply(id=command_id)
        answer = getattr(reply, method)
        answer.SetInParent()
        for name, value in result.items():
            if name == "publications":
                answer.publications.extend(map(_publication, value))
            else:
                setattr(answer, name, value.text if isinstance(value, Json) else value)
        return _delimited(reply)

    def refusal(self, command_id: int, error: Refusal) -> bytes:
        """The answer to a command that is refused."""
        told = pb.Error(code=error.code, message=error.message, temporary=error.temporary)
        return _delimited(pb.Reply(id=command_id, error=told))

    def pushes(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes for the publications of a batch; the same for all subscribers."""
        return joined(
            [
                _delimited(
                    pb.Reply(push=pb.Push(channel=topic, pub=_publication(Published.of(batch, offset, payload))))
                )
                for offset, payload in enumerate(batch.payloads, batch.first)
            ],
            b"",
        )

    def unsubscribed(self, topic: str, code: int, reason: str) -> bytes:
        """Tells that the server ended a subscription."""
        told = pb.Unsubscribe(code=code, reason=reason)
        return _delimited(pb.Reply(push=pb.Push(channel=topic, unsubscribe=told)))


def _filter(node: pb.Filter) -> c.FilterNode:
    return c.FilterNode(node.op, node.key, node.cmp, node.val, list(node.vals), [_filter(one) for one in node.nodes])


def _publication(published: Published) -> pb.Publication:
    return pb.Publication(data=published.data, offset=published.offset, epoch=published.epoch)


def _delimited(reply: pb.Reply) -> bytes:
    message = reply.SerializeToString()
    size, prefix = len(message), bytearray()
    while size > 127:
        prefix.append(size & 127 | 128)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + message


def _varint(frame: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    number = shift = 0
    for byte in frame[at : at + LONGEST_VARINT]:
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
    raise MalformedError("a message has no length")


_REQUESTS: dict[str, Callable[[Any], Any]] = {
    "connect": lambda r: c.ConnectRequest(r.token, Raw(r.data), r.name, r.version),
    "subscribe": lambda r: c.SubscribeRequest(
        channel=r.channel,
        token=r.token,
        recover=r.recover,
        epoch=r.epoch,
        offset=r.offset,
        data=Raw(r.data),
        delta=r.delta,
        tf=_filter(r.tf) if r.HasField("tf") else None,
        flag=r.flag,
        type=r.type,
    ),
    "unsubscribe": lambda r: c.ChannelRequest(r.channel),
    "publish": lambda r: c.PublishRequest(r.channel, Raw(r.data)),
    "presence": lambda r: c.ChannelRequest(r.channel),
    "presence_stats": lambda r: c.ChannelRequest(r.channel),
    "history": lambda r: c.HistoryRequest(
        r.channel, r.limit, c.Since(r.since.offset, r.since.epoch) if r.HasField("since") else None, r.reverse
    ),
    "ping": lambda r: c.Empty(),
    "send": lambda r: c.Empty(),
    "rpc": lambda r: c.RpcRequest(r.method, Raw(r.data)),
    "refresh": lambda r: c.TokenRequest(),
    "sub_refresh": lambda r: c.TokenRequest(r.channel),
}


def _command(message: pb.Command) -> Command:
    present = {name: take(getattr(message, name)) for name, take in _REQUESTS.items() if message.HasField(name)}
    return Command(id=message.id, **present)
