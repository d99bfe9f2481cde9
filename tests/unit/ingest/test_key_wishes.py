from __future__ import annotations

from typing import Any

import orjson
import pytest

from ingest.key_wishes import NewKey, Rotation, read
from services.device_keys import Scope
from services.errors import InvalidKey, MalformedBody


def test_a_name_is_enough_for_a_key() -> None:
    wish = read(b'{"name":"n"}', NewKey)
    assert (wish.scope(), wish.expires_ms(), wish.note) == (Scope(), None, "")


def test_a_key_may_be_told_everything() -> None:
    asked = {
        "name": "n",
        "note": "x",
        "devices": ["a-*"],
        "metrics": ["t"],
        "readings_per_s": 0.5,
        "devices_max": 3,
        "expires": "2030-01-01T00:00:00Z",
    }
    wish = read(orjson.dumps(asked), NewKey)
    assert wish.scope() == Scope(("a-*",), ("t",), 0.5, 3)
    assert wish.expires_ms() == 1_893_456_000_000


@pytest.mark.parametrize(
    ("asked", "field", "reason"),
    [
        ({}, "name", "is required"),
        ({"name": "n", "device": "a"}, "device", "is not a part of a key"),
        ({"name": "n", "devices": ["a b"]}, "devices[0]", "must be the name of a device"),
        ({"name": "n", "metrics": ["ts!"]}, "metrics[0]", "must be the name of a metric"),
        ({"name": "n", "devices": "a"}, "devices", "Expected array"),
        ({"name": "n", "devices": []}, "devices", "length >= 1"),
        ({"name": "n", "readings_per_s": 0}, "readings_per_s", ">= 0.0001"),
        ({"name": "n", "readings_per_s": 1e-308}, "readings_per_s", ">= 0.0001"),
        ({"name": "n", "expires": "soon"}, "expires", "RFC3339"),
        ({"name": ""}, "name", "length >= 1"),
        ([], None, "object"),
    ],
)
def test_what_is_wrong_is_told_by_field(asked: Any, field: str | None, reason: str) -> None:
    with pytest.raises(InvalidKey) as refused:
        read(orjson.dumps(asked), NewKey)
    fault = refused.value.faults[0]
    assert fault.field == field
    assert reason in fault.reason


@pytest.mark.parametrize("expires", [b"253402300800000", b"1" + b"0" * 30])
def test_a_key_ends_with_the_year_9999_at_the_latest(expires: bytes) -> None:
    with pytest.raises(InvalidKey) as refused:
        read(b'{"name":"n","expires":%s}' % expires, NewKey)
    assert refused.value.faults[0].field == "expires"


def test_what_is_not_json_is_told() -> None:
    with pytest.raises(MalformedBody):
        read(b"{", NewKey)


@pytest.mark.parametrize(("asked", "ms"), [(b"{}", None), (b'{"overlap_s":null}', None), (b'{"overlap_s":1.5}', 1_500)])
def test_an_overlap_has_an_end_or_none(asked: bytes, ms: int | None) -> None:
    assert read(asked, Rotation).overlap_ms() == ms
