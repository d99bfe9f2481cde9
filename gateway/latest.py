"""The latest values that go with a snapshot, cut to the room that there is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from services.metric_message import message
from services.stream import Latest

Name: TypeAlias = tuple[str, str]
"""A device and a metric."""


@dataclass(frozen=True, slots=True)
class Newest:
    """A value, of any kind, by the reading's own time (Unix milliseconds)."""

    ts: int
    value: Any
    unit: str = ""

    def as_dict(self) -> dict[str, Any]:
        """How the API shows it."""
        return {"value": self.value, "ts": self.ts} | ({"unit": self.unit} if self.unit else {})


@dataclass(frozen=True, slots=True)
class Shown:
    """JSON, and whether there was room for all of it."""

    text: bytes
    complete: bool


def values_of(states: Iterable[Latest]) -> dict[Name, Newest]:
    """The values that devices' states hold."""
    return {
        (state.device, metric): Newest(value["ts"], value["value"], value.get("unit", ""))
        for state in states
        for metric, value in state.values.items()
    }


def merged(read: Mapping[Name, Newest], states: Mapping[Name, Newest], before_ms: int) -> dict[Name, Newest]:
    """What publications showed, and what devices' states know from before the time that was read completely.

    States go on while publications are read: what is not older may come after the snapshot's position.
    """
    together = dict(read)
    for name, newest in states.items():
        known = together.get(name)
        if newest.ts < before_ms and (known is None or known.ts < newest.ts):
            together[name] = newest
    return together


def of_device(state: Latest | None, most_bytes: int) -> Shown:
    """A device's or place's latest values, as the API shows them."""
    if state is None:
        return Shown(b"null", complete=True)
    kept, left = {}, most_bytes - len(orjson.dumps(state.as_dict() | {"latest": {}}))
    for metric, value in state.values.items():
        left -= len(orjson.dumps({metric: value}))
        if left < 0:
            break
        kept[metric] = value
    return Shown(orjson.dumps(state.as_dict() | {"latest": kept}), len(kept) == len(state.values))


def of_metric(metric: str, values: Mapping[Name, Newest], most: int, most_bytes: int) -> Shown:
    """The latest value of each device, as the metric's topic shows them; at most so many devices."""
    newest = sorted(values.items(), key=_name)
    rows = (message(metric, device, one.ts, one.value, one.unit) for (device, _), one in newest)
    return _listed(rows, most, most_bytes)


def of_readings(values: Mapping[Name, Newest], most: int, most_bytes: int) -> Shown:
    """The latest values of each device; at most so many devices."""
    devices: dict[str, dict[str, Any]] = {}
    for (device, metric), one in sorted(values.items(), key=_name):
        devices.setdefault(device, {})[metric] = one.as_dict()
    return _listed(({"device": device, "latest": latest} for device, latest in devices.items()), most, most_bytes)


def _name(item: tuple[Name, Newest]) -> Name:
    return item[0]


def _listed(rows: Iterable[dict[str, Any]], most: int, most_bytes: int) -> Shown:
    texts = [orjson.dumps(row) for row in rows]
    kept: list[bytes] = []
    for text in texts[:most]:
        most_bytes -= len(text) + 1
        if most_bytes < 0:
            break
        kept.append(text)
    return Shown(b"[" + b",".join(kept) + b"]", len(kept) == len(texts))
