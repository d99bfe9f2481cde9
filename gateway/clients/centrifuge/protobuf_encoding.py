"""The protocol in Protobuf: messages one after the other, each behind its length (a varint). Pure.

The schema is protocol.proto. Data is JSON here too: bytes that the protocol does not look into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from google.protobuf.message import DecodeError
from msgspec import Raw

from gateway.clients.centrifuge import commands as c
from gateway.clients.centrifuge import protocol_pb2 as pb
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import Command, MalformedError
from gateway.clients.centrifuge.replies import ClientInfo, Json, Published, joined, publications
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
        _fill(getattr(reply, method), result)
        return _delimited(reply)

    def refusal(self, command_id: int, error: Refusal) -> bytes:
        """The answer to a command that is refused."""
        told = pb.Error(code=error.code, message=error.message, temporary=error.temporary)
        return _delimited(pb.Reply(id=command_id, error=told))

    def pushes(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes for the publications of a batch; the same for all subscribers."""
        return joined([_push(topic, one) for one in publications([batch])], b"")

    def pushes_wrapped(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes for publications in envelopes."""
        return joined([_push(topic, one) for one in publications([batch], wrapped=True)], b"")

    def pushes_unpositioned(self, topic: str, batch: Batch) -> list[bytes]:
        """The same without offsets."""
        bare = [Published(one.data, 0, "", one.info, one.tags) for one in publications([batch], wrapped=True)]
        return joined([_push(topic, one) for one in bare], b"")

    def pushes_passing(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes for what a topic tells beside its publications, without offsets."""
        return joined([_push(topic, Published(one, 0, "")) for one in batch.payloads], b"")

    def published(self, topic: str, found: Sequence[Published]) -> list[bytes]:
        """Frames of pushes for publications that are made for one client."""
        return joined([_push(topic, one) for one in found], b"")

    def presence(self, topic: str, kind: Literal["join", "leave"], info: ClientInfo) -> bytes:
        """Tells that a client came or went."""
        push = pb.Push(channel=topic)
        getattr(push, kind).info.CopyFrom(_info(info))
        return _delimited(pb.Reply(push=push))

    def unsubscribed(self, topic: str, code: int, reason: str) -> bytes:
        """Tells that the server ended a subscription."""
        told = pb.Unsubscribe(code=code, reason=reason)
        return _delimited(pb.Reply(push=pb.Push(channel=topic, unsubscribe=told)))

    def disconnected(self, code: int, reason: str) -> bytes:
        """Tells that the connection ends, where there is no frame that closes it."""
        return _delimited(pb.Reply(push=pb.Push(disconnect=pb.Disconnect(code=code, reason=reason))))

    def subscribed(self, topic: str, result: dict[str, Any]) -> bytes:
        """Tells that the server made a subscription."""
        push = pb.Push(channel=topic)
        _fill(push.subscribe, result)
        return _delimited(pb.Reply(push=push))

    def refreshed(self, result: dict[str, Any]) -> bytes:
        """Tells until when the connection holds."""
        push = pb.Push()
        _fill(push.refresh, result)
        return _delimited(pb.Reply(push=push))

    def publication(self, topic: str, published: Published) -> bytes:
        """One publication as a push."""
        return _push(topic, published)


def _filter(node: pb.Filter) -> c.FilterNode:
    return c.FilterNode(node.op, node.key, node.cmp, node.val, list(node.vals), [_filter(one) for one in node.nodes])


def _fill(message: Any, values: Mapping[str, Any]) -> None:
    """Set a message's fields, also when there is none to set."""
    message.SetInParent()
    for name, value in values.items():
        if isinstance(value, list):
            getattr(message, name).extend(map(_publication, value))
        elif isinstance(value, dict):
            for key, one in value.items():
                entry = getattr(message, name)[key]
                entry.CopyFrom(_info(one)) if isinstance(one, ClientInfo) else _fill(entry, one)
        else:
            setattr(message, name, value.text if isinstance(value, Json) else value)


def _push(topic: str, published: Published) -> bytes:
    return _delimited(pb.Reply(push=pb.Push(channel=topic, pub=_publication(published))))


def _publication(published: Published) -> pb.Publication:
    info = _info(published.info) if published.info is not None else None
    return pb.Publication(
        data=published.data, offset=published.offset, epoch=published.epoch, info=info, tags=published.tags
    )


def _info(info: ClientInfo) -> pb.ClientInfo:
    return pb.ClientInfo(
        user=info.user, client=info.client, conn_info=bytes(info.conn_info), chan_info=bytes(info.chan_info)
    )


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


def _subscribe(r: pb.SubscribeRequest) -> c.SubscribeRequest:
    return c.SubscribeRequest(
        channel=r.channel,
        token=r.token,
        recover=r.recover,
        epoch=r.epoch,
        offset=r.offset,
        data=Raw(r.data),
        positioned=r.positioned,
        recoverable=r.recoverable,
        join_leave=r.join_leave,
        delta=r.delta,
        tf=_filter(r.tf) if r.HasField("tf") else None,
        flag=r.flag,
        type=r.type,
    )


_REQUESTS: dict[str, Callable[[Any], Any]] = {
    "connect": lambda r: c.ConnectRequest(
        r.token, Raw(r.data), {name: _subscribe(one) for name, one in r.subs.items()}, r.name, r.version
    ),
    "subscribe": _subscribe,
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
    "refresh": lambda r: c.TokenRequest(token=r.token),
    "sub_refresh": lambda r: c.TokenRequest(r.channel, r.token),
}


def _command(message: pb.Command) -> Command:
    present = {name: take(getattr(message, name)) for name, take in _REQUESTS.items() if message.HasField(name)}
    return Command(id=message.id, **present)
