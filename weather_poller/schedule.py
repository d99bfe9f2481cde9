"""When to ask for which places. Pure: clock and chance are injected.

All places that are due go into one request. After a failure nothing is asked before a pause that doubles
each time, drawn at random up to its bound (full jitter), or as long as the service asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Schedule:
    """Due times per place, and the pause after failures. Times are seconds of `clock`."""

    def __init__(
        self,
        *,
        interval_s: float,
        jitter_s: float,
        retry_s: float,
        retry_max_s: float,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._interval_s = interval_s
        self._jitter_s = jitter_s
        self._retry_s = retry_s
        self._retry_max_s = retry_max_s
        self._clock = clock
        self._chance = chance
        self._due: dict[str, float] = {}
        self._failures = 0
        self._paused_until = 0.0

    def __len__(self) -> int:
        return len(self._due)

    @property
    def paused(self) -> bool:
        """Whether the pause after a failure lasts."""
        return self._clock() < self._paused_until

    def track(self, places: Iterable[str]) -> None:
        """Track exactly `places`; new ones are due at once, the others' due times stay."""
        now = self._clock()
        self._due = {place: self._due.get(place, now) for place in places}

    def due(self) -> list[str]:
        """The places to ask for now; none while a pause lasts."""
        now = self._clock()
        if self.paused:
            return []
        return [place for place, at in self._due.items() if at <= now]

    def wait_s(self, most: float) -> float:
        """Seconds until something is due, at most `most`."""
        if not self._due:
            return most
        at = max(min(self._due.values()), self._paused_until)
        return min(most, max(0.0, at - self._clock()))

    def succeeded(self, places: Iterable[str]) -> None:
        """The request for `places` was answered."""
        self._failures = 0
        self._paused_until = 0.0
        at = self._clock() + self._interval_s + self._chance() * self._jitter_s
        for place in places:
            if place in self._due:
                self._due[place] = at

    def failed(self, retry_after_s: float | None = None) -> float:
        """A request failed; returns the seconds of the pause that begins."""
        bound = min(self._retry_max_s, self._retry_s * 2.0**self._failures)
        self._failures = min(self._failures + 1, 32)
        pause = retry_after_s if retry_after_s is not None else max(self._retry_s / 10, bound * self._chance())
        pause = min(pause, max(self._retry_max_s, 3_600.0))
        self._paused_until = self._clock() + pause
        return pause
