"""When an answer is followed by the next question. Pure: clocks are injected.

With an interval of the settings: on a grid that all places share, so that one that was asked for alone comes together
with the others; who was asked for beside the grid comes back on it, after half the interval at the soonest and one and
a half at the latest. Without: when the provider's next observation is to be expected, which is the same moment for all
places of a provider whose data change together; after an answer with nothing new, a part of the interval later, which
doubles up to the whole. Never before the provider's `next_ms`.

Inside, times are seconds of `clock`, which is monotonic, so that no step of the system's clock holds anything up;
`unix` (seconds) translates Unix milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from weather_poller.providers.provider import Found

SOONEST_S = 60.0
LONGEST_S = 86_400.0
"""Between these, whatever interval a provider tells; nor is the end of a service's `next_ms` waited for longer."""
AGAIN = 1 / 6
"""Part of the interval after which an answer with nothing new is followed by the next question."""
LEAST_S = 0.05
"""Shortest pause between two questions of whatever kind."""


class DueTimes:
    """`interval_s` is that of the settings; 0: each provider's own."""

    def __init__(self, interval_s: float, clock: Callable[[], float], unix: Callable[[], float]) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._unix = unix
        self._grid = clock()
        """A point of it."""

    def keep_to(self, due: float) -> None:
        """Have the grid go through a time at which a place is due already."""
        self._grid = due

    def after(self, found: Found, observed_ms: int, repeats: int) -> float:
        """When the interval is over that begins now.

        `observed_ms` is the time of the newest observation, `repeats` how many answers in a row had no newer one.
        """
        now = self._clock()
        if self._interval_s:
            steps = round((now + self._interval_s - self._grid) / self._interval_s)
            over = self._grid + steps * self._interval_s
        else:
            interval = (
                min(LONGEST_S, max(SOONEST_S, found.interval_s)) if math.isfinite(found.interval_s) else LONGEST_S
            )
            expected = self.at(observed_ms) + interval
            if repeats == 0 and expected > now:
                over = min(expected, now + interval)
            else:
                over = now + min(interval, interval * AGAIN * 2.0 ** min(max(0, repeats - 1), 32))
        earliest = now + LEAST_S if found.next_ms is None else self.at(found.next_ms)
        return max(over, now + LEAST_S, earliest)

    def at(self, unix_ms: int) -> float:
        """A time as one of `clock`, not too far ahead."""
        now = self._clock()
        return min(now + unix_ms / 1000 - self._unix(), now + LONGEST_S)

    def unix_ms(self, at: float) -> int:
        """A time of `clock` as Unix milliseconds."""
        return round((self._unix() + at - self._clock()) * 1000)
