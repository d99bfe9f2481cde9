"""CloudEvents in each mode, and what of them becomes of a reading."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.cloudevents import BINARY, EVENT, EVENTS
from services.errors import InvalidReadings, MalformedBody, TooLarge
from services.reading import Decoded, Limits
from tests.format_posts import NOW, blamed, post, told

ATTRIBUTES = {"specversion": "1.0", "id": "A1", "source": "/house/greenhouse-7", "type": "org.example.climate"}
DATA = {"temperature": 21.4}


def decode(body: Any) -> Decoded:
    return EVENT.decode(post(body), Limits(), NOW)


def event(**more: Any) -> dict[str, Any]:
    return {name: value for name, value in (ATTRIBUTES | {"data": DATA} | more).items() if value is not ...}


def read(**more: Any) -> dict[str, Any]:
    decoded = decode(event(**more))
    assert decoded.faults == []
    return told(decoded)[0]


def test_an_event_is_a_reading() -> None:
    assert read(time="2025-01-01T00:00:00Z") == {
        "device": "greenhouse-7",
        "ts": 1735689600000,
        "values": DATA,
        "id": "/house/greenhouse-7|A1",
    }


@pytest.mark.parametrize(
    ("attributes", "device"),
    [
        ({"subject": "bed 3"}, "bed_3"),
        ({"subject": None, "source": "https://example.org/sensors/s1/"}, "s1"),
        ({"source": "urn:dev:ow:10e2"}, "urn:dev:ow:10e2"),
    ],
)
def test_the_subject_is_the_device_else_the_end_of_the_source(attributes: dict[str, Any], device: str) -> None:
    assert read(**attributes)["device"] == device


def test_data_may_be_a_readings_members_and_they_count() -> None:
    members = {
        "device": "d",
        "ts": 1451649600512,
        "values": {"a": 1},
        "units": {"a": "m"},
        "tags": {"x": "y"},
        "id": "i",
    }
    reading = read(data=members, subject="s", time="2025-01-01T00:00:00Z")
    assert reading == members | {"id": "/house/greenhouse-7|A1"}


def test_data_in_base64() -> None:
    assert read(data=..., data_base64=base64.b64encode(b'{"a":1}').decode())["values"] == {"a": 1}


@pytest.mark.parametrize("content", ["application/json; charset=utf-8", "application/vnd.house+json", "text/json"])
def test_data_is_json_of_any_kind(content: str) -> None:
    assert read(datacontenttype=content)["values"] == DATA


def test_a_batch() -> None:
    batch = [event(), event(id="A2", subject="other"), event(id=""), 7]
    decoded = EVENTS.decode(post(batch), Limits(), NOW)
    assert [one["device"] for one in told(decoded)] == ["greenhouse-7", "other"]
    assert blamed(decoded) == [(2, "id"), (3, None)]


def test_binary_mode_has_the_attributes_in_headers() -> None:
    headers = {f"ce_{name}": value for name, value in ATTRIBUTES.items()}
    sent = post(
        DATA, content_type="application/json", ce_time="2025-01-01T00:00:00Z", ce_subject="caf%C3%A9", **headers
    )
    (reading,) = told(BINARY.decode(sent, Limits(), NOW))
    assert reading["device"] == "cafu00E9"
    assert (reading["ts"], reading["values"]) == (1735689600000, DATA)


def test_binary_mode_says_what_is_missing() -> None:
    assert blamed(BINARY.decode(post(DATA, ce_specversion="1.0", ce_id="1"), Limits(), NOW)) == [(0, "source")]
    sent = post(DATA, content_type="text/plain", **{f"ce_{name}": value for name, value in ATTRIBUTES.items()})
    assert blamed(BINARY.decode(sent, Limits(), NOW)) == [(0, "datacontenttype")]


@pytest.mark.parametrize(
    ("attributes", "field"),
    [
        ({"specversion": ...}, "specversion"),
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ...}, "id"),
        ({"id": 7}, "id"),
        ({"source": ""}, "source"),
        ({"type": ...}, "type"),
        ({"subject": ""}, "subject"),
        ({"time": "soon"}, "time"),
        ({"time": "2025-01-01T00:00:00"}, "time"),
        ({"time": 5.5}, "time"),
        ({"time": "1969-01-01T00:00:00Z"}, "time"),
        ({"time": "2025-01-01T00:00:00Z", "data": {"ts": "soon", "values": {"t": 1}}}, "ts"),
        ({"datacontenttype": "text/plain"}, "datacontenttype"),
        ({"data": 21.4}, "data"),
        ({"data": ...}, "data"),
        ({"data": "21.4"}, "data"),
        ({"data": {}}, "values"),
        ({"data": {"t": None}}, "values.t"),
        ({"data": {"a b": 1, "a_b": 1}}, "data"),
        ({"data": {f"m{number}": 1 for number in range(65)}}, "data"),
        ({"data": {"values": {"t": 1}, "other": 1}}, "other"),
        ({"data_base64": "e30="}, "data_base64"),
        ({"data": ..., "data_base64": "?"}, "data_base64"),
        ({"data": ..., "data_base64": 7}, "data_base64"),
        ({"data": ..., "data_base64": "eyI="}, "data_base64"),
        ({"source": "///"}, "device"),
    ],
)
def test_what_is_wrong_with_an_event(attributes: dict[str, Any], field: str) -> None:
    assert blamed(decode(event(**attributes))) == [(0, field)]


def test_what_is_no_event() -> None:
    with pytest.raises(MalformedBody):
        decode(b"{")
    with pytest.raises(MalformedBody):
        EVENTS.decode(post({}), Limits(), NOW)
    with pytest.raises(InvalidReadings):
        EVENTS.decode(post([]), Limits(), NOW)
    with pytest.raises(TooLarge):
        EVENTS.decode(post([event()] * 2), Limits(batch_readings=1), NOW)


texts = st.text(min_size=1, max_size=80).filter(lambda text: json.dumps(text).isascii())


@given(st.tuples(texts, texts), st.tuples(texts, texts))
def test_events_are_the_same_if_source_and_id_are(one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = [read(source=source, id=event_id, subject="s")["id"] for source, event_id in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


def test_an_attribute_of_a_header_that_is_not_utf8_is_refused() -> None:
    sent = post(DATA, ce_specversion="1.0", ce_id="%ff", ce_source="s", ce_type="t", ce_subject="d")
    assert blamed(BINARY.decode(sent, Limits(), NOW)) == [(0, "id")]
