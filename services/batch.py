"""Publications and the record batches that carry them.

A batch is what one commit appended to one topic: payloads joined by newlines (no payload holds one),
stored as one stream entry whose id is `<stored ms>-<offset of the last>`. On pub/sub the same bytes
follow a header line `<epoch> <id> <count>`.
"""

from __future__ import annotations

import random
import re
import string

from msgspec import Struct

from services.errors import BadRequest

_POSITION = re.compile(r"([A-Za-z]{0,32})\.([0-9]{1,15})")


def fresh_epoch() -> str:
    """A name for a topic's beginning that none had before."""
    return "".join(random.choices(string.ascii_letters, k=8))


class Position(Struct, frozen=True, gc=False):
    """A place in a topic: everything up to `offset` of `epoch`. `Position("", 0)` is before everything."""

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.offset}"

    @classmethod
    def parse(cls, text: str, field: str = "since") -> Position:
        """Read what `str()` wrote; raises BadRequest naming `field`."""
        match = _POSITION.fullmatch(text)
        if match is None:
            raise BadRequest(field, f"{text[:64]!r} is not a position like 'kQxWbTzR.42'")
        return cls(match[1], int(match[2]))


class Batch(Struct, frozen=True):
    """Consecutive publications of one topic and epoch; `first` is the offset of `payloads[0]`."""

    epoch: str
    stored_ms: int
    first: int
    payloads: list[bytes]

    @property
    def last(self) -> int:
        """Offset of the last publication."""
        return self.first + len(self.payloads) - 1

    def after(self, offset: int) -> Batch:
        """The publications above `offset` (the batch itself when that is all of them)."""
        cut = offset + 1 - self.first
        return self if cut <= 0 else Batch(self.epoch, self.stored_ms, offset + 1, self.payloads[cut:])

    def before(self, offset: int) -> Batch:
        """The publications below `offset` (the batch itself when that is all of them)."""
        keep = max(0, offset - self.first)
        if keep >= len(self.payloads):
            return self
        return Batch(self.epoch, self.stored_ms, self.first, self.payloads[:keep])


def fitting(batches: list[Batch], most_bytes: int) -> list[Batch]:
    """The first of `batches` whose payloads have at most `most_bytes` together, but one publication at least."""
    kept: list[Batch] = []
    left = most_bytes
    for batch in batches:
        for offset, payload in enumerate(batch.payloads, batch.first):
            left -= len(payload)
            if left < 0 and (kept or offset > batch.first):
                return kept + ([batch.before(offset)] if offset > batch.first else [])
        kept.append(batch)
    return kept


def fitting_newest(batches: list[Batch], most_bytes: int) -> list[Batch]:
    """The last of `batches` within `most_bytes`, but one publication at least."""
    kept: list[Batch] = []
    left = most_bytes
    for batch in reversed(batches):
        for offset in range(batch.last, batch.first - 1, -1):
            left -= len(batch.payloads[offset - batch.first])
            if left < 0 and (kept or offset < batch.last):
                return ([batch.after(offset)] if offset < batch.last else []) + kept
        kept.insert(0, batch)
    return kept


def from_announcement(data: bytes) -> Batch:
    """Decode what the append script published. Raises ValueError for anything else."""
    header, newline, lines = data.partition(b"\n")
    epoch, entry_id, count = header.split(b" ")
    stored_ms, last = entry_id.split(b"-")
    payloads = lines.split(b"\n")
    if not newline or len(payloads) != int(count):
        raise ValueError(f"an announcement of {int(count)} publications carries {len(payloads)}")
    return Batch(epoch.decode("ascii"), int(stored_ms), int(last) - len(payloads) + 1, payloads)


def from_entry(epoch: str, entry_id: bytes, lines: bytes) -> Batch:
    """Decode one entry of a topic's stream."""
    stored_ms, last = entry_id.split(b"-")
    payloads = lines.split(b"\n")
    return Batch(epoch, int(stored_ms), int(last) - len(payloads) + 1, payloads)
