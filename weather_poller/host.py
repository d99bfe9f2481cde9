"""What is known of one weather service at one host: calls spent, failures in a row, until when to leave it alone.

Pure: the clock (Unix seconds, which all pollers share) and chance are injected. Promises: within a window no more
calls than allowed; after failures a pause, drawn at random up to a bound that doubles (exponential backoff with full
jitter: aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter); after too many in a row the breaker is
open for a pause, then half-open: the next request decides. One request at a time is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from services import logs
from weather_poller.providers.provider import Calls

Window: TypeAlias = Literal["minute", "hour", "day"]
Breaker: TypeAlias = Literal["closed", "open", "half-open"]

WINDOWS: dict[Window, int] = {"minute": 60, "hour": 3_600, "day": 86_400}
"""Seconds. They begin with the minutes, hours and days of UTC, as Open-Meteo's do."""
LONGEST_ASKED_S = 3_600.0
"""Longest pause that a service may ask for, unless WINDSOCK_WEATHER_RETRY_MAX_S is longer."""
AHEAD_S = 60.0
"""A state written so far ahead of the clock is from a clock that was wrong."""
MOST_FAILURES = 1_000_000

log = logs.get("host")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a host may be asked, and how long it is left alone after failures."""

    calls: Calls
    retry_s: float
    retry_max_s: float
    failures: int
    """Failures in a row that open the breaker."""


@dataclass(frozen=True, slots=True)
class Wait:
    """How long not to ask, and why; 0 seconds: ask. `is_pause`: after failures, whatever a request costs."""

    seconds: float
    why: str = ""
    is_pause: bool = False


class _State(msgspec.Struct, omit_defaults=True):
    """As it is kept. Times are Unix seconds."""

    at: Annotated[float, Meta(ge=0)]
    spent: dict[Window, tuple[Annotated[int, Meta(ge=0)], Annotated[float, Meta(ge=0)]]] = {}
    """The beginning of a window, and the calls spent since."""
    failures: Annotated[int, Meta(ge=0, le=MOST_FAILURES)] = 0
    until: Annotated[float, Meta(ge=0)] = 0.0
    why: str = ""


_decode = msgspec.json.Decoder(_State).decode


class Host:
    """One service at one host. `clock` gives Unix seconds, `chance` numbers from 0 to 1."""

    def __init__(
        self, limits: Limits, clock: Callable[[], float], chance: Callable[[], float], saved: bytes | None = None
    ) -> None:
        """`saved` is what `encoded` gave; what cannot be read is logged and forgotten."""
        self._limits = limits
        self._clock = clock
        self._chance = chance
        self._state = _State(clock())
        if saved:
            try:
                self._state = _decode(saved)
            except msgspec.MsgspecError as error:
                log.error("not the state of a host; begins anew", error=str(error))
        self._now()

    def encoded(self) -> bytes:
        """The state as JSON."""
        return msgspec.json.encode(self._state)

    @property
    def breaker(self) -> Breaker:
        """Open: not to be asked; half-open: one request may pass, whose success closes it."""
        now = self._now()
        if self._state.failures < self._limits.failures:
            return "closed"
        return "open" if now < self._state.until else "half-open"

    def wait(self, calls: float) -> Wait:
        """How long to wait before a request that costs so many calls."""
        now = self._now()
        state = self._state
        if now < state.until:
            failures = f" {state.failures} times in a row" if state.failures > 1 else ""
            why = f"left alone for {state.until - now:.0f} s since it failed{failures}: {state.why}"
            return Wait(state.until - now, why, is_pause=True)
        longest = Wait(0.0)
        for window, limit in self._bounds().items():
            start, spent = self._spent(window, now)
            if spent + calls > limit:
                why = f"the {limit} calls of this {window} are spent"
                if calls > limit:
                    why = f"one request costs {calls:g} calls, of which a {window} allows {limit}"
                longest = max(longest, Wait(start + WINDOWS[window] - now, why), key=lambda wait: wait.seconds)
        return longest

    def spend(self, calls: float) -> None:
        """A request that costs so many calls is about to be made."""
        now = self._now()
        for window in self._bounds():
            start, spent = self._spent(window, now)
            self._state.spent[window] = (start, spent + calls)
        self._state.at = now

    def left(self) -> dict[Window, float]:
        """Calls left in each window that has a bound."""
        now = self._now()
        return {window: max(0.0, limit - self._spent(window, now)[1]) for window, limit in self._bounds().items()}

    def succeeded(self) -> None:
        """The host answered as it should."""
        state = self._state
        state.at, state.failures, state.until, state.why = self._now(), 0, 0.0, ""

    def failed(
        self,
        why: str,
        retry_after_s: float | None = None,
        *,
        spent: Window | None = None,
        misconfigured: bool = False,
    ) -> float:
        """The host failed; returns the seconds of the pause that begins.

        `retry_after_s` is what it asked for; `spent` is a window whose calls it says are used up; `misconfigured`:
        it will fail until somebody mends a setting.
        """
        now, state, limits, draw = self._now(), self._state, self._limits, self._chance()
        state.failures = min(state.failures + 1, MOST_FAILURES)
        bound = min(limits.retry_max_s, limits.retry_s * 2.0 ** min(state.failures - 1, 64))
        is_open = state.failures >= limits.failures
        # What an open breaker is for would be lost on a draw near zero.
        backoff = bound * (1 + draw) / 2 if is_open else bound * draw
        if misconfigured:
            pause = limits.retry_max_s
        elif retry_after_s is not None:
            asked = min(retry_after_s, max(limits.retry_max_s, LONGEST_ASKED_S))
            pause = max(asked, backoff) if is_open else asked
        elif spent is not None:
            start, calls = self._spent(spent, now)
            limit = self._bounds().get(spent)
            if limit is not None:
                state.spent[spent] = (start, max(calls, float(limit)))
            pause = start + WINDOWS[spent] - now + draw * limits.retry_s
        else:
            pause = backoff
        # A draw near zero, or a service that asks for none, must not make a busy loop.
        pause = max(limits.retry_s / 10, pause)
        state.at, state.until, state.why = now, now + pause, why
        return pause

    def _bounds(self) -> dict[Window, int]:
        calls = self._limits.calls
        bounds: dict[Window, int | None] = {"minute": calls.minute, "hour": calls.hour, "day": calls.day}
        return {window: limit for window, limit in bounds.items() if limit is not None}

    def _spent(self, window: Window, now: float) -> tuple[int, float]:
        """The beginning of the window of `now`, and what was spent since."""
        length = WINDOWS[window]
        start = int(now // length) * length
        began, spent = self._state.spent.get(window, (start, 0.0))
        # The window of a clock that goes a little ahead of ours is not over yet.
        return (began, spent) if start <= began <= start + length else (start, 0.0)

    def _now(self) -> float:
        """Now; forgets a state of the future, which could keep the host from being asked for ever."""
        now = self._clock()
        longest = max(self._limits.retry_max_s, LONGEST_ASKED_S, WINDOWS["day"] + self._limits.retry_s)
        if self._state.at > now + AHEAD_S or self._state.until > now + longest + AHEAD_S:
            log.error("the state of a host is from the future; begins anew", ahead_s=round(self._state.at - now))
            self._state = _State(now)
        return now
