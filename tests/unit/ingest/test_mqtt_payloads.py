from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.line_protocol import LineProtocol
from ingest.mqtt.payloads import NAMES, Payloads
from ingest.mqtt.templates import Place
from services.errors import WindsockError
from services.reading import Decoded, Limits

NOW = 1_790_000_000_000
DEVICE = Place("a")
METRIC = Place("a", "light")
PAYLOADS = Payloads(LineProtocol(["device", "host"], "{measurement}.{field}"))
SENML = '[{"bn":"a/","n":"t","u":"Cel","bt":1780000000.5,"v":1},{"n":"on","vb":true}]'


def read(payload: bytes | str, place: Place = DEVICE, kind: str = "json", *, ids: bool = False) -> Decoded:
    body = payload.encode() if isinstance(payload, str) else payload
    return PAYLOADS.read(kind, place, "t/a", body, Limits(), NOW, ids=ids)


def told(decoded: Decoded) -> list[Any]:
    return [None if one is None else (one.device, one.values, one.ts, one.tags) for one in decoded.readings]


@pytest.mark.parametrize(
    ("payload", "place", "kind", "readings"),
    [
        ('{"temperature":21.4,"on":true}', DEVICE, "json", [("a", {"temperature": 21.4, "on": True}, NOW, None)]),
        ('{"values":{"t":1},"ts":1780000000123}', DEVICE, "json", [("a", {"t": 1}, 1_780_000_000_123, None)]),
        ('{"device":"a","values":{"t":1}}', DEVICE, "json", [("a", {"t": 1}, NOW, None)]),
        ('{"device":"b","values":{"t":1}}', Place(), "json", [("b", {"t": 1}, NOW, None)]),
        ('[{"t":1},{"values":{"t":2}}]', DEVICE, "json", [("a", {"t": 1}, NOW, None), ("a", {"t": 2}, NOW, None)]),
        ("21.4", METRIC, "json", [("a", {"light": 21.4}, NOW, None)]),
        ('"on"', METRIC, "json", [("a", {"light": "on"}, NOW, None)]),
        ('{"x":1}', METRIC, "json", [("a", {"light.x": 1}, NOW, None)]),
        ('{"t":1}', Place("a", None, {"site": "x"}), "json", [("a", {"t": 1}, NOW, {"site": "x"})]),
        (
            '{"values":{"t":1},"tags":{"site":"mine","b":"c"}}',
            Place("a", None, {"site": "x"}),
            "json",
            [("a", {"t": 1}, NOW, {"site": "x", "b": "c"})],
        ),
        ("21.4", METRIC, "text", [("a", {"light": 21.4}, NOW, None)]),
        (" 7\n", METRIC, "text", [("a", {"light": 7}, NOW, None)]),
        ("true", METRIC, "text", [("a", {"light": True}, NOW, None)]),
        ("ON", METRIC, "text", [("a", {"light": "ON"}, NOW, None)]),
        ("21,4 °C", METRIC, "text", [("a", {"light": "21,4 °C"}, NOW, None)]),
        ('{"a":1}', METRIC, "text", [("a", {"light": '{"a":1}'}, NOW, None)]),
        ('{"device":"b","values":{"t":1}}\n', Place(), "lines", [("b", {"t": 1}, NOW, None)]),
        ('{"device":"a","values":{"t":1}}', Place("a", None, {"s": "x"}), "lines", [("a", {"t": 1}, NOW, {"s": "x"})]),
        (SENML, DEVICE, "senml", [("a", {"t": 1, "on": True}, 1_780_000_000_500, None)]),
        (SENML, Place(None, None, {"s": "x"}), "senml", [("a", {"t": 1, "on": True}, 1_780_000_000_500, {"s": "x"})]),
        (
            "m,host=a,room=r t=1,h=2i 1780000000123456789\n# nothing\nm,host=b t=3\n",
            Place(None, None, {"s": "x"}),
            "influx",
            [
                ("a", {"m.t": 1, "m.h": 2}, 1_780_000_000_123, {"room": "r", "s": "x"}),
                ("b", {"m.t": 3}, NOW, {"s": "x"}),
            ],
        ),
        ("# nothing", DEVICE, "influx", []),
    ],
)
def test_payloads_are_readings(payload: str, place: Place, kind: str, readings: list[Any]) -> None:
    decoded = read(payload, place, kind)
    assert told(decoded) == readings
    assert decoded.faults == []


@pytest.mark.parametrize(
    ("payload", "place", "kind", "reason"),
    [
        (b"", DEVICE, "json", "malformed"),
        (b"\xff", DEVICE, "json", "malformed"),
        (b"\xff", METRIC, "text", "UTF-8"),
        (b"nan", METRIC, "text", "no value"),
        (b"", METRIC, "text", "no value"),
        (b"[]", DEVICE, "json", "empty"),
        (b"[" * 200, DEVICE, "json", "malformed"),
        (b"{}", DEVICE, "senml", "array of records"),
        (b'[{"bver":11,"n":"a/t","v":1}]', DEVICE, "senml", "none of the versions"),
    ],
)
def test_a_payload_that_is_none_is_refused_with_a_reason(payload: bytes, place: Place, kind: str, reason: str) -> None:
    with pytest.raises(WindsockError, match=reason):
        read(payload, place, kind)


