"""When to ask for which places. Pure: clock and chance are injected.

All places that are due go into one request. After a failure nothing is asked before a pause that doubles
each time, drawn at random up to its bound (full jitter), or as long as the service asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

LONGEST_ASKED_S = 3_600.0
"""Longest pause that a service may ask for; Open-Meteo's own windows for busy callers are an hour."""


class Backoff:
    """The pause after failures of one service. Times are seconds of `clock`."""

    def __init__(
        self, *, retry_s: float, retry_max_s: float, clock: Callable[[], float], chance: Callable[[], float]
    ) -> None:
        self._retry_s = retry_s
        self._retry_max_s = retry_max_s
        self._clock = clock
        self._chance = chance
        self._failures = 0
        self._until = clock()

    @property
    def left_s(self) -> float:
        """Seconds until the service may be asked again; 0 when it may be now."""
        return max(0.0, self._until - self._clock())

    def succeeded(self) -> None:
        """The service answered."""
        self._failures = 0
        self._until = self._clock()

    def failed(self, retry_after_s: float | None = None) -> float:
        """The service failed; returns the seconds of the pause that begins."""
        bound = min(self._retry_max_s, self._retry_s * 2.0**self._failures)
        self._failures = min(self._failures + 1, 32)
        pause = bound * self._chance()
        if retry_after_s is not None:
            pause = min(retry_after_s, max(self._retry_max_s, LONGEST_ASKED_S))
        # A draw near zero, or a service that asks for none, must not make a busy loop.
        pause = max(self._retry_s / 10, pause)
        self._until = self._clock() + pause
        return pause


class Schedule:
    """Due times per place; nothing is due while `backoff` pauses. Times are seconds of `clock`."""

    def __init__(
        self,
        backoff: Backoff,
        *,
        interval_s: float,
        jitter_s: float,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.backoff = backoff
        self._interval_s = interval_s
        self._jitter_s = jitter_s
        self._clock = clock
        self._chance = chance
        self._due: dict[str, float] = {}

    def track(self, places: Iterable[str]) -> None:
        """Track exactly `places`; new ones are due at once, the others' due times stay."""
        now = self._clock()
        self._due = {place: self._due.get(place, now) for place in places}

    def due(self) -> list[str]:
        """The places to ask for now; none while a pause lasts."""
        now = self._clock()
        if self.backoff.left_s:
            return []
        return [place for place, at in self._due.items() if at <= now]

    def wait_s(self, most: float) -> float:
        """Seconds until something is due, at most `most`."""
        if not self._due:
            return most
        return min(most, max(0.0, min(self._due.values()) - self._clock(), self.backoff.left_s))

    def succeeded(self, places: Iterable[str]) -> None:
        """The request for `places`, tracked already or about to be, was answered."""
        self.backoff.succeeded()
        for place in places:
            self._due[place] = self._clock() + self._interval_s + self._chance() * self._jitter_s
