from __future__ import annotations

from typing import Any

import pytest

from ingest.formats.thingsboard import telemetry_of
from services.errors import InvalidReadings, MalformedBody, TooLarge
from services.reading import Decoded, Limits
from tests.format_posts import NOW, blamed, post, told


def decode(body: Any) -> Decoded:
    return telemetry_of("d").decode(post(body), Limits(), NOW)


@pytest.mark.parametrize(
    ("body", "readings"),
    [
        ({"temperature": 21.4, "on": True, "note": "x"}, [(NOW, {"temperature": 21.4, "on": True, "note": "x"})]),
        ({"ts": 1451649600512, "values": {"key1": "v", "key2": 2}}, [(1451649600512, {"key1": "v", "key2": 2})]),
        ({"values": {"a": 1}}, [(NOW, {"a": 1})]),
        ([{"a": 1}, {"ts": 1451649600512, "values": {"b": 2}}], [(NOW, {"a": 1}), (1451649600512, {"b": 2})]),
        ({"air temperature": 1, "ts": 5}, [(NOW, {"air_temperature": 1, "_ts": 5})]),
    ],
)
def test_what_devices_send(body: Any, readings: list[Any]) -> None:
    decoded = decode(body)
    assert decoded.faults == []
    assert [(one["ts"], one["values"]) for one in told(decoded)] == readings
    assert {one["device"] for one in told(decoded)} == {"d"}


@pytest.mark.parametrize(
    ("body", "index", "field"),
    [
        ([{"a": 1}, 7], 1, None),
        ({"a": None}, 0, "values.a"),
        ({"a": {"b": 1}}, 0, "values.a"),
        ({"ts": 1451649600, "values": {"a": 1}}, 0, "ts"),
        ({"ts": "soon", "values": {"a": 1}}, 0, "ts"),
        ({"a b": 1, "a_b": 2}, 0, "values"),
        ({f"m{number}": 1 for number in range(65)}, 0, "values"),
        ({}, 0, "values"),
    ],
)
def test_what_is_wrong_is_told(body: Any, index: int, field: str | None) -> None:
    assert blamed(decode(body)) == [(index, field)]


def test_what_is_no_telemetry() -> None:
    with pytest.raises(MalformedBody):
        decode(b"{")
    with pytest.raises(InvalidReadings):
        decode([])
    with pytest.raises(TooLarge):
        decode([{"a": 1}] * 5_001)