@pytest.mark.parametrize(
    ("payload", "place", "kind", "field"),
    [
        ('{"t":1}', Place("a b"), "json", "device"),
        ('{"t":1}', Place(), "json", "device"),
        ('{"device":"a","temperature":1}', DEVICE, "json", "values.device"),
        ("7", Place("a", "b c"), "json", "values.b c"),
        ("null", METRIC, "json", "values.light"),
        ("21.4", DEVICE, "json", None),
        ('{"device":"b","values":{"t":1}}', DEVICE, "json", "device"),
        ('{"device":7,"values":{"t":1}}', DEVICE, "json", "device"),
        ('{"device":"b","values":{"t":1}}', DEVICE, "lines", "device"),
        ('[{"n":"b/t","v":1}]', DEVICE, "senml", "device"),
        ('[{"n":"a/t","v":"1"}]', DEVICE, "senml", "v"),
        ("m,host=b t=1", DEVICE, "influx", "device"),
        ("m,host=a t=1 1780000000", DEVICE, "influx", "time"),
    ],
)
def test_a_reading_that_is_wrong_names_the_field(payload: str, place: Place, kind: str, field: str | None) -> None:
    (fault,) = read(payload, place, kind).faults
    assert fault.field == field


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ('{"t":{}}', "Expected"),
        ('{"device":"v9","values":{"t":2}}', "is 'v9', but the topic is of 'a'"),
        ("2", "{metric}"),
        ("null", "{metric}"),
        ("[2]", "{metric}"),
    ],
)
def test_the_good_readings_of_a_message_are_kept(wrong: str, reason: str) -> None:
    decoded = read(f'[{{"values":{{"t":1}}}},{wrong},{{"t":3}}]')
    assert told(decoded) == [("a", {"t": 1}, NOW, None), None, ("a", {"t": 3}, NOW, None)]
    (fault,) = decoded.faults
    assert fault.index == 1
    assert reason in fault.reason


def test_a_reading_with_a_time_of_its_own_gets_an_id_that_is_the_same_when_it_comes_again() -> None:
    payload = '[{"values":{"t":1},"ts":1780000000123},{"t":1},{"values":{"t":1},"ts":1780000000123,"id":"mine"}]'
    once = [one.id for one in read(payload, ids=True).readings if one]
    again = [one.id for one in read(payload, ids=True).readings if one]
    assert once == again
    assert once[0] is not None
    assert once[0].startswith("mqtt-")
    assert once[1:] == [None, "mine"]
    other = read(payload.replace('"t":1', '"t":2'), ids=True).readings[0]
    assert other is not None
    assert other.id != once[0]


def test_ids_can_be_switched_off() -> None:
    (reading,) = read('{"values":{"t":1},"ts":1780000000123}').readings
    assert reading is not None
    assert reading.id is None


@given(st.binary() | st.text().map(str.encode), st.sampled_from(NAMES), st.sampled_from([DEVICE, METRIC]))
def test_any_bytes_are_readings_or_refused(payload: bytes, kind: str, place: Place) -> None:
    try:
        decoded = read(payload, place, kind, ids=True)
    except WindsockError:
        return
    assert len(decoded.faults) == decoded.readings.count(None)


def test_a_line_of_another_device_is_told_by_its_number() -> None:
    decoded = read("# of two\n\nm,host=a t=1\nm,host=b t=1\n", kind="influx")
    assert [fault.index for fault in decoded.faults] == [3]


OWN = 1_780_000_000_000
"""A time that a reading has of its own."""


@pytest.mark.parametrize(
    ("kind", "payload", "has_id"),
    [
        (
            "lines",
            f'{{"device":"a","values":{{"t":1}},"ts":{OWN}}}\n{{"device":"a","values":{{"t":1}}}}',
            [True, False],
        ),
        ("influx", f"m,host=a t=1 {OWN}000000\nm,host=a t=2", [True, False]),
        (
            "senml",
            f'[{{"bn":"a/","n":"t","t":{OWN // 1000},"v":1}},{{"n":"t","t":-5,"v":1}},{{"n":"u","v":1}}]',
            [True, False, False],
        ),
    ],
)
def test_a_reading_with_a_time_of_its_own_has_the_same_id_whenever_its_message_comes(
    kind: str, payload: str, has_id: list[bool]
) -> None:
    def ids(payload: str, topic: str = "t/a", now: int = NOW, *, asked: bool = True) -> list[str | None]:
        decoded = PAYLOADS.read(kind, Place(), topic, payload.encode(), Limits(), now, ids=asked)
        return [one.id for one in decoded.readings if one is not None]

    first = ids(payload)
    assert [one is not None for one in first] == has_id
    assert ids(payload, now=NOW + 12_345) == first
    assert ids(payload, "t/b")[0] not in (None, first[0])
    assert ids(payload + "\n")[0] not in (None, first[0])
    assert ids(payload, asked=False) == [None] * len(has_id)


def test_an_id_of_its_own_stays() -> None:
    line = f'{{"device":"a","id":"mine","values":{{"t":1}},"ts":{OWN}}}'
    (one,) = read(line, Place(), "lines", ids=True).readings
    assert one is not None
    assert one.id == "mine"
