"""InfluxDB's line protocol: each line is a reading. Pure.

The device is the first of the tags that the settings name, else the measurement; the other tags are the reading's.
A field's metric follows a template of measurement and field; where `value` is the only field, the measurement is the
metric. A string without a character is left out beside other fields: it says nothing, and agents send many. Whole
numbers without a sign above 2^63 - 1 become the nearest float. Faults count lines, from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ingest.formats.format import Format
from ingest.formats.line_syntax import INTEGER, Broken, Point, Scalar, points
from ingest.formats.names import LONGEST, device_name, metric_name
from services.errors import Fault, TooLarge
from services.lane import Post
from services.reading import Decoded, Limits, checked

SECOND_NS = 10**9
UNITS = {
    "n": 1,
    "ns": 1,
    "u": 1_000,
    "us": 1_000,
    "ms": 1_000_000,
    "s": SECOND_NS,
    "m": 60 * SECOND_NS,
    "h": 3_600 * SECOND_NS,
}
"""Nanoseconds in a unit of time."""
MS = 1_000_000
EARLIEST_MS = 1_000_000_000_000
"""September 2001: a time before it is most likely one in another unit."""
PER_LINE = 12
"""Tags and fields that the lines of a request may have on average, were they as many as there may be."""
REMEMBERED = 20_000
"""Fields whose metrics are remembered."""
SHOWN = 64
"""Characters of a name that a fault shows."""
LIKELY = ("s", "ms", "us", "ns")


class LineProtocol:
    """How lines become readings: `device_tags` in order of preference, and the `metric` template."""

    def __init__(self, device_tags: Sequence[str], metric: str) -> None:
        self._device_tags = tuple(device_tags)
        self._template = metric
        self._metrics: dict[tuple[str, str], str] = {}
        self._formats = {unit: Format("line_protocol", partial(self._decode, unit)) for unit in UNITS}

    def format(self, unit: str) -> Format:
        """Lines whose times are in `unit`, one of UNITS."""
        return self._formats[unit]

    def _decode(self, unit: str, post: Post, limits: Limits, now_ms: int) -> Decoded:
        elements: list[Any] = []
        places: list[int] = []
        said, most = 0, max(limits.batch_readings * PER_LINE, limits.reading_metrics * 2)
        # What is not UTF-8 spoils its line only.
        for place, line in points(post.body.decode("utf-8", "surrogateescape"), limits.reading_metrics):
            if len(elements) == limits.batch_readings:
                raise TooLarge(f"more than {limits.batch_readings} lines in one request")
            said += line.read if isinstance(line, Broken) else len(line.tags) + len(line.fields)
            if said > most:
                raise TooLarge(f"more than {most} tags and fields in one request; send fewer lines at once")
            made = line if isinstance(line, Broken) else self._reading(line, unit, limits, now_ms)
            elements.append(_fault(len(elements), made) if isinstance(made, Broken) else made)
            places.append(place)
        if not elements:
            return Decoded([])
        return checked(elements, limits, now_ms).numbered(places)

    def _reading(self, point: Point, unit: str, limits: Limits, now_ms: int) -> dict[str, Any] | Broken:
        tags = point.tags
        device = next((tags.pop(tag) for tag in self._device_tags if tag in tags), point.measurement)
        reading: dict[str, Any] = {"device": device_name(device), "tags": tags}
        if point.time is not None:
            ts = _milliseconds(point.time, unit, now_ms + limits.ts_ahead_s * 1000)
            if isinstance(ts, Broken):
                return ts
            reading["ts"] = ts
        fields = point.fields
        if list(fields) == ["value"]:
            reading["values"] = {metric_name(point.measurement): _number(fields["value"])}
            return reading
        measurement, metrics = point.measurement, self._metrics
        values: dict[str, Scalar] = {}
        for field, value in fields.items():
            if value == "" and len(fields) > 1:
                continue
            metric = metrics.get((measurement, field)) or self._metric(measurement, field)
            if metric in values:
                return Broken(field, f"and another field are both the metric {metric[:SHOWN]}")
            values[metric] = _number(value)
        if not values:
            return Broken(None, "all fields are empty strings")
        reading["values"] = values
        return reading

    def _metric(self, measurement: str, field: str) -> str:
        """The metric of a field; remembered, unless it is too long for us in any case."""
        metric = metric_name(self._template.format(measurement=measurement, field=field))
        if len(measurement) + len(field) <= LONGEST:
            if len(self._metrics) >= REMEMBERED:
                self._metrics.clear()
            self._metrics[measurement, field] = metric
        return metric


def _fault(index: int, broken: Broken) -> Fault:
    return Fault(index, broken.field and broken.field[:SHOWN], broken.reason)


def _number(value: Scalar) -> Scalar:
    return float(value) if type(value) is int and value not in INTEGER else value


def _milliseconds(said: int, unit: str, latest_ms: int) -> int | Broken:
    """The time as we have it; Broken if it is out of our time, and told in which unit it would be in it."""
    ms = said * UNITS[unit] // MS
    if EARLIEST_MS <= ms <= latest_ms:
        return ms
    for other in LIKELY:
        if EARLIEST_MS <= said * UNITS[other] // MS <= latest_ms:
            return Broken("time", f"{said} looks like {other}; the request says, or leaves it at, precision={unit}")
    if ms > latest_ms:
        return Broken("time", f"{said} {unit} lies too far ahead")
    return ms
