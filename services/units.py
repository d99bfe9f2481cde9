"""Units that devices and weather services tell, and how one becomes another. Pure.

Names are those of UCUM (ucum.org), of SenML (RFC 8428 and 8798, IANA's registry), those of weather services (`wmoUnit:`
is codes.wmo.int/common/unit, as the US National Weather Service writes it) and those that people write. Factors are
those of NIST SP 811, appendix B.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DIGITS = 9
"""Decimals of what was converted: the noise of binary fractions lies below, what can be measured above."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """`value * factor + offset` is the same quantity in the unit that all of its kind are told in."""

    kind: str
    factor: float
    offset: float = 0.0


_SCALES = {
    _Scale("temperature", 1): ("°C", "Cel", "C", "degC", "celsius", "wmoUnit:degC"),
    _Scale("temperature", 5 / 9, -160 / 9): ("°F", "[degF]", "F", "degF", "fahrenheit", "wmoUnit:degF"),
    _Scale("temperature", 1, -273.15): ("K", "kelvin", "wmoUnit:K"),
    _Scale("share", 1): ("%", "%RH", "percent", "wmoUnit:percent"),
    _Scale("share", 100): ("/",),
    _Scale("pressure", 1): ("Pa", "wmoUnit:Pa"),
    _Scale("pressure", 100): ("hPa", "mbar", "mb", "wmoUnit:hPa"),
    _Scale("pressure", 1_000): ("kPa",),
    _Scale("pressure", 100_000): ("bar",),
    _Scale("pressure", 133.3224): ("mmHg", "mm[Hg]", "Torr"),
    _Scale("pressure", 3_386.389): ("inHg", "[in_i'Hg]"),
    _Scale("pressure", 6_894.757): ("psi", "[psi]"),
    _Scale("speed", 1): ("m/s", "mps", "wmoUnit:m_s-1"),
    _Scale("speed", 1 / 3.6): ("km/h", "kmh", "kph", "wmoUnit:km_h-1"),
    _Scale("speed", 0.44704): ("mph", "mi/h", "mp/h", "[mi_i]/h"),
    _Scale("speed", 1_852 / 3_600): ("kn", "kt", "kts", "[kn_i]"),
    _Scale("speed", 0.3048): ("ft/s", "[ft_i]/s"),
    _Scale("length", 1): ("m", "wmoUnit:m"),
    _Scale("length", 1_000): ("km",),
    _Scale("length", 0.01): ("cm",),
    _Scale("length", 0.001): ("mm", "wmoUnit:mm"),
    _Scale("length", 0.0254): ("in", "inch", "[in_i]"),
    _Scale("length", 0.3048): ("ft", "[ft_i]"),
    _Scale("length", 1_609.344): ("mi", "mile", "[mi_i]"),
    _Scale("angle", 1): ("°", "deg", "degrees", "wmoUnit:degree_(angle)"),
    _Scale("angle", 180 / math.pi): ("rad",),
}
_BY_NAME = {name: scale for scale, names in _SCALES.items() for name in names}


def converted(value: float, unit: str, wanted: str) -> float | None:
    """`value` in the unit `wanted`; None where a unit is unknown, or the two are of different kinds."""
    if unit == wanted:
        return value
    given, asked = _BY_NAME.get(unit), _BY_NAME.get(wanted)
    if given is None or asked is None or given.kind != asked.kind:
        return None
    if given == asked:
        return value
    return round((value * given.factor + given.offset - asked.offset) / asked.factor, DIGITS)
