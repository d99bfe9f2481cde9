"""The reading: what a device sends, decoded by type and checked against the limits.

`decode` takes bytes, `checked` what a format has made of them; both return readings and faults, do no I/O and need no
clock of their own.
The typed decode is the fast path; only input that fails it is looked at again, value by value, to say
which reading, which field and why.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from services.errors import Fault, InvalidReadings, MalformedBody, TooLarge
from services.topics import DEVICE_PATTERN, METRIC_PATTERN

Value = (
    bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float | Annotated[str, Meta(min_length=1, max_length=256)]
)
_Metric = Annotated[str, Meta(pattern=METRIC_PATTERN)]
_TagKey = Annotated[str, Meta(min_length=1, max_length=64)]
_TagValue = Annotated[str, Meta(max_length=256)]

_SHAPES = {
    DEVICE_PATTERN: "must be 1 to 128 of the characters A-Z a-z 0-9 . _ : ~ - and begin with a letter or digit",
    METRIC_PATTERN: "must be 1 to 64 of the characters A-Z a-z 0-9 _ . - , begin with a letter or _, "
    "and not be device, ts or position",
    r"^[!-~]{1,128}\Z": "must be 1 to 128 visible ASCII characters",
}


class Reading(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One device's values at one moment.

    `ts` is Unix time in milliseconds, UTC. On input it may also be an RFC 3339 string or be left out;
    `decode` returns readings in which it is always an int. The names' patterns are looked after by `decode`.
    """

    device: str
    values: dict[str, Value]
    ts: int | Annotated[datetime, Meta(tz=True)] | None = None
    id: Annotated[str, Meta(pattern=r"^[!-~]{1,128}\Z")] | None = None
    units: dict[str, Annotated[str, Meta(min_length=1, max_length=32)]] | None = None
    tags: dict[_TagKey, _TagValue] | None = None

    @property
    def at_ms(self) -> int:
        """`ts` once it is decided; a reading from `decode` always has it."""
        assert isinstance(self.ts, int)
        return self.ts

    def payload(self) -> bytes:
        """The JSON line that is stored and pushed; made once, never parsed again on its way."""
        return _json(_Line(self.device, self.at_ms, self.values, self.id, self.units or None, self.tags or None))


class _Line(msgspec.Struct, omit_defaults=True, gc=False):
    """A reading as it is stored: msgspec writes it at a quarter of what a dict costs, in no more memory than needed."""

    device: str
    ts: int
    values: dict[str, Value]
    id: str | None = None
    units: dict[str, str] | None = None
    tags: dict[str, str] | None = None


class _Strict(Reading, forbid_unknown_fields=True, gc=False):
    """A reading with the patterns of its names, to find the one that is wrong."""

    device: Annotated[str, Meta(pattern=DEVICE_PATTERN)]
    values: dict[_Metric, Value]
    units: dict[_Metric, Annotated[str, Meta(min_length=1, max_length=32)]] | None = None


_ENTRIES = {
    member.name: msgspec.defstruct(f"_Only_{member.name}", [(member.name, member.type)])
    for member in msgspec.structs.fields(_Strict)
    if member.name in ("values", "units", "tags")
}
"""Objects within a reading → a type that has only this one, to find which of its entries is wrong."""


