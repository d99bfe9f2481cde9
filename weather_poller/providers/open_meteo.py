"""Open-Meteo's forecast and geocoding services, translated. Pure: parameters out, parsed answers in.

Shapes: open-meteo.com/en/docs and open-meteo.com/en/docs/geocoding-api. Data: CC BY 4.0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeGuard

import msgspec
from msgspec import Meta

from services import topics
from services.places import Place
from services.reading import Reading

PROVIDER = "open-meteo"
FORECAST_PATH = "/v1/forecast"
GEOCODING_PATH = "/v1/search"
SOURCE = {
    "provider": PROVIDER,
    "attribution": "Weather data by Open-Meteo.com",
    "attribution_url": "https://open-meteo.com/",
    "licence": "CC BY 4.0",
}
MOST_PLACES = 100
"""Places per request; the service takes 1,000, but the address must stay short."""

MOST_AHEAD_MS = 86_400_000
"""How far ahead of our clock an observation's time may be."""

_FIELDS = {
    "temperature_2m": ("temperature", "°C"),
    "relative_humidity_2m": ("humidity", "%"),
    "apparent_temperature": ("apparent_temperature", "°C"),
    "is_day": ("is_day", None),
    "precipitation": ("precipitation", "mm"),
    "weather_code": ("weather_code", None),
    "cloud_cover": ("cloud_cover", "%"),
    "pressure_msl": ("pressure", "hPa"),
    "wind_speed_10m": ("wind_speed", "m/s"),
    "wind_direction_10m": ("wind_direction", "°"),
    "wind_gusts_10m": ("wind_gusts", "m/s"),
}
"""Open-Meteo's name → our metric and unit."""

WMO_TEXT = {
    0: "clear",
    1: "mainly clear",
    2: "partly cloudy",
    3: "overcast",
    45: "fog",
    48: "rime fog",
    51: "light drizzle",
    53: "drizzle",
    55: "dense drizzle",
    56: "light freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "light freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light rain showers",
    81: "rain showers",
    82: "violent rain showers",
    85: "snow showers",
    86: "heavy snow showers",
    95: "thunderstorm",
    96: "thunderstorm with slight hail",
    99: "thunderstorm with heavy hail",
}
"""WMO 4677 codes as Open-Meteo uses them."""


class GarbledAnswerError(ValueError):
    """A weather service answered something else than it documents."""


def forecast_parameters(places: Sequence[Place]) -> dict[str, str]:
    """The query for the current conditions of all `places` at once."""
    return {
        "latitude": ",".join(f"{place.latitude:.4f}" for place in places),
        "longitude": ",".join(f"{place.longitude:.4f}" for place in places),
        "current": ",".join(_FIELDS),
        "wind_speed_unit": "ms",
        "timeformat": "unixtime",
    }


def observations(
    answer: Any, places: Sequence[Place], fetched_ms: int
) -> tuple[list[Reading], list[GarbledAnswerError]]:
    """The observations in the order of `places`, and what is wrong with those that cannot be read.

    Raises GarbledAnswerError where the answer as a whole is not about `places`, or holds no observation.
    """
    found = answer if isinstance(answer, list) else [answer]
    if len(found) != len(places):
        raise GarbledAnswerError(f"{len(found)} locations were answered, {len(places)} were asked for")
    readings: list[Reading] = []
    faults: list[GarbledAnswerError] = []
    for index, (one, place) in enumerate(zip(found, places, strict=True)):
        try:
            readings.append(_observation(one, index, place, fetched_ms))
        except GarbledAnswerError as fault:
            faults.append(fault)
    if not readings:
        raise faults[0]
    return readings, faults


def _observation(found: Any, index: int, place: Place, fetched_ms: int) -> Reading:
    current = found.get("current") if isinstance(found, dict) else None
    moment = _seconds(current.get("time"), found.get("utc_offset_seconds")) if isinstance(current, dict) else None
    if current is None or moment is None:
        raise GarbledAnswerError(f"no current conditions with a time for {place.name}")
    told = found.get("current_units")
    told = told if isinstance(told, dict) else {}
    if found.get("location_id", index) != index:
        raise GarbledAnswerError(f"another place's conditions for {place.name}")
    # A time far ahead would make every later observation look old.
    if not 0 < moment * 1000 <= fetched_ms + MOST_AHEAD_MS:
        raise GarbledAnswerError(f"the conditions for {place.name} are of an impossible time, {moment}")
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    for theirs, (metric, unit) in _FIELDS.items():
        value = current.get(theirs)
        if not _is_number(value):
            continue
        values[metric] = bool(value) if metric == "is_day" else value
        if unit:
            # What we asked for, unless the answer says that it is something else.
            units[metric] = str(told.get(theirs, unit))
    if not values:
        raise GarbledAnswerError(f"no values for {place.name}")
    if values.get("weather_code") in WMO_TEXT:
        values["weather_text"] = WMO_TEXT[values["weather_code"]]
    return Reading(
        device=place.place,
        values=values,
        ts=int(moment) * 1000,
        id=f"{PROVIDER}:{int(moment)}",
        units=units,
        tags={"city": place.name, **SOURCE, "fetched": _iso(fetched_ms)},
    )


def geocoding_parameters(name: str) -> dict[str, str]:
    """The query for the best match of a name."""
    return {"name": name, "count": "1", "language": "en"}


def place_found(answer: Any) -> Place | None:
    """The best match; None if the service knows none. Raises GarbledAnswerError."""
    if not isinstance(answer, dict):
        raise GarbledAnswerError("the geocoder did not answer an object")
    if not answer.get("results"):
        return None
    try:
        best = msgspec.convert(answer["results"], list[_Match])[0]
    except msgspec.ValidationError as error:
        raise GarbledAnswerError(f"the geocoder's matches cannot be read: {error}") from None
    slug = topics.slug(best.name) or f"place-{best.id}"
    return Place(slug, best.name, best.latitude, best.longitude, best.country, best.id)


class _Match(msgspec.Struct):
    id: int
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    country: Annotated[str, Meta(max_length=200)] | None = None


def _seconds(time: Any, utc_offset_s: Any) -> float | None:
    """Unix seconds of a number or of an ISO 8601 time, which is local and without a zone; None for others."""
    if _is_number(time):
        return time
    try:
        local = datetime.fromisoformat(time).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None
    return local.timestamp() - (utc_offset_s if _is_number(utc_offset_s) else 0)


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
