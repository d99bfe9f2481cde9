"""Puts a provider's question to answers that a test gives, without HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from weather_poller.fetch import FetchError
from weather_poller.providers.provider import Answer, Ask, Question

T = TypeVar("T")
NOW_MS = 1_760_000_400_000
"""2025-10-09T09:00:00Z"""


def told(body: Any, status: int = 200, headers: Mapping[str, str] | None = None, at_ms: int = NOW_MS) -> Answer:
    return Answer(status, headers or {}, body, at_ms)


def refused(status: int, reason: str = "refused") -> FetchError:
    return FetchError(reason, status=status)


def put(question: Question[T], *answers: Answer | FetchError) -> tuple[T, list[Ask]]:
    """What `question` found, and what it asked; the answers must be just enough."""
    waiting = list(answers)
    asks: list[Ask] = []
    try:
        asks.append(next(question))
        while True:
            answer = waiting.pop(0)
            asks.append(question.throw(answer) if isinstance(answer, FetchError) else question.send(answer))
    except StopIteration as done:
        assert not waiting, f"not asked for: {waiting}"
        found: T = done.value
        return found, asks
