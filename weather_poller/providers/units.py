"""Values in the units that all observations share, whatever unit a service told them in. Pure."""

from __future__ import annotations

from typing import Any, TypeGuard

from services.units import converted

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
DIGITS = 2
"""Decimals of what was converted; no service measures more."""


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value of JSON is a number that can be believed: no boolean, finite, below `MOST`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST < value < MOST


def in_ours(metric: str, value: Any, unit: Any) -> float | None:
    """`value` in the unit of `metric`; None if it is no number, or in a unit that cannot be one of the metric's."""
    if not is_number(value):
        return None
    found = converted(value, unit, UNITS[metric]) if isinstance(unit, str) else None
    return found if found is None or found == value else round(found, DIGITS)
