"""What the holder of the lease tells of a place: pure, from what a provider told and what was known before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.reading import Reading
from services.stream import Latest
from services.weather_status import INTERVAL_S, MissingPast, WeatherStatus, interval_of, is_stale
from weather_poller.past import Observed
from weather_poller.providers.provider import Found

PAST_AGAIN_S = 900.0
"""After the first try in vain to get the past later the next is made twice so long after the place's first observation,
after the second four times, and so on."""


def newer(readings: Iterable[Reading], than_ms: int) -> list[Reading]:
    """Those made after `than_ms`, from the oldest on; of one moment the first."""
    by_time: dict[int, Reading] = {}
    for reading in readings:
        if reading.at_ms > than_ms:
            by_time.setdefault(reading.at_ms, reading)
    return [by_time[at] for at in sorted(by_time)]


def with_past(readings: Sequence[Reading], than_ms: int, missing: MissingPast | None) -> list[Reading]:
    """What of `readings` is to be stored of a place whose newest observation is of `than_ms`: those that are `newer`,
    and before them its past, if that is `missing`. None if nothing is newer: what is stored last has to be the newest.
    """
    fresh = newer(readings, than_ms)
    if not fresh or missing is None:
        return fresh
    return newer([one for one in readings if one.at_ms < missing.before_ms], 0) + fresh


def wants_past(missing: MissingPast | None, hours: int, now_ms: int) -> bool:
    """Whether its past is to be asked for with the observation that is due: with the first, then ever more seldom, and
    no more once what was observed meanwhile fills the `hours`.
    """
    if missing is None:
        return False
    age_s = (now_ms - missing.before_ms) / 1000
    return age_s < hours * 3_600 and (missing.tries == 0 or age_s >= PAST_AGAIN_S * 2**missing.tries)


def missing_after(missing: MissingPast | None, is_new: bool, found: Found, observed: Observed) -> MissingPast | None:
    """What is missing of the past of a place after `observed`, `found` among it; `is_new`: nothing was stored of it."""
    if found.place in observed.settled:
        return None
    if found.place in observed.missed:
        if is_new and found.readings:
            return MissingPast(found.readings[-1].at_ms)
        return missing and replace(missing, tries=missing.tries + 1)
    return missing


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
