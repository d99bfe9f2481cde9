"""SenML in JSON (RFC 8428): a pack of records, resolved, and put together to readings. Pure.

A record is one value. Its resolved name says device and metric: with a base name and a name, the base name is the
device (without separators at its end) and the name the metric. One of them alone is split at its last `/`, else `:`,
else `.`; an IP address, the four parts of a `urn:dev:` (RFC 9039) and a name without separators are a device's, and
the metric is then called by its unit (`QUANTITIES`), or `value`. Records of one device and time become one reading.
A sum is the metric `<metric>.sum`.

Faults count records.
"""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ingest.formats.format import Format
from ingest.formats.names import device_name, metric_name
from services import json_text
from services.errors import Fault, InvalidReadings, MalformedBody, TooLarge
from services.lane import Post
from services.reading import Decoded, Limits, checked

VERSION = 10
ABSOLUTE_S = 2**28
"""Lesser times are relative to now (RFC 8428, section 4.5.3)."""
FAR_S = 10**11
"""Times beyond are no times; milliseconds of the year 5138 taken for seconds."""
SEPARATORS = "/:._-"
VALUES = ("v", "vs", "vb", "vd")
BASES = ("bn", "bt", "bu", "bv", "bs", "bver")
QUANTITIES = {
    "%EL": "battery",
    "%RH": "humidity",
    "A": "current",
    "Cel": "temperature",
    "Hz": "frequency",
    "J": "energy",
    "K": "temperature",
    "Pa": "pressure",
    "V": "voltage",
    "W": "power",
    "hPa": "pressure",
    "kg": "mass",
    "lat": "latitude",
    "lon": "longitude",
    "lx": "illuminance",
    "m/s": "speed",
    "pH": "pH",
}
"""What is measured in a unit (IANA, SenML Units), for sensors whose name is only the device's."""

_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*\Z")
_base64url = re.compile(r"[A-Za-z0-9_-]*\Z")

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    **dict.fromkeys(("bn", "bu", "n", "u", "vs", "vd"), ((str,), "a string")),
    **dict.fromkeys(("bt", "bv", "bs", "t", "v", "s"), ((int, float), "a number")),
    "bver": ((int,), "a whole number"),
    "vb": ((bool,), "true or false"),
}


class _Wrong(Exception):
    """A label of a record, and why it is wrong."""

    def __init__(self, label: str | None, reason: str) -> None:
        super().__init__(label, reason)
        self.label = label
        self.reason = reason


@dataclass(slots=True)
class _Bases:
    """What the records so far say for those that follow."""

    bn: str = ""
    bt: float = 0
    bu: str | None = None
    bv: float | None = None
    bs: float | None = None
    version: int | None = None

    def take(self, record: dict[str, Any]) -> None:
        """Take the base fields of the next record. Raises _Wrong for what spoils the whole pack."""
        for label in record:
            if label.endswith("_"):
                raise _Wrong(label[:64], "must be understood (it ends in _), and is not")
        version = _typed(record, "bver")
        if version is not None and not 0 < version <= VERSION:
            raise _Wrong("bver", f"{version} is none of the versions 1 to {VERSION} that are read here")
        if self.version is None:
            self.version = version or VERSION
        elif version not in (None, self.version):
            raise _Wrong("bver", f"{version} differs from {self.version}, the version of the records before")
        for label in ("bn", "bt", "bu", "bv", "bs"):
            if label in record:
                setattr(self, label, _typed(record, label))


@dataclass(slots=True)
class _Gathered:
    """Readings as they come together; `places[i]` is the record with which element i began."""

    elements: list[Any] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    open: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def add(self, place: int, device: str, ts: int, unit: str | None, values: dict[str, Any]) -> None:
        """Add the values of a record to the reading of their device and time, or begin the next one."""
        reading = self.open.get((device, ts))
        if reading is None or not reading["values"].keys().isdisjoint(values):
            reading = self.open[device, ts] = {"device": device, "ts": ts, "values": {}, "units": {}}
            self.elements.append(reading)
            self.places.append(place)
        reading["values"].update(values)
        if unit:
            reading["units"].update((metric, f"{unit}.s" if metric.endswith(".sum") else unit) for metric in values)

    def refuse(self, place: int, wrong: _Wrong) -> None:
        """Note that a record is no part of any reading."""
        self.elements.append(Fault(len(self.elements), wrong.label, wrong.reason))
        self.places.append(place)