class _Names(set[str]):
    """Names that were seen to match a pattern, at most `most`: the same few come again and again, and to look one
    up costs a tenth of a match (benchmark "intake").
    """

    def __init__(self, pattern: str, most: int = 50_000) -> None:
        super().__init__()
        self._match = re.compile(pattern).match
        self._most = most

    def hold(self, names: Iterable[str]) -> bool:
        """Whether all `names` match; those that do are remembered."""
        if not all(map(self._match, names)):
            return False
        if len(self) >= self._most:
            self.clear()
        self.update(islice(names, self._most))
        return True


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold; see the settings of the same names."""

    batch_readings: int = 5_000
    reading_metrics: int = 64
    ts_ahead_s: int = 86_400
    looks_again: bool = True
    """Whether `decode` says what is wrong with input that fails the typed decode; otherwise it raises SlowError."""


class SlowError(Exception):
    """Input that takes up to 100 µs a reading to look at."""


@dataclass(slots=True)
class Decoded:
    """`readings[i]` is None where reading i was refused; `faults` says why, in order.

    `places[i]` is the number that reading i has for who sent it, such as that of its line; without them it is i.
    """

    readings: list[Reading | None]
    faults: list[Fault] = field(default_factory=list)
    places: Sequence[int] | None = None

    def place(self, index: int) -> int:
        """What a fault of `readings[index]` has to say for its index."""
        return index if self.places is None else self.places[index]

    def all_or_raise(self) -> list[Reading]:
        """Every reading, or InvalidReadings with the first faults."""
        if self.faults:
            raise InvalidReadings.first_of(self.faults)
        return [reading for reading in self.readings if reading is not None]

    def leave_out(self, faults: Iterable[Fault]) -> None:
        """Refuse some of the readings, for reasons of which each has the reading's index in `readings`."""
        for fault in faults:
            assert fault.index is not None
            self.readings[fault.index] = None
            self.faults.append(replace(fault, index=self.place(fault.index)))
        self.faults.sort(key=lambda fault: fault.index or 0)

    def numbered(self, places: Sequence[int]) -> Decoded:
        """The same with these places, which its faults say."""
        faults = [fault if fault.index is None else replace(fault, index=places[fault.index]) for fault in self.faults]
        return Decoded(self.readings, faults, places)


Shape = Literal["json", "lines"]

SECONDS = range(1_000_000_000, 10_000_000_000)
"""Seconds from 2001 to 2286: as milliseconds they were a spring day of 1970."""
DEEPEST = 10
"""Nesting that is still looked into; a reading has three levels."""
WIDEST = 64
"""Members of an array or object that are looked into where it is wrong anyhow."""
BLAMED = 1_000
"""Faults of one request that say which value, unit or tag is wrong; further ones say only why."""
SHOWN = 64
"""Characters of a name that a fault shows."""
HALF = "holds half of a surrogate pair"
_SPEAKABLE = frozenset((bool, int, type(None)))

_one = msgspec.json.Decoder(Reading)
_many = msgspec.json.Decoder(list[Reading])
_json = msgspec.json.Encoder().encode
_devices = _Names(DEVICE_PATTERN)
_metrics = _Names(METRIC_PATTERN)


