"""What is published, as readings. Pure.

`json` takes each of these, and arrays of the first two:

    {"values":{"temperature":21.4},"ts":1760000000123}   a reading; its device may be left to the topic
    {"temperature":21.4,"humidity":40}                   values by metric
    21.4                                                 the value of the topic's metric

`text` takes the payload as one value, whatever it is: a number, true, false, or text. `lines`, `senml` and `influx` are
formats that ingest reads over HTTP as well.

What the topic says counts: a payload may not name another device, its metrics stand below the topic's (`power` on a
topic of `relay` is `relay.power`), and the topic's tags replace its own.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import orjson

from ingest.formats.json_readings import LINES
from ingest.formats.line_protocol import LineProtocol
from ingest.formats.senml import SENML
from ingest.mqtt.templates import JSON, TEXT, Place
from services import json_text
from services.errors import Fault, InvalidReadings, MalformedBody
from services.lane import Post
from services.reading import Decoded, Limits, checked

FORMATS = ("lines", "senml", "influx")
"""Whose payloads name devices and metrics themselves."""
NAMES = (JSON, TEXT, *FORMATS)

NO_VALUES = frozenset({"", "null", "none", "nan", "inf", "+inf", "-inf", "infinity", "-infinity"})
"""What sensors publish when they have measured nothing."""

Identify = Callable[[int], str]
"""The id of a payload's reading number so-and-so."""


class Payloads:
    """Reads messages; `lines` says how InfluxDB's lines, whose times are in nanoseconds, become readings."""

    def __init__(self, lines: LineProtocol) -> None:
        self._formats = dict(zip(FORMATS, (LINES, SENML, lines.format("ns")), strict=True))

    def read(
        self, kind: str, place: Place, topic: str, payload: bytes, limits: Limits, now_ms: int, *, ids: bool
    ) -> Decoded:
        """The readings of a message, and what was wrong with others. Raises MalformedBody, InvalidReadings, TooLarge.

        With `ids`, a reading that has a time of its own and no id gets one, the same whenever the message comes again.
        """
        if kind in self._formats:
            form, post = self._formats[kind], Post(b"", {}, payload)
            decoded = form.decode(post, limits, now_ms)
            if ids and any(one is not None and one.id is None for one in decoded.readings):
                _identified(decoded, form.decode(post, limits, now_ms + 1), _identify(topic, payload))
            return _placed(decoded, place)
        value = _text_value(payload) if kind == TEXT else json_text.parsed(payload)
        identify = _identify(topic, payload) if ids else None
        elements = value if isinstance(value, list) else [value]
        readings = [_reading(element, index, place, identify) for index, element in enumerate(elements)]
        return checked(readings, limits, now_ms)


def _identified(decoded: Decoded, later: Decoded, identify: Identify) -> None:
    """Give an id to those readings that have a time of their own: it is the same when they are read `later`.

    Without that, two messages with one payload are two measurements.
    """
    for index, (reading, again) in enumerate(zip(decoded.readings, later.readings, strict=False)):
        if reading is not None and reading.id is None and reading == again:
            reading.id = identify(index)


def _placed(decoded: Decoded, place: Place) -> Decoded:
    for index, reading in enumerate(decoded.readings):
        if reading is None:
            continue
        if place.device is not None and reading.device != place.device:
            decoded.readings[index] = None
            decoded.faults.append(_another_device(decoded.place(index), reading.device, place.device))
        elif place.tags:
            reading.tags = {**(reading.tags or {}), **place.tags}
    return decoded


def _text_value(payload: bytes) -> Any:
    try:
        text = payload.decode().strip()
    except UnicodeDecodeError:
        raise MalformedBody([Fault(None, None, "the payload is not UTF-8")]) from None
    if text.lower() in NO_VALUES:
        raise InvalidReadings([Fault(None, None, f"{text!r} is no value")])
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, bool | int | float | str) else text


def _reading(element: Any, index: int, place: Place, identify: Identify | None) -> dict[str, Any] | Fault:
    if isinstance(element, dict):
        reading = dict(element) if isinstance(element.get("values"), dict) else {"values": element}
        if place.metric is not None:
            reading["values"] = {f"{place.metric}.{name}": value for name, value in reading["values"].items()}
    elif place.metric is not None:
        reading = {"values": {place.metric: element}}
    else:
        return Fault(index, None, "a bare value needs a topic with a level {metric}")
    if place.device is not None and reading.setdefault("device", place.device) != place.device:
        return _another_device(index, reading["device"], place.device)
    if place.tags:
        own = reading.get("tags")
        reading["tags"] = {**(own if isinstance(own, dict) else {}), **place.tags}
    if identify is not None and "ts" in reading:
        reading.setdefault("id", identify(index))
    return reading


def _another_device(index: int, named: Any, placed: str) -> Fault:
    return Fault(index, "device", f"is {str(named)[:64]!r}, but the topic is of {placed[:64]!r}")


def _identify(topic: str, payload: bytes) -> Identify:
    digest: list[str] = []

    def identify(index: int) -> str:
        if not digest:
            digest.append(blake2b(topic.encode() + b"\0" + payload, digest_size=16).hexdigest())
        return f"mqtt-{digest[0]}-{index}"

    return identify
