"""How fresh the weather of a place is: kept in Redis by the poller that holds the lease, judged by whoever asks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from services import logs
from services.redis import Client, answered

STALE_AFTER = 2
"""Intervals after which an observation counts as stale."""
MOST_AHEAD_S = 600
"""How far ahead of now an observation may be, since clocks differ; the age of others cannot be told."""
INTERVAL_S = 900.0
"""Of an observation that does not tell its own: Open-Meteo's, whose data change every 15 minutes."""

log = logs.get("weather_status")


def interval_of(tags: Mapping[str, str]) -> float:
    """In how many seconds after an observation with these tags a newer one is expected."""
    try:
        interval_s = float(tags.get("interval_s", ""))
    except ValueError:
        return INTERVAL_S
    return interval_s if math.isfinite(interval_s) and interval_s > 0 else INTERVAL_S


def is_stale(observed_ms: int, interval_s: float, now_ms: int) -> bool:
    """Whether an observation is older than twice its interval, or of a time to come. Times are Unix milliseconds."""
    return not -MOST_AHEAD_S * 1000 <= now_ms - observed_ms <= STALE_AFTER * interval_s * 1000


@dataclass(frozen=True, slots=True)
class MissingPast:
    """The past of a place that was new, which no service could tell when its first observation came.

    It is asked for again with later observations, as `weather_poller.states.wants_past` says.
    """

    before_ms: int
    """The time of the first observation."""
    tries: int = 0
    """How often it was asked for again, in vain."""


@dataclass(frozen=True, slots=True)
class WeatherStatus:
    """The state of one place. Times are Unix milliseconds, None where there is none yet."""

    place: str
    interval_s: float
    """How often a newer observation is expected: the provider's interval, or that of the settings if it is longer."""
    next_ms: int
    """When it is asked for next."""
    poller: str
    """Who asks."""
    provider: str | None = None
    """Whose observation is the newest."""
    observed_ms: int | None = None
    """The time of the newest observation, by its provider."""
    fetched_ms: int | None = None
    """When a provider last answered."""
    reason: str | None = None
    """Why no provider could tell anything when they were asked last; None if one could."""
    failing_since_ms: int | None = None
    not_before_ms: int | None = None
    """When its provider said that there is something new, and not to ask before."""
    missing: MissingPast | None = None
    """None: it has its past, or nobody tells it."""

    def age_s(self, now_ms: int) -> float | None:
        """Seconds since the newest observation was made."""
        return None if self.observed_ms is None else max(0, now_ms - self.observed_ms) / 1000

    def stale(self, now_ms: int) -> bool:
        """Whether the newest observation `is_stale`, or there is none."""
        return self.observed_ms is None or is_stale(self.observed_ms, self.interval_s, now_ms)

    def shown(self, now_ms: int) -> dict[str, Any]:
        """As clients are shown it."""
        age_s = self.age_s(now_ms)
        return {
            "provider": self.provider,
            "observed": self.observed_ms,
            "fetched": self.fetched_ms,
            "age_s": None if age_s is None else round(age_s),
            "interval_s": self.interval_s,
            "stale": self.stale(now_ms),
            "reason": self.reason,
            "failing_since": self.failing_since_ms,
            "next": self.next_ms,
        }


_status = msgspec.json.Decoder(WeatherStatus)


def status_key(slug: str) -> str:
    """The status of a place as JSON."""
    return f"windsock:{{places}}:status:{slug}"


def encoded(status: WeatherStatus) -> bytes:
    """What stands under `status_key`, for `services.places.KNOWN_S` seconds."""
    return msgspec.json.encode(status)


async def read(redis: Client, slugs: Sequence[str]) -> list[WeatherStatus | None]:
    """The status of each place; None where no poller has told any. Raises Unavailable."""
    if not slugs:
        return []
    async with answered():
        found = await redis.mget(map(status_key, slugs))
    return [_decoded(raw) if raw else None for raw in found]


def _decoded(raw: bytes | str) -> WeatherStatus | None:
    try:
        return _status.decode(raw)
    except msgspec.MsgspecError as error:
        log.error("not a status of the weather; left out", error=str(error))
        return None
