"""What waits to be written to one client: bounded bytes, one write per event-loop turn. Pure."""

from __future__ import annotations


class Outbox:
    """Chunks until the end of the turn. `push` says whether the client keeps up.

    A client that has taken everything written before may get one turn's chunks of any size; one that has
    not is slow as soon as more than `limit_bytes` wait for it.
    """

    __slots__ = ("_chunks", "_limit_bytes", "_waiting")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._chunks: list[bytes] = []
        self._waiting = 0

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def push(self, chunk: bytes, unsent_bytes: int) -> bool:
        """Add a chunk; False, and nothing added, if the client is too far behind.

        `unsent_bytes` is what was taken earlier and has not yet reached the kernel.
        """
        if unsent_bytes and unsent_bytes + self._waiting + len(chunk) > self._limit_bytes:
            return False
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        return True

    def take(self) -> bytes:
        """Everything, joined; the outbox is empty afterwards."""
        chunks, self._chunks, self._waiting = self._chunks, [], 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
