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
    """Due times per place; nothing is due while `backoff` pauses. Times are seconds of `clock`.

    Places are due an interval and some jitter after they were asked for. Once one is due, all whose interval is
    over go with it, and one that was asked for alone waits for the others, so that all share one request.
    """

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
        self._tracked: list[str] = []
        self._due: dict[str, float] = {}
        self._over: dict[str, float] = {}
        """When a place's interval is over."""

    def track(self, places: Iterable[str]) -> None:
        """Track exactly `places`; new ones are due at once, those that come back when they were."""
        now = self._clock()
        self._tracked = list(places)
        tracked = {place: self._due.get(place, now) for place in self._tracked}
        self._due = {place: at for place, at in self._due.items() if at > now} | tracked
        self._over = {place: at for place, at in self._over.items() if at > now}

    def rests(self, place: str) -> bool:
        """Whether `place` was asked for within its interval, tracked or not."""
        return self._over.get(place, 0.0) > self._clock()

    def due(self) -> list[str]:
        """The places to ask for now; none while a pause lasts."""
        now = self._clock()
        if self.backoff.left_s or not any(self._due[place] <= now for place in self._tracked):
            return []
        return [place for place in self._tracked if self._over.get(place, now) <= now]

    def wait_s(self, most: float) -> float:
        """Seconds until something is due, at most `most`."""
        if not self._tracked:
            return most
        next_due = min(self._due[place] for place in self._tracked)
        return min(most, max(0.0, next_due - self._clock(), self.backoff.left_s))

    def succeeded(self, places: Iterable[str], *, alone: bool = False) -> None:
        """The request for `places`, tracked already or about to be, was answered.

        What was asked for `alone`, out of turn, joins the others the next time that they are due.
        """
        self.backoff.succeeded()
        over = self._clock() + self._interval_s
        due = over + self._chance() * self._jitter_s
        if alone and self._tracked:
            due += self._interval_s + self._jitter_s  # the others are due sooner
        for place in places:
            self._over[place], self._due[place] = over, due
