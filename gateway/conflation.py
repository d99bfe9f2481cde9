"""What waits for one subscriber of a topic: of each device only the newest. Pure.

Promise: what is taken stands in the order in which it was offered, and everything that was offered is either
taken or counted in the publication that took its place. The key of a publication is its member `device`; those
that have none share one key, so that of them the newest wins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec import Struct

from services.batch import Batch

OVERHEAD_BYTES = 192
"""Most that a message has around a publication's data and its topic's name."""

Key: TypeAlias = str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A publication, and how many were left out in its favour."""

    offset: int
    payload: bytes
    conflated: int = 0
    epoch: str = ""
    """Only with the first offset, or with what took its place: it tells the epoch to who knows none."""


class Conflation:
    """What waits for a subscriber of `topic`."""

    def __init__(self, topic: str) -> None:
        self._overhead = len(topic) + OVERHEAD_BYTES
        self._kept: dict[Key, Kept] = {}
        self.bytes = 0
        """At least as many as the messages will have."""

    def __len__(self) -> int:
        return len(self._kept)

    def offer(self, batch: Batch, keys: Iterable[Key]) -> int:
        """Keep the publications of a batch, whose keys are given; returns how many were left out for them."""
        left_out = 0
        for offset, (payload, key) in enumerate(zip(batch.payloads, keys, strict=True), batch.first):
            conflated, epoch = 0, batch.epoch if offset == 1 else ""
            older = self._kept.pop(key, None)
            if older is not None:
                left_out += 1
                conflated, epoch = older.conflated + 1, epoch or older.epoch
                self.bytes -= self._size(older)
            newer = self._kept[key] = Kept(offset, payload, conflated, epoch)
            self.bytes += self._size(newer)
        return left_out

    def take(self) -> list[Kept]:
        """Everything, oldest first; nothing waits afterwards."""
        kept, self._kept, self.bytes = list(self._kept.values()), {}, 0
        return kept

    def _size(self, one: Kept) -> int:
        return len(one.payload) + self._overhead


class _Payload(Struct, gc=False):
    device: str


class _Envelope(Struct, gc=False):
    data: _Payload


_payload = msgspec.json.Decoder(_Payload)
_envelope = msgspec.json.Decoder(_Envelope)


def keys(batch: Batch) -> list[Key]:
    """The key of each publication."""
    return [_key(payload) for payload in batch.payloads]


def keys_in_envelopes(batch: Batch) -> list[Key]:
    """The same for publications of namespaces, which are stored in envelopes."""
    return [_key_in_envelope(payload) for payload in batch.payloads]


def _key(payload: bytes) -> Key:
    try:
        return _payload.decode(payload).device
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _key_in_envelope(payload: bytes) -> Key:
    try:
        return _envelope.decode(payload).data.device
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
