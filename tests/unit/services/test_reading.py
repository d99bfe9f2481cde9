from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import Fault, InvalidReadings, MalformedBody, TooLarge, WindsockError
from services.reading import BLAMED, Limits, checked, decode

NOW = 1_760_000_000_000
LIMITS = Limits(batch_readings=3, reading_metrics=2, ts_ahead_s=86_400)


def refused(body: str) -> InvalidReadings:
    with pytest.raises(InvalidReadings) as caught:
        decode(body.encode(), "json", LIMITS, NOW).all_or_raise()
    return caught.value


@pytest.mark.parametrize(
    ("member", "field", "reason"),
    [
        ('"device":"a b","values":{"t":1}', "device", "must be 1 to 128"),
        ('"device":"","values":{"t":1}', "device", "must be 1 to 128"),
        ('"device":7,"values":{"t":1}', "device", "Expected str"),
        ('"values":{"t":1}', "device", "is required"),
        ('"device":"a"', "values", "is required"),
        ('"device":"a","values":{}', "values", "is empty"),
        ('"device":"a","values":{"t":null}', "values.t", "got null"),
        ('"device":"a","values":{"t":""}', "values.t", "length >= 1"),
        ('"device":"a","values":{"t":NaN}', "values.t", "not a finite number"),
        ('"device":"a","values":{"t":1e999}', "values.t", "not a finite number"),
        ('"device":"a","values":{"t":123456789012345678901}', "values.t", "<="),
        ('"device":"a","values":{"t":"\\ud800"}', "values.t", "surrogate"),
        ('"device":"a","values":{"t":1},"tags":{"\\ud800":"v"}', "tags.?", "surrogate"),
        ('"device":"a","values":{"t":1},"units":{"\\ud800":"v"}', "units.?", "surrogate"),
        ('"device":"a","values":{"t":1},"\\ud800":1', "?", "surrogate"),
        ('"device":"a","values":{"t":' + "[" * 500 + "]" * 500 + "}", "values.t" + "[0]" * 8, "nested too deeply"),
        ('"device":"a","values":{"a b":1}', "values.a b", "must be 1 to 64"),
        ('"device":"a","values":{"ts":1}', "values.ts", "not be device, ts or position"),
        ('"device":"a","values":{"a":1,"b":2,"c":3}', "values", "at most 2"),
        ('"device":"a","values":{"t":1},"colour":"red"', "colour", "is not a field"),
        ('"device":"a","values":{"t":1},"ts":1760086400001', "ts", "ahead"),
        ('"device":"a","values":{"t":1},"ts":-1', "ts", "before 1970"),
        ('"device":"a","values":{"t":1},"ts":1700000000', "ts", "looks like seconds"),
        ('"device":"a","values":{"t":1},"ts":"yesterday"', "ts", "RFC3339"),
        ('"device":"a","values":{"t":1},"tags":{"k":1}', "tags.k", "Expected str"),
    ],
)
def test_a_refused_reading_names_index_field_and_reason(member: str, field: str, reason: str) -> None:
    error = refused('[{"device":"ok","values":{"t":1}},{' + member + "}]")
    fault = error.faults[0]
    assert (fault.index, fault.field) == (1, field)
    assert reason in fault.reason


@pytest.mark.parametrize("body", ["", "  ", "[{", "nonsense", '{"a":1}{"a":2}', "[" * 50_000])
def test_what_is_not_json_is_malformed(body: str) -> None:
    with pytest.raises(MalformedBody):
        decode(body.encode(), "json", LIMITS, NOW)


def test_bytes_that_are_not_utf_8_are_malformed() -> None:
    with pytest.raises(MalformedBody):
        decode(b'[{"device":"\xff"}]', "json", LIMITS, NOW)


def test_an_empty_batch_and_one_that_is_too_large_are_refused() -> None:
    assert "empty" in str(refused("[]"))
    with pytest.raises(TooLarge):
        decode(json.dumps([{"device": "a", "values": {"t": 1}}] * 4).encode(), "json", LIMITS, NOW)


def test_times_become_unix_milliseconds() -> None:
    body = b"""{"device":"a","values":{"t":1}}
{"device":"a","values":{"t":1},"ts":"2025-10-09T08:53:20.123Z"}
{"device":"a","values":{"t":1},"ts":5}"""
    readings = decode(body, "lines", LIMITS, NOW).all_or_raise()
    assert [reading.ts for reading in readings] == [NOW, NOW + 123, 5]


def test_good_readings_beside_bad_ones_are_kept_in_their_places() -> None:
    decoded = decode(b'[{"device":"a","values":{"t":1}},{"device":"a"}]', "json", LIMITS, NOW)
    assert [reading is None for reading in decoded.readings] == [False, True]
    assert [fault.index for fault in decoded.faults] == [1]


