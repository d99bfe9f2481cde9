"""CloudEvents 1.0 over HTTP: structured, in batches, and in binary mode. Pure.

An event is a reading. Its data is the reading's members, if it has `values`, else an object of metric and value. What
the data does not say, the attributes do: the device is the subject, else the last part of the source; the time is the
event's. Source and id make a retry store nothing twice; an id within the data does not count.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

from ingest.formats.format import Format
from ingest.formats.names import device_name, metrics_of
from services import json_text
from services.errors import Fault, MalformedBody, TooLarge
from services.lane import Post
from services.reading import Decoded, Limits, checked

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY_HEADER = b"ce-specversion"
"""Without one of the media types above, this header says that the attributes are in headers."""
REQUIRED = ("specversion", "id", "source", "type")

_json_type = re.compile(r"(?:application|text)/(?:[!-~]+\+)?json\Z")
_id = re.compile(r"[!-~]{1,128}\Z")


def _structured(post: Post, limits: Limits, now_ms: int) -> Decoded:
    return _checked([json_text.parsed(post.body)], limits, now_ms)


def _batch(post: Post, limits: Limits, now_ms: int) -> Decoded:
    events = json_text.parsed(post.body)
    if not isinstance(events, list):
        raise MalformedBody([Fault(None, None, f"a body of type {BATCH} is an array of events")])
    if len(events) > limits.batch_readings:
        raise TooLarge(f"{len(events)} events in one request; at most {limits.batch_readings} are taken")
    return _checked(events, limits, now_ms)


def _binary(post: Post, limits: Limits, now_ms: int) -> Decoded:
    event: dict[str, Any] = {"data": json_text.parsed(post.body)}
    for name, value in post.headers.items():
        if name.startswith(b"ce-"):
            # Other than visible ASCII comes percent-encoded (HTTP protocol binding, section 3.1.3.2).
            attribute = name[3:].decode("latin-1")
            try:
                event[attribute] = unquote_to_bytes(value).decode()
            except UnicodeDecodeError:
                return checked([Fault(0, attribute, "is not UTF-8")], limits, now_ms)
    if b"content-type" in post.headers:
        event["datacontenttype"] = post.headers[b"content-type"].decode("latin-1")
    return _checked([event], limits, now_ms)


def _checked(events: Sequence[Any], limits: Limits, now_ms: int) -> Decoded:
    """The readings of events; what is wrong with a time names the member that said it."""
    readings = [_reading(limits, index, event) for index, event in enumerate(events)]
    decoded = checked(readings, limits, now_ms)
    for number, fault in enumerate(decoded.faults):
        if fault.field == "ts" and fault.index is not None:
            reading = readings[fault.index]
            if isinstance(reading, dict) and reading["ts"] is events[fault.index].get("time"):
                decoded.faults[number] = replace(fault, field="time")
    return decoded


def _reading(limits: Limits, index: int, event: Any) -> dict[str, Any] | Fault:
    if not isinstance(event, dict):
        return Fault(index, None, "an event is an object")
    for name in (*REQUIRED, "subject", "datacontenttype"):
        value = event.get(name)
        if not (value is None and name not in REQUIRED) and not (isinstance(value, str) and value):
            return Fault(index, name, "is required" if value is None else "must be a string that is not empty")
    if event["specversion"] != "1.0":
        return Fault(index, "specversion", f"{event['specversion'][:16]!r} is not read here; it is 1.0")
    data = _data(index, event)
    if isinstance(data, Fault):
        return data
    if isinstance(data.get("values"), dict):
        reading = dict(data)
    else:
        values = metrics_of(data, limits.reading_metrics)
        if isinstance(values, str):
            return Fault(index, "data", values)
        reading = {"values": values}
    source, subject = event["source"], event.get("subject")
    reading.setdefault("device", device_name(subject or source.rstrip("/").rpartition("/")[2]))
    if event.get("time") is not None:
        reading.setdefault("ts", event["time"])
    return reading | {"id": _identity(source, event["id"])}


def _data(index: int, event: Mapping[str, Any]) -> dict[str, Any] | Fault:
    """The event's data, which is an object."""
    content = event.get("datacontenttype") or "application/json"
    if not _json_type.match(content.partition(";")[0].strip().lower()):
        return Fault(index, "datacontenttype", f"{content[:64]!r} is not read here; data is JSON")
    field, data = "data", event.get("data")
    if "data_base64" in event:
        field = "data_base64"
        if data is not None:
            return Fault(index, field, "stands beside data")
        try:
            data = json_text.parsed(base64.b64decode(event[field], validate=True))
        except (binascii.Error, TypeError, ValueError):
            return Fault(index, field, "is not base64")
        except MalformedBody as error:
            return Fault(index, field, error.faults[0].reason)
    if not isinstance(data, dict):
        return Fault(index, field, "must be an object: a reading, or metric and value")
    return data


def _identity(source: str, event_id: str) -> str:
    """One id of both; a hash where they are too long for one, or could be taken for others."""
    both = f"{source}|{event_id}"
    if "|" not in source and _id.match(both):
        return both
    return hashlib.sha256(f"{len(source)}|{both}".encode("utf-8", "surrogatepass")).hexdigest()


EVENT = Format("cloudevents", _structured)
EVENTS = Format("cloudevents", _batch)
BINARY = Format("cloudevents", _binary)
