"""Values in the units that all observations share, whatever unit a service told them in. Pure."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeGuard

UNITS = {
    "temperature": "°C",
    "apparent_temperature": "°C",
    "dew_point": "°C",
    "humidity": "%",
    "cloud_cover": "%",
    "precipitation": "mm",
    "pressure": "hPa",
    "wind_speed": "m/s",
    "wind_gusts": "m/s",
    "wind_direction": "°",
    "visibility": "m",
}
"""Metric → unit; metrics that have none (is_day, weather_code, weather_text) are not listed."""

MOST = 1e12
"""No weather is beyond this; some services write such numbers for a value that is missing."""


class _Unit(NamedTuple):
    kind: str
    factor: float
    offset: float = 0.0


_KNOWN = {
    "°C": _Unit("temperature", 1),
    "celsius": _Unit("temperature", 1),
    "wmoUnit:degC": _Unit("temperature", 1),
    "°F": _Unit("temperature", 5 / 9, -160 / 9),
    "wmoUnit:degF": _Unit("temperature", 5 / 9, -160 / 9),
    "K": _Unit("temperature", 1, -273.15),
    "wmoUnit:K": _Unit("temperature", 1, -273.15),
    "%": _Unit("share", 1),
    "wmoUnit:percent": _Unit("share", 1),
    "°": _Unit("angle", 1),
    "degrees": _Unit("angle", 1),
    "wmoUnit:degree_(angle)": _Unit("angle", 1),
    "hPa": _Unit("pressure", 1),
    "Pa": _Unit("pressure", 0.01),
    "wmoUnit:Pa": _Unit("pressure", 0.01),
    "wmoUnit:hPa": _Unit("pressure", 1),
    "m/s": _Unit("speed", 1),
    "wmoUnit:m_s-1": _Unit("speed", 1),
    "km/h": _Unit("speed", 1 / 3.6),
    "wmoUnit:km_h-1": _Unit("speed", 1 / 3.6),
    "mp/h": _Unit("speed", 0.44704),
    "kn": _Unit("speed", 1852 / 3600),
    "mm": _Unit("length", 0.001),
    "wmoUnit:mm": _Unit("length", 0.001),
    "inch": _Unit("length", 0.0254),
    "ft": _Unit("length", 0.3048),
    "m": _Unit("length", 1),
    "wmoUnit:m": _Unit("length", 1),
}
"""Units as Open-Meteo, MET Norway and the US National Weather Service write them."""


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value of JSON is a number that can be believed: no boolean, finite, below `MOST`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST < value < MOST


def in_ours(metric: str, value: Any, unit: Any) -> float | None:
    """`value` in the unit of `metric`; None if it is no number, or in a unit that cannot be one of the metric's."""
    if not is_number(value):
        return None
    ours = UNITS[metric]
    if unit == ours:
        return value
    given = _KNOWN.get(unit) if isinstance(unit, str) else None
    wanted = _KNOWN[ours]
    if given is None or given.kind != wanted.kind:
        return None
    if given[1:] == wanted[1:]:
        return value
    converted = (value * given.factor + given.offset - wanted.offset) / wanted.factor
    return round(converted, 2) if math.isfinite(converted) else None
