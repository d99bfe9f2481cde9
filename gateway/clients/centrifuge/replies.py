"""What SDKs get, whatever the encoding. Pure. Members that are empty are left out, as the SDKs expect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import Command
from services.batch import Batch, Position

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
    """A publication in a result or a push; `epoch` only with the first offset."""

    __slots__ = ("data", "epoch", "offset")

    def __init__(self, data: bytes, offset: int, epoch: str) -> None:
        self.data = data
        self.offset = offset
        self.epoch = epoch

    @classmethod
    def of(cls, batch: Batch, offset: int, payload: bytes) -> Published:
        """The publication of a batch at an offset."""
        return cls(payload, offset, batch.epoch if offset == 1 else "")


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
        """Frames of pushes."""

    def unsubscribed(self, topic: str, code: int, reason: str) -> bytes:
        """Tells that the server ended a subscription."""


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


def publications(batches: Sequence[Batch]) -> list[Published]:
    """Publications as a subscribe or history result lists them."""
    return [
        Published.of(batch, offset, payload)
        for batch in batches
        for offset, payload in enumerate(batch.payloads, batch.first)
    ]


def subscribed(top: Position, missed: list[Batch] | None, *, since: int, recovering: bool) -> dict[str, Any]:
    """The result of a subscribe. `missed` is what came after `since`, None if that cannot be had.

    What was recovered moves the subscriber from `since` on; otherwise it begins at the top.
    """
    result: dict[str, Any] = {"recoverable": True, "positioned": True}
    if top.epoch:
        result["epoch"] = top.epoch
    if recovering:
        result["was_recovering"] = True
    if recovering and missed is not None:
        result["recovered"] = True
        if missed:
            result["publications"] = publications(missed)
        return result | ({"offset": since} if since else {})
    return result | ({"offset": top.offset} if top.offset else {})
