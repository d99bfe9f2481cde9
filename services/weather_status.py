"""How fresh the weather of a place is: kept in Redis by the poller that holds the lease, judged by whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from services import logs
from services.redis import Client, answered

STALE_AFTER = 2
"""Intervals after which an observation counts as stale."""

log = logs.get("weather_status")


@dataclass(frozen=True, slots=True)
class WeatherStatus:
    """The state of one place. Times are Unix milliseconds, None where there is none yet."""

    place: str
    interval_s: float
    """How often a newer observation is expected."""
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

    def age_s(self, now_ms: int) -> float | None:
        """Seconds since the newest observation was made."""
        return None if self.observed_ms is None else max(0, now_ms - self.observed_ms) / 1000

    def stale(self, now_ms: int) -> bool:
        """Whether the newest observation is older than twice its interval, or there is none."""
        age_s = self.age_s(now_ms)
        return age_s is None or age_s > STALE_AFTER * self.interval_s

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
