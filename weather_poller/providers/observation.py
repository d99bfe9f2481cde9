"""An observation as all providers tell it: one reading of a place, with its time, units and source checked. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from services.places import Place
from services.reading import Reading
from services.weather_status import MOST_AHEAD_S
from weather_poller.providers import wmo
from weather_poller.providers.provider import NothingToldError, Source
from weather_poller.providers.units import UNITS, is_number

FURTHEST_AHEAD_S = 86_400
"""Further ahead of our clock than any clock or time zone that is wrong."""

HOUR_S = 3_600
SHORTEST_S, LONGEST_S = 60.0, 86_400.0
LONGEST_TAG = 256
PLAUSIBLE = {
    "temperature": (-100, 70),
    "apparent_temperature": (-130, 100),
    "dew_point": (-110, 50),
    "humidity": (0, 105),
    "pressure": (840, 1_100),
    "wind_speed": (0, 130),
    "wind_gusts": (0, 150),
    "wind_direction": (0, 360),
    "cloud_cover": (0, 100),
    "precipitation": (0, 500),
    "visibility": (0, 1_000_000),
    "weather_code": (0, 99),
}
"""Bounds of values in our units, some way beyond what was ever measured (wmo.asu.edu): what lies outside is no value,
but a service's word for one that is missing, such as -9999."""


def object_of(value: Any) -> Mapping[str, Any]:
    """`value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def told_interval_s(told: Any, otherwise: float) -> float:
    """How often a service's data change, in seconds: what it told, if that can be believed."""
    return float(told) if is_number(told) and SHORTEST_S <= told <= LONGEST_S else otherwise


def unix_s(time: Any) -> float | None:
    """Unix seconds of a number or of an RFC 3339 time with its zone; None for others."""
    if is_number(time):
        return time
    try:
        moment = datetime.fromisoformat(time)
    except (TypeError, ValueError):
        return None
    return None if moment.tzinfo is None else moment.timestamp()


def checked_s(seconds: float | None, place: Place, fetched_ms: int) -> int:
    """Whole Unix seconds of an observation; raises NothingToldError for a time that no observation can have.

    One that is ahead of our clock was made now: left as it is, it would make every later observation look old.
    """
    if seconds is None:
        raise NothingToldError(f"no conditions with a time for {place.name}")
    fetched_s = fetched_ms / 1000
    if not 1 <= seconds <= fetched_s + FURTHEST_AHEAD_S:
        raise NothingToldError(f"the conditions for {place.name} are of an impossible time, {seconds}")
    return int(seconds if seconds <= fetched_s + MOST_AHEAD_S else fetched_s)


def cell(latitude: Any, longitude: Any) -> dict[str, str]:
    """The tag of a grid cell's centre; empty where it is not told."""
    if not (is_number(latitude) and is_number(longitude)):
        return {}
    return {"grid": f"{degrees(latitude)},{degrees(longitude)}"}


def degrees(number: float) -> str:
    """A coordinate with at most 4 decimals, some 10 m, and no zeros at the end."""
    return f"{round(number, 4) + 0.0:.4f}".rstrip("0").rstrip(".")


def observation(
    place: Place,
    source: Source,
    values: Mapping[str, Any],
    *,
    observed_s: int,
    fetched_ms: int,
    interval_s: float,
    where: Mapping[str, str],
) -> Reading:
    """The reading of `values`: metric → value in our units, None where it is missing.

    `where` has the tag `grid` or `station`. Raises NothingToldError if no value is there.
    """
    told = {metric: value for metric, value in values.items() if value is not None and _can_be(metric, value)}
    if not told:
        raise NothingToldError(f"no values for {place.name}")
    if (text := wmo.TEXT.get(told.get("weather_code", -1))) is not None:
        told.setdefault("weather_text", text)
    tags = {
        "city": place.name,
        "provider": source.provider,
        "attribution": source.attribution,
        "attribution_url": source.attribution_url,
        "licence": source.licence,
        "fetched": datetime.fromtimestamp(fetched_ms / 1000, UTC).isoformat(timespec="seconds"),
        "interval_s": f"{interval_s:g}",
        **where,
    }
    return Reading(
        device=place.place,
        values=told,
        ts=observed_s * 1000,
        id=f"{source.provider}:{observed_s}",
        units={metric: UNITS[metric] for metric in told if metric in UNITS},
        tags={name: text[:LONGEST_TAG] for name, text in tags.items()},
    )


def _can_be(metric: str, value: Any) -> bool:
    low, high = PLAUSIBLE.get(metric, (-math.inf, math.inf))
    return not is_number(value) or low <= value <= high