def decode(body: bytes, shape: Shape, limits: Limits, now_ms: int) -> Decoded:
    """Decode one reading or an array (`json`), or one reading per line (`lines`).

    `now_ms` is the time of receipt: it stands in for a missing `ts`. Raises MalformedBody where no
    single reading can be blamed, TooLarge for too many readings, and SlowError as the limits say.
    """
    opening = body[:1] if body[:1] in (b"{", b"[") else body.lstrip()[:1]
    if not opening:
        raise MalformedBody([Fault(None, None, "the body is empty; send a reading, an array or lines of them")])
    try:
        if shape == "lines":
            readings = _one.decode_lines(body)
        elif opening == b"[":
            readings = _many.decode(body)
        else:
            readings = [_one.decode(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        decoded = _look_again(body, shape, limits)
    else:
        decoded = Decoded([*readings]) if _well_named(readings) else _look_again(body, shape, limits)
    return _settled(decoded, limits, now_ms)


def checked(elements: Sequence[Any], limits: Limits, now_ms: int) -> Decoded:
    """Readings that a format has made: each element is a mapping of a reading's members, or the Fault that came of it.

    The index of a Fault is its element's. `now_ms` and what is raised are as of `decode`.
    """
    try:
        readings = msgspec.convert(elements, list[Reading])
    except (msgspec.ValidationError, RecursionError):
        decoded = _each(elements, limits)
    else:
        decoded = Decoded([*readings]) if _well_named(readings) and _finite(readings) else _each(elements, limits)
    return _settled(decoded, limits, now_ms)


def _settled(decoded: Decoded, limits: Limits, now_ms: int) -> Decoded:
    """Decide what types cannot say, of each reading and of all together."""
    if not decoded.readings:
        raise InvalidReadings([Fault(None, None, "the batch is empty")])
    _bound(len(decoded.readings), limits)
    latest_ms, most = now_ms + limits.ts_ahead_s * 1000, limits.reading_metrics
    for index, reading in enumerate(decoded.readings):
        if reading is not None:
            ts = reading.ts
            plain = type(ts) is int and SECONDS.stop <= ts <= latest_ms and not (reading.tags or reading.units)
            if plain and 0 < len(reading.values) <= most:
                continue  # nothing to settle: almost every reading
            fault = _settle(reading, index, limits, now_ms)
            if fault is not None:
                decoded.readings[index] = None
                decoded.faults.append(fault)
    if decoded.faults:
        decoded.faults.sort(key=lambda fault: fault.index or 0)
    return decoded


def _bound(count: int, limits: Limits) -> None:
    """Raise TooLarge for more readings than one request may hold."""
    if count > limits.batch_readings:
        raise TooLarge(f"{count} readings in one request; at most {limits.batch_readings} are taken")


def _well_named(readings: Sequence[Reading]) -> bool:
    """Whether the names of devices and metrics are what they may be."""
    for reading in readings:
        if reading.device not in _devices and not _devices.hold((reading.device,)):
            return False
        if not (reading.values.keys() <= _metrics or _metrics.hold(reading.values)):
            return False
        if reading.units and not (reading.units.keys() <= _metrics or _metrics.hold(reading.units)):
            return False
    return True


def _finite(readings: Sequence[Reading]) -> bool:
    """Whether all numbers are: JSON cannot say others, but what a format adds up may be."""
    finite = math.isfinite
    return all(type(value) is not float or finite(value) for one in readings for value in one.values.values())


def _settle(reading: Reading, index: int, limits: Limits, now_ms: int) -> Fault | None:
    """Turn `ts` into milliseconds and check what types cannot say; the first fault, if any."""
    ts = reading.ts
    if ts is None:
        reading.ts = now_ms
    elif isinstance(ts, datetime):
        reading.ts = ts = round(ts.timestamp() * 1000)
    if ts is not None:
        if ts < 0:
            return Fault(index, "ts", "lies before 1970")
        if ts in SECONDS:
            return Fault(index, "ts", f"{ts} looks like seconds; it is Unix time in milliseconds")
        if ts > now_ms + limits.ts_ahead_s * 1000:
            return Fault(index, "ts", f"lies more than {limits.ts_ahead_s} s ahead; it is Unix time in milliseconds")
    if not reading.values:
        return Fault(index, "values", "is empty; send at least one value")
    for name, entries in (("values", reading.values), ("units", reading.units), ("tags", reading.tags)):
        if entries and len(entries) > limits.reading_metrics:
            return _too_many(index, name, len(entries), limits)
    return None


def _too_many(index: int, name: str, count: int, limits: Limits) -> Fault:
    return Fault(index, name, f"has {count} {name}; at most {limits.reading_metrics} are taken")


def _look_again(body: bytes, shape: Shape, limits: Limits) -> Decoded:
    """The slow path: read element by element."""
    if not limits.looks_again:
        raise SlowError
    return _each(_elements(body, shape, limits), limits)


def _each(elements: Sequence[Any], limits: Limits) -> Decoded:
    """Say of each element what is wrong with it, if anything."""
    _bound(len(elements), limits)
    decoded = Decoded([])
    for index, element in enumerate(elements):
        if isinstance(element, Fault):
            fault: Fault | None = element
        else:
            fault = _fault_of(element, index, limits, blame=len(decoded.faults) < BLAMED)
        if fault is None:
            decoded.readings.append(msgspec.convert(element, Reading))
        else:
            decoded.readings.append(None)
            decoded.faults.append(fault)
    return decoded


def _elements(body: bytes, shape: Shape, limits: Limits) -> Sequence[Any]:
    if shape == "lines":
        lines = [line for line in body.split(b"\n") if line.strip()]
        _bound(len(lines), limits)
        return [_parse(line, partial(Fault, i, None)) for i, line in enumerate(lines)]
    document = _parse(body, partial(Fault, None, None))
    if isinstance(document, Fault):
        raise MalformedBody([document])
    return document if isinstance(document, list) else [document]


def _parse(text: bytes, fault: Callable[[str], Fault]) -> Any:
    """Any JSON value, with NaN and infinities let through (`_fault_of` names their place)."""
    try:
        return json.loads(text.decode("utf-8-sig"))
    except RecursionError:
        return fault("the JSON is nested too deeply")
    except UnicodeDecodeError as error:
        return fault(f"the text is not UTF-8 at byte {error.start}")
    except ValueError as error:
        return fault(f"the JSON is malformed: {error}")


def _fault_of(element: Any, index: int, limits: Limits, *, blame: bool) -> Fault | None:
    """What is wrong with a reading, if anything; without `blame` not which of its values, units or tags."""
    if isinstance(element, dict):
        for name in _ENTRIES:
            entries = element.get(name)
            if isinstance(entries, dict) and len(entries) > limits.reading_metrics:
                return _too_many(index, name, len(entries), limits)
    # Nothing good is wider: neither the values, units and tags, nor the reading itself.
    found = _unspeakable(element, max(limits.reading_metrics, WIDEST))
    if found is not None:
        return Fault(index, found[0].lstrip(".") or None, found[1])
    try:
        if not _well_named([msgspec.convert(element, Reading)]):
            msgspec.convert(element, _Strict)
    except msgspec.ValidationError as error:
        return Fault(index, *_explain(element, str(error), blame=blame))
    except UnicodeEncodeError:
        return Fault(index, None, HALF)
    return None


def _unspeakable(value: Any, widest: int, deeper: int = DEEPEST) -> tuple[str, str] | None:
    """The path and reason of a number that is not finite, a string that is not Unicode text, or too deep a nesting.

    Of arrays and objects only the first `widest` members are looked at.
    """
    if not deeper:
        return "", "is nested too deeply"
    if isinstance(value, float):
        return None if math.isfinite(value) else ("", f"{value} is not a finite number")
    if isinstance(value, str):
        return None if _is_text(value) else ("", HALF)
    if isinstance(value, dict):
        finite = math.isfinite
        for key, child in islice(value.items(), widest):
            if not (key.isascii() or _is_text(key)):
                return f".{_shown(key)}", HALF
            kind = type(child)
            if kind in _SPEAKABLE or (kind is float and finite(child)):
                continue
            if found := _unspeakable(child, widest, deeper - 1):
                return f".{_shown(key)}{found[0]}", found[1]
    elif isinstance(value, list):
        for place, child in enumerate(islice(value, widest)):
            if type(child) not in _SPEAKABLE and (found := _unspeakable(child, widest, deeper - 1)):
                return f"[{place}]{found[0]}", found[1]
    return None


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(name: str) -> str:
    """A name as a fault shows it."""
    return name[:SHOWN].encode("utf-8", "replace").decode()


def _explain(element: Any, message: str, *, blame: bool) -> tuple[str | None, str]:
    """Turn msgspec's message and path into the field's name and a reason."""
    reason, _, path = message.partition(" - at ")
    named = re.search(r"field `([^`]*)`", reason)
    if named:
        missing = "missing required" in reason
        return _shown(named[1]), "is required" if missing else "is not a field of a reading"
    name = path.strip("`").rpartition("` in `")[2].replace("[...]", "").strip("$.") or None
    if blame and name in _ENTRIES and path != f"`$.{name}`":
        name, reason = _blame(element[name], name, reason, in_key=path.startswith("`key`"))
    for pattern, shape in _SHAPES.items():
        if "matching regex" in reason and repr(pattern)[1:-1] in reason:
            reason = shape
    return name, reason.replace("`", "")


def _blame(mapping: dict[str, Any], name: str, reason: str, *, in_key: bool) -> tuple[str, str]:
    """Find the entry of `values`, `units` or `tags` that `reason` is about."""
    only = _ENTRIES[name]
    for key, value in mapping.items():
        try:
            msgspec.convert({name: {key: value}}, only)
        except msgspec.ValidationError as error:
            return f"{name}.{_shown(key)}", str(error).partition(" - at ")[0]
    return name, reason if not in_key else f"key: {reason}"
