"""What SDKs get, whatever the encoding. Pure. Members that are empty are left out, as the SDKs expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec
import orjson
from msgspec import Raw, Struct

from gateway.channels import Channel
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import NO_DATA, Command
from gateway.conflation import Kept
from gateway.retention import kept_at_least
from services.batch import Batch, Position
from services.commit import Entry

REPLY_BYTES = 524_288
"""Most data in one reply: SDKs refuse frames of 1 MiB and more."""
FRAME_BYTES = 65_536
"""Pushes are joined up to this size."""


class Json:
    """JSON text in a result, put there as it is."""

    __slots__ = ("text",)

    def __init__(self, text: bytes) -> None:
        self.text = text


class Published:
    """A publication in a result or a push; `epoch` only with the first offset, `info` of who published it."""

    __slots__ = ("data", "epoch", "info", "offset", "tags")

    def __init__(
        self, data: bytes, offset: int, epoch: str, info: ClientInfo | None = None, tags: dict[str, str] | None = None
    ) -> None:
        self.data = data
        self.offset = offset
        self.epoch = epoch
        self.info = info
        self.tags = tags

    @classmethod
    def of(cls, batch: Batch, offset: int, payload: bytes) -> Published:
        """The publication of a batch at an offset."""
        return cls(payload, offset, batch.epoch if offset == 1 else "")

    @classmethod
    def unwrapped(cls, batch: Batch, offset: int, payload: bytes) -> Published:
        """The publication in an envelope of a batch at an offset."""
        envelope = _unwrapped(payload)
        return cls(bytes(envelope.data), offset, batch.epoch if offset == 1 else "", envelope.info, envelope.tags)


class ClientInfo(Struct, frozen=True, omit_defaults=True):
    """Who a client is, as others are shown. The infos are JSON."""

    user: str
    client: str
    conn_info: Raw = NO_DATA
    chan_info: Raw = NO_DATA


class Envelope(Struct, frozen=True, omit_defaults=True):
    """How a publication of a namespace is stored: its data, who published it, and its tags."""

    data: Raw
    info: ClientInfo | None = None
    tags: dict[str, str] | None = None


def stored(entry: Entry, channel: Channel, info: ClientInfo | None = None, tags: dict[str, str] | None = None) -> Entry:
    """How `entry`, a publication of `channel` by whom `info` names, is stored: of a namespace in an envelope."""
    if channel.built_in:
        return entry
    envelope = msgspec.json.encode(Envelope(Raw(entry.payload), info, tags))
    return msgspec.structs.replace(entry, payload=envelope, retention=kept_at_least(channel.options))


_envelope = msgspec.json.Decoder(Envelope)
_info = msgspec.json.Decoder(ClientInfo)


def _unwrapped(payload: bytes) -> Envelope:
    try:
        return _envelope.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Envelope(Raw(payload))  # not ours, and no reason to stop the others


def shown_info(info: ClientInfo) -> bytes:
    """A client's info as JSON; `user` and `client` stand there also when they are empty."""
    shown: dict[str, Any] = {"user": info.user, "client": info.client}
    for name, text in (("conn_info", info.conn_info), ("chan_info", info.chan_info)):
        if bytes(text):
            shown[name] = orjson.Fragment(bytes(text))
    return orjson.dumps(shown)


def read_info(text: bytes) -> ClientInfo:
    """What `shown_info` wrote."""
    return _info.decode(text)


class Encoding(Protocol):
    """How commands are read and replies written; one for each kind of client."""

    @property
    def binary(self) -> bool:
        """Whether frames are binary."""

    @property
    def ping(self) -> bytes:
        """A ping."""

    def decode(self, frame: bytes) -> list[Command]:
        """The commands of a frame; raises MalformedError."""

    def reply(self, command_id: int, method: str, result: dict[str, Any]) -> bytes:
        """The answer to a command."""

    def refusal(self, command_id: int, error: Refusal) -> bytes:
        """The answer to a command that is refused."""

    def pushes(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes; of what is not kept (offset 0) without offsets."""

    def pushes_wrapped(self, topic: str, batch: Batch) -> list[bytes]:
        """Frames of pushes for publications in envelopes."""

    def pushes_unpositioned(self, topic: str, batch: Batch) -> list[bytes]:
        """The same without offsets."""

    def published(self, topic: str, found: Sequence[Published]) -> list[bytes]:
        """Frames of pushes for publications that are made for one client."""

    def presence(self, topic: str, kind: Literal["join", "leave"], info: ClientInfo) -> bytes:
        """Tells that a client came or went."""

    def unsubscribed(self, topic: str, code: int, reason: str) -> bytes:
        """Tells that the server ended a subscription."""

    def disconnected(self, code: int, reason: str) -> bytes:
        """Tells that the connection ends, where there is no frame that closes it."""

    def subscribed(self, topic: str, result: dict[str, Any]) -> bytes:
        """Tells that the server made a subscription."""

    def refreshed(self, result: dict[str, Any]) -> bytes:
        """Tells until when the connection holds."""

    def publication(self, topic: str, published: Published) -> bytes:
        """One publication as a push."""


def joined(messages: Sequence[bytes], separator: bytes) -> list[bytes]:
    """Messages as frames of at most `FRAME_BYTES`, unless one alone is longer."""
    frames: list[bytes] = []
    together: list[bytes] = []
    size = 0
    for message in messages:
        if together and size + len(message) > FRAME_BYTES:
            frames.append(separator.join(together))
            together, size = [], 0
        together.append(message)
        size += len(message) + len(separator)
    frames.append(separator.join(together))
    return frames


def publications(batches: Sequence[Batch], *, wrapped: bool = False) -> list[Published]:
    """Publications as a subscribe or history result lists them."""
    of = Published.unwrapped if wrapped else Published.of
    return [
        of(batch, offset, payload) for batch in batches for offset, payload in enumerate(batch.payloads, batch.first)
    ]


def kept(one: Kept, *, wrapped: bool, positioned: bool) -> Published:
    """A publication with its tag `conflated`, which tells how many were left out for it."""
    data, info, tags = one.payload, None, None
    if wrapped:
        envelope = _unwrapped(one.payload)
        data, info, tags = bytes(envelope.data), envelope.info, envelope.tags
    if one.conflated:
        tags = (tags or {}) | {"conflated": str(one.conflated)}
    return Published(data, one.offset if positioned else 0, one.epoch if positioned else "", info, tags)


def subscribed(
    top: Position, missed: list[Published] | None, *, since: int, recovering: bool, recoverable: bool
) -> dict[str, Any]:
    """The result of a positioned subscribe. `missed` is what came after `since`, None if that cannot be had.

    What was recovered moves the subscriber from `since` on; otherwise it begins at the top.
    """
    result: dict[str, Any] = {"positioned": True}
    if recoverable:
        result["recoverable"] = True
    if top.epoch:
        result["epoch"] = top.epoch
    if recovering:
        result["was_recovering"] = True
    if recovering and missed is not None:
        result["recovered"] = True
        if missed:
            result["publications"] = missed
        return result | ({"offset": since} if since else {})
    return result | ({"offset": top.offset} if top.offset else {})
