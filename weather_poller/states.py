"""What the holder of the lease tells of a place: pure, from what a provider told and what was known before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.reading import Reading
from services.stream import Latest
from services.weather_status import INTERVAL_S, WeatherStatus, interval_of, is_stale
from weather_poller.providers.provider import Found


def newer(readings: Iterable[Reading], than_ms: int) -> list[Reading]:
    """Those made after `than_ms`, from the oldest on; of one moment the first."""
    by_time: dict[int, Reading] = {}
    for reading in readings:
        if reading.at_ms > than_ms:
            by_time.setdefault(reading.at_ms, reading)
    return [by_time[at] for at in sorted(by_time)]


def state_of(slug: str, poller: str, latest: Latest | None) -> WeatherStatus:
    """The state of a place of which no poller has told any: what is stored of it, and due at once."""
    if latest is None:
        return WeatherStatus(slug, INTERVAL_S, 0, poller)
    interval_s, provider = interval_of(latest.tags), latest.tags.get("provider")
    return WeatherStatus(slug, interval_s, 0, poller, provider=provider, observed_ms=latest.ts)


def answered(
    before: WeatherStatus, provider: str, found: Found, stored: Sequence[Reading], interval_s: float, now_ms: int
) -> WeatherStatus:
    """After `provider` answered and `stored` of it are new; `interval_s` is the shortest that the settings allow.

    With nothing new the newest observation stays another's, and so does the interval by which it is judged.
    """
    well = replace(before, fetched_ms=now_ms, reason=None, failing_since_ms=None, not_before_ms=found.next_ms)
    if not stored:
        return well
    interval_s = max(found.interval_s, interval_s)
    return replace(well, interval_s=interval_s, provider=provider, observed_ms=stored[-1].at_ms)


def judged(found: Found, interval_s: float, now_ms: int) -> Found:
    """`found`, with a fault where even the newest of it is stale: another service may know more of the place."""
    if found.fault or not found.readings:
        return found
    newest_ms = max(reading.at_ms for reading in found.readings)
    if not is_stale(newest_ms, max(found.interval_s, interval_s), now_ms):
        return found
    return replace(found, fault=f"its newest observation is {(now_ms - newest_ms) / 60_000:.0f} minutes old")


def failing(before: WeatherStatus, reason: str, now_ms: int) -> WeatherStatus:
    """After every provider failed; what was observed stays."""
    return replace(before, reason=reason, failing_since_ms=before.failing_since_ms or now_ms)
