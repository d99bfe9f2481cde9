"""How long connections are waited for: each has at most one deadline, and one timer looks after all of them.

A timer per request, set and cancelled again, costs more than to note the time (`make bench`, scenario "intake");
so a deadline is noticed up to a `LATE`th of the shortest wait, but at most a second, after it has passed.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

NEVER = float("inf")
LATE = 8


class Awaited(Protocol):
    """A connection: what it owes is due at `deadline`, by the clock of the loop."""

    deadline: float

    def overdue(self) -> None: ...


class Patience:
    """The connections of a process. `waits_s` are how long they are waited for, for one thing and another."""

    def __init__(self, *waits_s: float) -> None:
        self._every_s = min(1.0, min(waits_s) / LATE)
        self._awaited: set[Awaited] = set()
        self._running = False

    def begin(self, one: Awaited) -> None:
        """Look after `one` from now on."""
        self._awaited.add(one)
        if not self._running:
            self._running = True
            self._look_later()

    def end(self, one: Awaited) -> None:
        """It needs no more looking after."""
        self._awaited.discard(one)

    def _look_later(self) -> None:
        asyncio.get_running_loop().call_later(self._every_s, self._look)

    def _look(self) -> None:
        # First, so that one who fails stops nobody's clock.
        self._running = bool(self._awaited)
        if self._running:
            self._look_later()
        now = asyncio.get_running_loop().time()
        for one in [one for one in self._awaited if one.deadline <= now]:
            one.deadline = NEVER
            one.overdue()
