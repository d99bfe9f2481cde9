from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.chart import Chart
from gateway.clients.centrifuge.commands import FilterNode
from gateway.clients.centrifuge.filters import DEEPEST, MOST_NODES, Filter, tags_of
from gateway.hub import Delivery
from gateway.latest import of_metric
from services.batch import Batch
from services.commit import entry_of
from services.reading import Reading

TAGS = {"device": "greenhouse-7", "temperature": "21.5", "site": "north"}


def leaf(key: str, cmp: str, val: str = "", *vals: str) -> FilterNode:
    return FilterNode(key=key, cmp=cmp, val=val, vals=list(vals))


@pytest.mark.parametrize(
    ("node", "matches"),
    [
        (leaf("site", "eq", "north"), True),
        (leaf("site", "eq", "south"), False),
        (leaf("none", "eq", ""), False),
        (leaf("site", "neq", "south"), True),
        (leaf("none", "neq", "x"), True),
        (leaf("site", "in", "", "north", "east"), True),
        (leaf("none", "in", "", "north"), False),
        (leaf("site", "nin", "", "east"), True),
        (leaf("none", "nin", "", "east"), True),
        (leaf("site", "ex"), True),
        (leaf("none", "ex"), False),
        (leaf("none", "nex"), True),
        (leaf("device", "sw", "greenhouse-"), True),
        (leaf("device", "ew", "-7"), True),
        (leaf("device", "ct", "house"), True),
        (leaf("none", "sw", ""), False),
        (leaf("temperature", "gt", "21.4"), True),
        (leaf("temperature", "gte", "21.5"), True),
        (leaf("temperature", "lt", "100"), True),
        (leaf("temperature", "lte", "3"), False),
        (leaf("site", "gt", "3"), False),
        (leaf("none", "lt", "3"), False),
        (FilterNode(op="and", nodes=[leaf("site", "ex"), leaf("none", "ex")]), False),
        (FilterNode(op="or", nodes=[leaf("site", "ex"), leaf("none", "ex")]), True),
        (FilterNode(op="not", nodes=[leaf("none", "ex")]), True),
    ],
)
def test_a_filter_matches_by_tags(node: FilterNode, matches: bool) -> None:
    assert Filter(node).matches(TAGS) is matches


def nested(depth: int) -> FilterNode:
    return FilterNode(op="not", nodes=[nested(depth - 1)]) if depth else leaf("a", "ex")


@pytest.mark.parametrize(
    "node",
    [
        FilterNode(),
        leaf("a", "like", "x"),
        leaf("", "ex"),
        leaf("a", "gt", "warm"),
        leaf("a", "gt", "nan"),
        FilterNode(op="and"),
        FilterNode(op="xor", nodes=[leaf("a", "ex")]),
        FilterNode(op="not", nodes=[leaf("a", "ex")] * 2),
        FilterNode(key="a", cmp="ex", nodes=[leaf("a", "ex")]),
        FilterNode(op="or", nodes=[leaf("a", "ex")] * MOST_NODES),
        nested(DEEPEST),
    ],
)
def test_what_is_no_filter_or_too_large_a_one_is_refused(node: FilterNode) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever part of it is wrong
        Filter(node)


def test_tags_are_values_own_tags_and_plain_members_as_text() -> None:
    reading = b'{"device":"a","ts":5,"values":{"t":1.5,"on":true},"tags":{"site":"x","device":"b"},"units":{"t":"C"}}'
    metric = b'{"t":1,"device":"a","ts":5}'
    assert tags_of(Batch("E", 0, 1, [reading, metric, b"[1]", b'{"a":null,"b":{}}'])) == [
        {"device": "a", "ts": "5", "t": "1.5", "on": "true", "site": "x"},
        {"t": "1", "device": "a", "ts": "5"},
        {},
        {},
    ]


@pytest.mark.parametrize(
    ("message", "unit"),
    [
        (b'{"t":1,"device":"a","ts":5,"unit":"Cel"}', "Cel"),
        (b'{"t":1,"device":"a","ts":5,"unit":"Cel","tags":{"unit":"flat 4"}}', "flat 4"),
        (b'{"unit":"x","values":{"unit":"y"}}', "x"),
        (b'{"device":"a","ts":5,"values":{"unit":7}}', "7"),
        (b'{"device":"a","ts":5,"values":{"unit":7},"tags":{"unit":"flat 4"}}', "flat 4"),
    ],
)
def test_a_unit_is_a_tag_that_gives_way_to_own_tags_only(message: bytes, unit: str) -> None:
    assert tags_of(Batch("E", 0, 1, [message]))[0]["unit"] == unit


def test_a_metric_called_unit_is_published_snapshotted_and_filtered_as_any_other() -> None:
    """Though its unit is told nowhere."""
    units = {"unit": "m"}
    readings = [Reading("a", {"unit": n}, ts=n, units=units, tags={"unit": "flat 4"}) for n in (1, 2)]
    batch = Batch("E", 0, 1, [line for reading in readings for line in entry_of(reading).lines])
    chart = Chart("metric:unit", 0)
    chart.add([batch])
    series, complete = chart.shown(100, 10_000)
    assert (orjson.loads(orjson.dumps(series)), complete) == (
        [{"device": "a", "metric": "unit", "points": [[1, 1], [2, 2]]}],
        True,
    )
    assert orjson.loads(of_metric("unit", chart.newest, 10, 1_000).text) == [{"unit": 2, "device": "a", "ts": 2}]
    found = Filter(leaf("unit", "gt", "1")).wanted(Delivery("metric:unit", batch))
    assert [(one.first, one.last) for one in found] == [(2, 2)]


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_what_is_wanted_keeps_its_offsets(wanted: list[bool]) -> None:
    batch = Batch("E", 0, 5, [b'{"n":%d}' % is_wanted for is_wanted in wanted])
    found = Filter(leaf("n", "eq", "1")).wanted(Delivery("readings", batch))
    offsets = [offset for one in found for offset in range(one.first, one.last + 1)]
    assert offsets == [offset for offset, is_wanted in enumerate(wanted, 5) if is_wanted]
    assert all(payload == b'{"n":1}' for one in found for payload in one.payloads)
