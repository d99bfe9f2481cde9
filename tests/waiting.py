"""Waiting for what happens elsewhere: until it is so, or the test fails and says what did not happen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

WITHIN_S = 30.0


def wait_until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Block until `condition` holds; fails with `what` otherwise."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


async def until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """The same in a task."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)


async def until_found(look: Callable[[], Awaitable[T]], what: str, within_s: float = WITHIN_S) -> T:
    """What `look` finds once that is something."""
    deadline = time.monotonic() + within_s
    while not (found := await look()):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)
    return found
