"""Telemetry as devices send it to ThingsBoard over HTTP. Pure.

`{"<key>":value,…}`, `{"ts":<milliseconds>,"values":{"<key>":value,…}}`, or an array of either. Keys are metrics.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ingest.formats.format import Format
from ingest.formats.names import metrics_of
from services import json_text
from services.errors import Fault, TooLarge
from services.lane import Post
from services.reading import Decoded, Limits, checked

NAME = "thingsboard"


def telemetry_of(device: str) -> Format:
    """The format of what `device` sends: the body does not name it."""
    return Format(NAME, partial(_decode, device))


def _decode(device: str, post: Post, limits: Limits, now_ms: int) -> Decoded:
    sent = json_text.parsed(post.body)
    elements = sent if isinstance(sent, list) else [sent]
    if len(elements) > limits.batch_readings:
        raise TooLarge(f"{len(elements)} readings in one request; at most {limits.batch_readings} are taken")
    most = limits.reading_metrics
    return checked([_reading(device, most, index, one) for index, one in enumerate(elements)], limits, now_ms)


def _reading(device: str, most: int, index: int, sent: Any) -> dict[str, Any] | Fault:
    if not isinstance(sent, dict):
        return Fault(index, None, 'must be an object: {"<key>":value} or {"ts":<milliseconds>,"values":{…}}')
    reading: dict[str, Any] = {"device": device}
    if isinstance(sent.get("values"), dict) and sent.keys() <= {"ts", "values"}:
        if "ts" in sent:
            reading["ts"] = sent["ts"]
        sent = sent["values"]
    values = metrics_of(sent, most)
    return Fault(index, "values", values) if isinstance(values, str) else reading | {"values": values}