def _decode(post: Post, limits: Limits, now_ms: int) -> Decoded:
    pack = json_text.parsed(post.body)
    if not isinstance(pack, list):
        raise MalformedBody([Fault(None, None, "a SenML pack is an array of records")])
    if len(pack) > limits.batch_readings:
        raise TooLarge(f"{len(pack)} records in one request; at most {limits.batch_readings} are taken")
    bases, gathered = _Bases(), _Gathered()
    for place, record in enumerate(pack):
        try:
            if not isinstance(record, dict):
                raise _Wrong(None, "a record is an object")
            bases.take(record)
        except _Wrong as wrong:
            # What follows could not be resolved.
            raise InvalidReadings([Fault(place, wrong.label, wrong.reason)]) from None
        if record.keys() <= _ONLY_BASES:
            continue
        try:
            gathered.add(place, *_resolved(record, bases, now_ms))
        except _Wrong as wrong:
            gathered.refuse(place, wrong)
    return checked(gathered.elements, limits, now_ms).numbered(gathered.places)


_ONLY_BASES = frozenset(BASES)


def _resolved(
    record: dict[str, Any], bases: _Bases, now_ms: int
) -> tuple[str, int, str | None, dict[str, bool | float | str]]:
    """Device, time, unit and values of a record. Raises _Wrong."""
    given = {label: _typed(record, label) for label in ("n", "t", "u", "s", *VALUES)}
    present = [label for label in VALUES if given[label] is not None]
    if len(present) > 1:
        raise _Wrong(present[1], f"stands beside {present[0]}; a record has one value")
    if not present and (given["s"], bases.bv, bases.bs) == (None, None, None):
        raise _Wrong("v", "is required: a record has one of v, vs, vb, vd, or s")
    if given["vd"] is not None and not _base64url.match(given["vd"]):
        raise _Wrong("vd", "is not base64url without padding")
    unit = given["u"] if given["u"] is not None else bases.bu
    device, metric = _sensor(bases.bn, given["n"] or "", unit)
    values: dict[str, bool | float | str] = {}
    if present and present[0] != "v":
        values[metric] = given[present[0]]
    elif present or bases.bv is not None:
        values[metric] = (given["v"] or 0) + (bases.bv or 0)  # RFC 8428 §4.5.4: what is missing counts as zero
    if given["s"] is not None or bases.bs is not None:
        values[f"{metric}.sum"] = (given["s"] or 0) + (bases.bs or 0)
    return device, _time(bases.bt + (given["t"] or 0), now_ms), unit, values


def _typed(record: dict[str, Any], label: str) -> Any:
    """The value of `label`, None if it is absent. Raises _Wrong for one of another type."""
    if label not in record:
        return None
    value = record[label]
    types, said = _TYPES[label]
    if type(value) not in types:
        raise _Wrong(label, f"must be {said}")
    return value


def _time(seconds: float, now_ms: int) -> int:
    if abs(seconds) > FAR_S:
        raise _Wrong("t", f"{seconds:g} is not a time in seconds")
    ms = round(seconds * 1000)
    return now_ms + ms if seconds < ABSOLUTE_S else ms


def _sensor(base: str, name: str, unit: str | None) -> tuple[str, str]:
    """Device and metric. Raises _Wrong."""
    whole = base + name
    if not _name.match(whole):
        raise _Wrong("n", f"{whole[:64]!r} is not a name: A-Z a-z 0-9 - : . / _ , a letter or digit first")
    if base and name.lstrip(SEPARATORS):
        device, metric = base.rstrip(SEPARATORS), name.lstrip(SEPARATORS)
    else:
        device, metric = _split(whole.rstrip(SEPARATORS))
    return device_name(device), metric_name(metric or QUANTITIES.get(unit or "", "value"))


def _split(name: str) -> tuple[str, str]:
    """Device and metric of a name that nobody has divided; no metric if it is only a device's."""
    if name.startswith("urn:"):
        parts = name.split(":", 4)
        return (":".join(parts[:4]), parts[4]) if name.startswith("urn:dev:") and len(parts) == 5 else (name, "")
    with suppress(ValueError):
        return str(ipaddress.ip_address(name)), ""
    separator = next((one for one in "/:." if one in name), None)
    if separator is None:
        return name, ""
    device, _, metric = name.rpartition(separator)
    return device.rstrip(SEPARATORS), metric


SENML = Format("senml", _decode)
