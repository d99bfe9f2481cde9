"""What one event-loop turn has for one client: joined, so that it costs one write. Pure.

Each write costs some microseconds in the kernel however small it is, each chunk here a list's append: that is
why deliveries grow cheaper the more of them come (`make bench`, scenario "rates").
"""

from __future__ import annotations


class Outbox:
    """Chunks until the end of the turn, which `take` asks whether the client keeps up.

    A client that has taken everything written before may get one turn's chunks of any size; one that has
    not is slow as soon as more than `limit_bytes` wait for it.
    """

    __slots__ = ("_chunks", "_limit_bytes", "publications")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._chunks: list[bytes] = []
        self.publications = 0
        """How many the chunks hold together."""

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def push(self, chunk: bytes, publications: int) -> bool:
        """Add a chunk; True if it is the turn's first, so that the caller must see to its end."""
        self._chunks.append(chunk)
        self.publications += publications
        return len(self._chunks) == 1

    def take(self, unsent_bytes: int) -> bytes | None:
        """Everything, joined; None if the client is too far behind to get it. The outbox is empty afterwards.

        `unsent_bytes` is what was written earlier and has not yet reached the kernel.
        """
        chunks, self._chunks, self.publications = self._chunks, [], 0
        frames = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return None if unsent_bytes and unsent_bytes + len(frames) > self._limit_bytes else frames
