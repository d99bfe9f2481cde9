"""When a connection and its subscriptions end, unless their tokens are renewed."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

EXPIRED_S = 25.0
"""Seconds that an SDK has to renew a token which has expired."""

LONGEST_TTL_S = 2**31 - 1
"""What is further away is told as this: in Protobuf a ttl has 32 bits."""

CONNECTION = ""
"""Stands for the connection, as a channel's name does for its subscription."""


class Expiry:
    """The timers of one connection."""

    def __init__(self) -> None:
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def set(self, name: str, at: float | None, ended: Callable[[], None]) -> dict[str, object]:
        """Call `ended` some time after `at` (Unix seconds, None for never) unless it is set anew.

        Returns what the result of a connect, subscribe or refresh says of it.
        """
        self.forget(name)
        if at is None:
            return {}
        left_s = max(0.0, at - time.time())
        self._timers[name] = asyncio.get_running_loop().call_later(left_s + EXPIRED_S, ended)
        return {"expires": True, "ttl": min(LONGEST_TTL_S, max(1, math.ceil(left_s)))}

    def forget(self, name: str) -> None:
        """It does not end by itself any more."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def forget_all(self) -> None:
        """Nothing does."""
        for name in list(self._timers):
            self.forget(name)
