"""A device's value beside the weather outside: what is known of both, and the difference. Pure.

Promise: by the clocks of their makers neither side goes back: what is older than what is known changes nothing.
A metric is compared with the metric of the same name. The outside value is told in the device's unit; of a device that
tells none the unit of the weather is assumed, and `unit_assumed` says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeGuard

import msgspec
import orjson
from msgspec import Struct

from services.stream import Latest
from services.topics import Compared
from services.units import DIGITS, converted
from services.weather_status import INTERVAL_S, WeatherStatus, interval_of, is_stale

SOURCE = ("city", "provider", "attribution", "attribution_url", "licence", "grid", "station", "fetched")
"""Tags of an observation that say where it comes from."""
AGES = ("age_s", "outside_age_s")
"""Members that change although nothing new is known."""
CODES = frozenset({"weather_code"})
"""Numbers that count nothing."""
CIRCULAR = frozenset({"wind_direction"})
"""Angles in degrees, of which 350 and 10 are 20 apart."""
NAMED = 20
"""Most metrics that a reason names."""

Value: TypeAlias = Any
"""A number, a boolean or a text."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What the device reported last, by its own clock (Unix milliseconds)."""

    ts: int
    value: Value
    unit: str = ""


class _Publication(Struct, gc=False):
    """A reading, or an observation; one that is repeated for its age is marked with `stale`."""

    ts: int
    values: dict[str, Value]
    units: dict[str, str] | None = None
    tags: dict[str, str] | None = None
    stale: bool | None = None
    reason: str | None = None


@dataclass(slots=True)
class _Outside:
    """The newest observation, and what is known of its freshness."""

    ts: int
    values: Mapping[str, Value]
    units: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    interval_s: float = INTERVAL_S
    marked: bool = False
    """Whether we were told that it is stale."""
    reason: str | None = None

    def stale(self, now_ms: int) -> bool:
        return self.marked or is_stale(self.ts, self.interval_s, now_ms)


_publication = msgspec.json.Decoder(_Publication)


class Comparison:
    """What is known of both sides. Times are Unix milliseconds."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared
        self._inside: Inside | None = None
        self._outside: _Outside | None = None
        self._told: dict[str, Any] | None = None

    def know_device(self, latest: Latest | None) -> None:
        """What the device's newest values are."""
        known = latest.values.get(self._compared.metric) if latest is not None else None
        if known is not None:
            self._take_inside(Inside(known["ts"], known["value"], known.get("unit", "")))

    def know_status(self, status: WeatherStatus | None) -> None:
        """What the place's state is."""
        outside = self._outside
        if status is not None and outside is not None and status.observed_ms == outside.ts:
            outside.interval_s, outside.reason = status.interval_s, status.reason

    def take_reading(self, payload: bytes) -> None:
        """A publication of the device's topic; what is no reading is left out."""
        reading, metric = _decoded(payload), self._compared.metric
        if reading is not None and metric in reading.values:
            self._take_inside(Inside(reading.ts, reading.values[metric], (reading.units or {}).get(metric, "")))

    def take_observation(self, payload: bytes) -> None:
        """A publication of the place's topic, stored or passing; what is no observation is left out."""
        said = _decoded(payload)
        if said is None or (self._outside is not None and said.ts < self._outside.ts):
            return
        tags = said.tags or {}
        self._outside = _Outside(
            said.ts, said.values, said.units or {}, tags, interval_of(tags), said.stale is True, said.reason
        )

    def _take_inside(self, newer: Inside) -> None:
        if self._inside is None or newer.ts >= self._inside.ts:
            self._inside = newer

    def news(self, now_ms: int) -> bytes | None:
        """What it shows, as JSON, if that is something else than at the time before, apart from ages."""
        shown = self.shown(now_ms)
        lasting = {name: value for name, value in shown.items() if name not in AGES}
        if lasting == self._told:
            return None
        self._told = lasting
        return orjson.dumps(shown)

    def text(self, now_ms: int) -> bytes:
        """What it shows, as JSON."""
        return orjson.dumps(self.shown(now_ms))

    def shown(self, now_ms: int) -> dict[str, Any]:
        """What `/api/compare` answers."""
        inside, outside = self._inside, self._outside
        shown: dict[str, Any] = {
            "device": self._compared.device,
            "place": self._compared.place,
            "metric": self._compared.metric,
            "value": inside.value if inside is not None else None,
            "unit": (inside.unit or None) if inside is not None else None,
            "unit_assumed": False,
            "ts": inside.ts if inside is not None else None,
            "age_s": _age_s(inside, now_ms),
            "outside": None,
            "outside_unit": None,
            "outside_ts": outside.ts if outside is not None else None,
            "outside_age_s": _age_s(outside, now_ms),
            "difference": None,
            "reason": None,
            "stale": outside.stale(now_ms) if outside is not None else None,
            "stale_reason": outside.reason if outside is not None and outside.stale(now_ms) else None,
        }
        if outside is not None:
            shown |= {name: outside.tags[name] for name in SOURCE if name in outside.tags}
        return shown | self._compare(inside, outside)

    def _compare(self, inside: Inside | None, outside: _Outside | None) -> dict[str, Any]:
        """The members that come of both sides."""
        device, place, metric = self._compared
        found: dict[str, Any] = {}
        if outside is None:
            return {"reason": f"no observation of {place} is known yet"}
        if metric not in outside.values:
            return {"reason": f"the weather of {place} has no {metric}; it has {named(outside.values)}"}
        there, unit = outside.values[metric], outside.units.get(metric, "")
        found |= {"outside": there, "outside_unit": unit or None}
        if inside is None:
            return found | {"reason": f"{device} has not reported {metric} yet"}
        if metric in CODES or not (_is_number(inside.value) and _is_number(there)):
            return found | {"reason": f"{metric} is not a quantity on both sides"}
        wanted = inside.unit or unit
        converted_to = converted(there, unit, wanted)
        if converted_to is None:
            return found | {"reason": f"{unit or 'no unit'} cannot be converted to {wanted}"}
        found |= {"outside": converted_to, "outside_unit": wanted or None, "unit": wanted or None}
        found |= {"unit_assumed": bool(wanted) and not inside.unit}
        difference = _difference(inside.value, converted_to, circular=metric in CIRCULAR and wanted in ("°", "deg"))
        if not math.isfinite(difference):
            return found | {"reason": "the difference is larger than a number can be"}
        return found | {"difference": difference}


def named(metrics: Mapping[str, Any]) -> str:
    """Some metrics by name, for people."""
    names = sorted(metrics)
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")


def _decoded(payload: bytes) -> _Publication | None:
    try:
        return _publication.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _age_s(side: Inside | _Outside | None, now_ms: int) -> int | None:
    return None if side is None else round(max(0, now_ms - side.ts) / 1000)


def _difference(inside: float, outside: float, *, circular: bool) -> float:
    difference = inside - outside
    return round((difference + 180) % 360 - 180 if circular else difference, DIGITS)


def _is_number(value: Value) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