def test_a_bad_line_is_named_by_its_index() -> None:
    decoded = decode(b'{"device":"a","values":{"t":1}}\n\nnope\n', "lines", LIMITS, NOW)
    assert [(fault.index, fault.field) for fault in decoded.faults] == [(1, None)]


def test_the_payload_is_one_line_of_json_with_what_was_sent() -> None:
    body = '{"device":"a","values":{"t":1.5,"on":true},"ts":5,"id":"k","units":{"t":"Cel"},"tags":{"site":"x\\ny"}}'
    payload = decode(body.encode(), "json", LIMITS, NOW).all_or_raise()[0].payload()
    assert json.loads(payload) == json.loads(body)
    assert b"\n" not in payload


def test_what_a_format_made_is_checked_in_the_same_way() -> None:
    elements = [
        {"device": "a", "values": {"t": 1.5}, "tags": {"x": "y"}},
        {"device": "a b", "values": {"t": 1}},
        Fault(2, "line", "is none"),
        {"device": "a", "values": {"t": math.inf}},
        {"device": "a", "values": {"t": 2}, "ts": 5},
        {"device": "a", "values": {"t": 2}, "other": 5},
    ]
    decoded = checked(elements, Limits(), NOW)
    assert [(fault.index, fault.field) for fault in decoded.faults] == [
        (1, "device"),
        (2, "line"),
        (3, "values.t"),
        (5, "other"),
    ]
    taken = [reading and (reading.ts, reading.values) for reading in decoded.readings]
    assert taken == [(NOW, {"t": 1.5}), None, None, None, (5, {"t": 2}), None]
    numbered = decoded.numbered(range(10, 20))
    assert [fault.index for fault in numbered.faults] == [11, 12, 13, 15]
    assert (decoded.place(4), numbered.place(4)) == (4, 14)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 2**63, None, [1], ""])
def test_no_value_comes_from_a_format_that_json_could_not_say(value: object) -> None:
    (fault,) = checked([{"device": "a", "values": {"t": value}}], LIMITS, NOW).faults
    assert (fault.index, fault.field) == (0, "values.t")


def test_nothing_and_too_much_of_what_a_format_made() -> None:
    with pytest.raises(InvalidReadings):
        checked([], LIMITS, NOW)
    with pytest.raises(TooLarge):
        checked([{"device": "a", "values": {"t": 1}}] * 2, Limits(batch_readings=1), NOW)


@pytest.mark.parametrize("name", ["values", "units", "tags"])
def test_too_many_entries_are_told_whether_they_are_good_or_not(name: str) -> None:
    for value in ("x", None):
        reading = {"device": "a", "values": {"t": 1}} | {name: dict.fromkeys("abc", value)}
        for good in ({"device": "a", "values": {"t": 1}}, {"device": "a", "values": {"t": None}}):
            fault = decode(json.dumps([reading, good]).encode(), "json", LIMITS, NOW).faults[0]
            assert (fault.index, fault.field, fault.reason) == (0, name, f"has 3 {name}; at most 2 are taken")


def test_of_very_many_faults_the_later_do_not_name_the_value() -> None:
    body = json.dumps([{"device": "a", "values": {"t": 1, "u": None}}] * (BLAMED + 1)).encode()
    faults = decode(body, "json", Limits(), NOW).faults
    assert [fault.field for fault in faults] == ["values.u"] * BLAMED + ["values"]
    assert faults[0].reason == faults[-1].reason


def test_names_are_not_repeated_in_full_nor_for_each_member() -> None:
    long = "k" * 100_000
    members: list[dict[str, Any]] = [
        {long: 1},
        {"tags": {long: 1}},
        {"values": {long: [0.5] * 100_000}},
        {"x": {long: [[]] * 100_000}},
    ]
    for member in members:
        (fault,) = checked([{"device": "a", "values": {"t": 1}} | member], LIMITS, NOW).faults
        assert len(fault.field or "") < 100


def test_half_a_surrogate_pair_behind_many_members_is_told() -> None:
    reading = {"device": "a", "values": {"t": 1}} | {f"x{n}": 1 for n in range(100)} | {"\ud800": 1}
    (fault,) = checked([reading], LIMITS, NOW).faults
    json.dumps(fault.as_dict(), ensure_ascii=False).encode()


@given(st.binary(max_size=200), st.sampled_from(["json", "lines"]))
def test_no_bytes_raise_anything_unexpected(body: bytes, shape: str) -> None:
    with contextlib.suppress(WindsockError):
        decode(body, "lines" if shape == "lines" else "json", LIMITS, NOW)


documents = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["device", "values", "ts", "tags", "units", "id", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(documents)
def test_no_json_raises_anything_unexpected(document: object) -> None:
    with contextlib.suppress(WindsockError):
        decode(json.dumps(document).encode(), "json", LIMITS, NOW)
