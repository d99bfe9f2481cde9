"""What was asked on one socket and what is answered, in order. Pure.

Messages are numbered from 1, in the order in which they came. Each gets one answer, which goes out only after
those of all messages before it, whatever became known first. A message is in flight until its answer is sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import orjson

from ingest.receipts import receipt
from services.commit import Appended
from services.errors import TooManyRequests, Unavailable, WindsockError
from services.reading import Decoded


class Turn:
    """A message that is in flight."""

    __slots__ = ("answer", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.answer: bytes | None = None


class Session:
    """The messages of one socket, at most `most` of them in flight."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns: deque[Turn] = deque()
        self._count = 0

    @property
    def full(self) -> bool:
        """Whether the next message has to wait."""
        return len(self._turns) >= self._most

    @property
    def empty(self) -> bool:
        """Whether all that was asked is answered."""
        return not self._turns

    def begin(self) -> Turn:
        """A message came."""
        self._count += 1
        turn = Turn(self._count)
        self._turns.append(turn)
        return turn

    def next(self) -> bytes | None:
        """The answer that is to be sent now, if it is known; the same until it is `sent`."""
        return self._turns[0].answer if self._turns else None

    def sent(self) -> None:
        """What `next` told is on its way."""
        self._turns.popleft()


class Repeats:
    """Which commands to send: each at once, and again every `again_s` seconds while it is not acknowledged."""

    def __init__(self, again_s: float) -> None:
        self._again_s = again_s
        self._sent: dict[bytes, float] = {}

    def due(self, pending: Iterable[bytes], now: float) -> list[bytes]:
        """Of the commands that are not acknowledged, those to send at `now` (seconds)."""
        before, self._sent = self._sent, {}
        due: list[bytes] = []
        for command in pending:
            at = before.get(command)
            if at is None or at + self._again_s <= now:
                due.append(command)
                at = now
            self._sent[command] = at
        return due

    def wait_s(self, now: float, longest_s: float) -> float:
        """How long after `now` the next of them is due, at most `longest_s`."""
        soonest = min(self._sent.values(), default=now + longest_s) + self._again_s
        return max(0.0, min(longest_s, soonest - now))


def stored(turn: Turn, decoded: Decoded, appended: Sequence[Appended], *, skip: bool) -> bytes:
    """The answer to readings that are stored."""
    return orjson.dumps({"ack": turn.number, **receipt(decoded, appended, skip=skip)})


def taken(turn: Turn, command: str, status: str) -> bytes:
    """The answer to what a device said about a command."""
    return orjson.dumps({"ack": turn.number, "command": command, "status": status})


def refused(turn: Turn, error: WindsockError) -> bytes:
    """The answer to a message of which nothing was taken."""
    message = error.message()
    message["error"]["retryable"] = error.retryable
    if isinstance(error, Unavailable | TooManyRequests):
        message["error"]["retry_after"] = error.retry_after_s
    return orjson.dumps(message | {"message": turn.number})


def command(text: bytes) -> bytes:
    """How a command (`Command.text`) is sent."""
    return b'{"command":' + text + b"}"
