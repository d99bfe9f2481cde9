from __future__ import annotations

from typing import Any

import orjson

from gateway.latest import Newest, merged, of_device, of_metric, of_readings, values_of
from services.stream import Latest


def state(metrics: int, value: Any = 1) -> Latest:
    return Latest("a", 5, 6, {f"m{n}": {"value": value, "ts": 5} for n in range(metrics)}, {"site": "x"})


def test_a_devices_values_are_shown_as_the_api_shows_them() -> None:
    shown = of_device(state(2), 1_000)
    assert (orjson.loads(shown.text), shown.complete) == (state(2).as_dict(), True)
    assert of_device(None, 10).text == b"null"


def test_values_for_which_there_is_no_room_are_left_out() -> None:
    shown = of_device(state(500, "x" * 200), 10_000)
    assert not shown.complete
    assert 5_000 < len(shown.text) <= 10_000


def test_older_values_come_from_the_states_and_newer_ones_do_not() -> None:
    read = {("a", "t"): Newest(50, 1), ("b", "t"): Newest(10, 2)}
    states = {
        ("a", "t"): Newest(70, 9),
        ("b", "t"): Newest(20, 3, "Cel"),
        ("c", "t"): Newest(30, 4),
        ("d", "t"): Newest(60, 9),
    }
    assert merged(read, states, before_ms=40) == {
        ("a", "t"): Newest(50, 1),
        ("b", "t"): Newest(20, 3, "Cel"),
        ("c", "t"): Newest(30, 4),
    }


def test_rows_are_bounded_in_number_and_bytes() -> None:
    values = {(device, "t"): Newest(5, 1) for device in "cab"}
    assert orjson.loads(of_metric("t", values, 10, 1_000).text) == [
        {"t": 1, "device": device, "ts": 5} for device in "abc"
    ]
    assert orjson.loads(of_metric("t", {("a", "t"): Newest(5, 1, "Cel")}, 10, 1_000).text) == [
        {"t": 1, "device": "a", "ts": 5, "unit": "Cel"}
    ]
    for most, most_bytes in ((2, 1_000), (10, 70)):
        shown = of_readings(values, most, most_bytes)
        assert not shown.complete
        assert [row["device"] for row in orjson.loads(shown.text)] in (["a"], ["a", "b"])
    assert orjson.loads(of_readings(values_of([state(1)]), 10, 1_000).text) == [
        {"device": "a", "latest": {"m0": {"value": 1, "ts": 5}}}
    ]
