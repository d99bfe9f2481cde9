from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.chart import Chart, Point, thinned
from services.batch import Batch


def batch(first: int, *readings: dict[str, Any]) -> Batch:
    return Batch("E", 0, first, [orjson.dumps(reading) for reading in readings])


def reading(ts: int, device: str = "a", **values: Any) -> dict[str, Any]:
    return {"device": device, "ts": ts, "values": values}


def series_of(chart: Chart, points: int = 500, most_bytes: int = 500_000) -> list[Any]:
    fragments, _ = chart.shown(points, most_bytes)
    shown: list[Any] = orjson.loads(orjson.dumps(fragments))
    return shown


def test_a_series_stands_in_the_order_of_the_readings_own_time() -> None:
    chart = Chart("device:a", 10)
    chart.add([batch(3, reading(30, t=3), reading(20, t=4))])
    chart.add([batch(1, reading(9, t=1), reading(20, t=2))])
    assert series_of(chart) == [{"device": "a", "metric": "t", "points": [[20, 2], [20, 4], [30, 3]]}]


def test_numbers_and_booleans_are_points_and_texts_are_not() -> None:
    chart = Chart("readings", 0)
    chart.add([batch(1, reading(1, t=1.5, on=True, off=False, said="x", whole=7))])
    found = {one["metric"]: one["points"] for one in series_of(chart)}
    assert found == {"t": [[1, 1.5]], "on": [[1, 1]], "off": [[1, 0]], "whole": [[1, 7]]}
    assert chart.newest["a", "said"].value == "x"


def test_units_are_told_where_they_are_known() -> None:
    chart = Chart("readings", 0)
    chart.add([batch(1, reading(1, t=1) | {"units": {"t": "Cel"}}, reading(2, t=2, h=3))])
    assert [one.get("unit") for one in series_of(chart)] == [None, "Cel"]


def in_unit(ts: int, value: float, unit: str) -> dict[str, Any]:
    return reading(ts, t=value) | {"units": {"t": unit}}


def test_points_of_another_unit_are_told_in_the_unit_of_the_newest() -> None:
    chart = Chart("device:a", 0)
    chart.add([batch(3, in_unit(30, 68, "[degF]"), in_unit(15, 10, "Cel"), reading(20, t=70))])
    chart.add([batch(1, in_unit(10, 20, "Cel"))])
    fragments, complete = chart.shown(500, 500_000)
    (shown,) = orjson.loads(orjson.dumps(fragments))
    assert (shown["unit"], complete) == ("[degF]", True)
    assert shown["points"] == [[10, 68], [15, 50], [20, 70], [30, 68]]


def test_points_that_cannot_be_told_in_that_unit_are_left_out_and_it_is_said() -> None:
    chart = Chart("device:a", 0)
    chart.add([batch(1, in_unit(10, 20, "widget"), in_unit(20, 1_013, "hPa"))])
    fragments, complete = chart.shown(500, 500_000)
    assert orjson.loads(orjson.dumps(fragments))[0]["points"] == [[20, 1_013]]
    assert not complete


@pytest.mark.parametrize("metric", ["unit", "units", "values", "tags"])
def test_a_metric_may_be_called_like_a_member_of_readings(metric: str) -> None:
    chart = Chart("metric:" + metric, 0)
    chart.add([batch(1, {"device": "a", "ts": 1, metric: 5})])
    assert series_of(chart) == [{"device": "a", "metric": metric, "points": [[1, 5]]}]


def test_a_metrics_topic_has_one_series_for_each_device() -> None:
    chart = Chart("metric:t", 0)
    chart.add([batch(1, {"t": 1, "device": "b", "ts": 5}, {"t": 2, "device": "a", "ts": 6})])
    assert [(one["device"], one["metric"], one["points"]) for one in series_of(chart)] == [
        ("a", "t", [[6, 2]]),
        ("b", "t", [[5, 1]]),
    ]


def test_a_device_that_changes_its_unit_has_one_unit_in_a_metrics_topic() -> None:
    chart = Chart("metric:t", 0)
    said = {"t": 20, "device": "a", "ts": 5, "unit": "Cel"}
    chart.add([batch(1, said, {"t": 68, "device": "a", "ts": 6, "unit": "[degF]"})])
    assert series_of(chart) == [{"device": "a", "metric": "t", "unit": "[degF]", "points": [[5, 68], [6, 68]]}]
    assert chart.newest["a", "t"].unit == "[degF]"


def test_the_newest_value_is_the_newest_by_its_own_time_though_it_is_old() -> None:
    chart = Chart("device:a", 100)
    chart.add([batch(2, reading(50, t=2), reading(40, t=3))])
    chart.add([batch(1, reading(50, t=1))])
    assert (chart.newest["a", "t"].ts, chart.newest["a", "t"].value) == (50, 2)
    assert series_of(chart) == []


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=300), st.integers(2, 50))
def test_what_is_thinned_out_keeps_its_ends_and_invents_nothing(values: list[float], limit: int) -> None:
    points: list[Point] = list(enumerate(values))
    kept = thinned(points, limit)
    assert len(kept) <= max(limit, 2)
    assert len(kept) == len(points) or len(kept) == limit or limit > 2
    assert kept == sorted(set(kept))
    assert set(kept) <= set(points)
    assert (kept[0], kept[-1]) == (points[0], points[-1])


def test_a_spike_survives() -> None:
    points: list[Point] = [(n, 0.0) for n in range(10_000)]
    points[4_321] = (4_321, 99.0)
    kept = thinned(points, 100)
    assert len(kept) == 100
    assert points[4_321] in kept


@pytest.mark.parametrize("devices", [1, 50, 3_000])
def test_the_series_stay_within_their_bytes(devices: int) -> None:
    chart = Chart("metric:t", 0)
    values = [
        {"t": n / 3, "device": f"device-{d}", "ts": 1_760_000_000_000 + n}
        for n in range(max(3, 10_000 // devices))
        for d in range(devices)
    ]
    chart.add([batch(1, *values)])
    for most_bytes in (2_000, 100_000):
        fragments, complete = chart.shown(5_000, most_bytes)
        text = orjson.dumps(fragments)
        assert len(text) <= most_bytes + 2
        found = orjson.loads(text)
        assert complete == (len(found) == devices)
        assert all(len(one["points"]) >= 2 for one in found)
        assert len(text) > most_bytes / 2


def test_nothing_is_left_out_that_has_room() -> None:
    chart = Chart("metric:t", 0)
    chart.add([batch(1, *({"t": n, "device": "abc"[n % 3], "ts": n} for n in range(3_000)))])
    assert [len(one["points"]) for one in series_of(chart, points=1_000)] == [1_000] * 3
    assert [len(one["points"]) for one in series_of(chart, points=10)] == [10] * 3
