"""The series of a window of readings, thinned out to what one reply can hold. Pure.

Every numeric value that was added is a point of the series of its device and metric, by the reading's own
time. Where a series has more points than are wanted, MinMaxLTTB keeps its extremes and its shape; the points
that stay are as they were. Booleans are 0 and 1, texts are left out. A series has one unit, that of the newest reading
that tells one: what was told in another is converted, or left out where it cannot be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy
import orjson
from tsdownsample import MinMaxLTTBDownsampler

from gateway.latest import Name, Newest
from services import topics
from services.batch import Batch
from services.metric_message import unit_in
from services.units import converted

POINT_BYTES = 24
"""What a point takes, to begin with; measured where that is not enough."""
MOST_POINT_BYTES = 48
LEAST_POINTS = 2

_downsampler = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]  # the package's constructor has no types

Point: TypeAlias = tuple[int, float]


@dataclass(slots=True)
class _Series:
    by_unit: dict[str, list[Point]] = field(default_factory=dict)
    """The points, the newest first, as they were told."""
    unit: str = ""
    unit_ts: float = -math.inf
    points: list[Point] = field(default_factory=list)

    def add(self, ts: int, value: float, unit: str) -> None:
        points = self.by_unit.get(unit)
        if points is None:
            points = self.by_unit[unit] = []
        points.append((ts, value))
        if unit and ts > self.unit_ts:
            self.unit, self.unit_ts = unit, ts

    def join(self) -> bool:
        """Bring all points into one unit and in order; False if some had to be left out."""
        self.points, complete = [], True
        for unit, points in self.by_unit.items():
            if unit in ("", self.unit):
                self.points += reversed(points)
                continue
            for ts, told in reversed(points):
                value = converted(told, unit, self.unit)
                if value is None:
                    complete = False
                    break
                self.points.append((ts, value))
        self.points.sort(key=lambda point: point[0])
        return complete


class Chart:
    """What a topic's publications show from `from_ms` (Unix milliseconds) on."""

    def __init__(self, topic: str, from_ms: int) -> None:
        self._metric = topic.removeprefix(topics.METRIC) if topic.startswith(topics.METRIC) else ""
        self._from_ms = from_ms
        self._series: dict[Name, _Series] = {}
        self.newest: dict[Name, Newest] = {}
        """The newest value of each, whether in the window or not."""

    def add(self, batches: Iterable[Batch]) -> None:
        """Take publications, the newest first."""
        for batch in batches:
            for payload in reversed(batch.payloads):
                self._add(orjson.loads(payload))

    def _add(self, said: dict[str, Any]) -> None:
        device, ts = said["device"], said["ts"]
        values = {self._metric: said[self._metric]} if self._metric else said["values"]
        units = {self._metric: unit_in(said, self._metric)} if self._metric else said.get("units") or {}
        for metric, value in values.items():
            name, unit = (device, metric), units.get(metric, "")
            known = self.newest.get(name)
            if known is None or ts > known.ts:
                self.newest[name] = Newest(ts, value, unit)
            if ts >= self._from_ms and not isinstance(value, str) and math.isfinite(value):
                series = self._series.setdefault(name, _Series())
                series.add(ts, int(value) if isinstance(value, bool) else value, unit)

    def shown(self, points: int, most_bytes: int) -> tuple[list[orjson.Fragment], bool]:
        """The series as JSON, at most so many points each; and whether all had room, and could be told in one unit."""
        one_unit = all([series.join() for series in self._series.values()])
        names = sorted(self._series)
        lengths = [min(points, len(self._series[name].points)) for name in names]
        point_bytes: float = POINT_BYTES
        while True:
            limit = _limit(lengths, points, int(most_bytes / point_bytes))
            texts = [self._text(name, limit) for name in names]
            size = sum(map(len, texts)) + len(texts)
            if size <= most_bytes or limit == LEAST_POINTS or point_bytes >= MOST_POINT_BYTES:
                break
            point_bytes = max(point_bytes * 1.2, size / sum(min(limit, length) for length in lengths))
        kept = list(_fitting(texts, most_bytes))
        return [orjson.Fragment(text) for text in kept], one_unit and len(kept) == len(texts)

    def _text(self, name: Name, limit: int) -> bytes:
        series = self._series[name]
        shown: dict[str, Any] = {"device": name[0], "metric": name[1]}
        if series.unit:
            shown["unit"] = series.unit
        return orjson.dumps(shown | {"points": thinned(series.points, limit)})


def thinned(points: list[Point], limit: int) -> list[Point]:
    """At most `limit` of the points; the first and the last are among them."""
    if len(points) <= limit:
        return points
    if limit == LEAST_POINTS:
        return [points[0], points[-1]]
    # By number, not by time: a gap in time would leave less than there is room for.
    values = numpy.array([value for _, value in points], dtype=numpy.float64)
    kept = _downsampler.downsample(values, n_out=limit)
    return [points[index] for index in kept.tolist()]


def _limit(lengths: list[int], points: int, most: int) -> int:
    """The most points in each series with which all of them together have at most `most`."""
    low, high = LEAST_POINTS, points
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(middle, length) for length in lengths) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def _fitting(texts: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    for text in texts:
        most_bytes -= len(text) + 1
        if most_bytes < 0:
            return
        yield text
