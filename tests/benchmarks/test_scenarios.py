"""Small runs of the scenarios against Windsock. The peers' packages are not the tests': `make bench` runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from benchmarks import report
from benchmarks.load_client import LoadError
from benchmarks.measuring import measure
from benchmarks.plan import FULL, Part, parts
from benchmarks.results import Results, Row
from benchmarks.scenarios import connections, end_to_end, fan_out, intake, kernel, topics
from benchmarks.systems import SYSTEMS
from benchmarks.systems.intake import WindsockIngest

JSON = SYSTEMS["windsock-json"]


def assert_exact(row: Row) -> None:
    faults = {name: row.figures[name] for name in ("lost", "repeated", "disordered", "closed")}
    assert not any(faults.values()), (row.case, faults)


@pytest.mark.parametrize("key", ["windsock-json", "windsock-protobuf", "windsock-plain"])
async def test_each_of_our_dialects_delivers_everything(key: str) -> None:
    rows = [row async for row in fan_out.over_rates([SYSTEMS[key]], 20, (20, 50), 0.5)]
    assert [row.figures["messages_per_s"] for row in rows] == [20, 50]
    for row in rows:
        assert_exact(row)
        assert row.figures["cpu_us"] > 0
        assert 0 < row.figures["p50_ms"] <= row.figures["p99_ms"] <= row.figures["max_ms"]


async def test_crowds_and_topics_are_delivered_to_whole() -> None:
    crowds = [row async for row in fan_out.over_clients([JSON], (5, 10), 20, 0.5)]
    assert [row.figures["clients"] for row in crowds] == [5, 10]
    many = [row async for row in topics.rows([JSON], 20, (1, 4), 200, 0.5)]
    assert [row.figures["clients"] for row in many] == [200, 50]
    for row in (*crowds, *many):
        assert_exact(row)


async def test_posts_are_measured_at_both_ends() -> None:
    loads = (intake.Load(4, 1, 10), intake.Load(2, 50, 10))
    rows = [row async for row in intake.rows([WindsockIngest()], loads, ("always",), 0.5)]
    assert rows[1].figures["readings_per_s"] == pytest.approx(rows[1].figures["posts_per_s"] * 50)
    assert all(row.figures["redis_us_reading"] > 0 for row in rows)


async def test_readings_reach_their_followers_end_to_end() -> None:
    rows = [row async for row in end_to_end.rows(1.0)]
    assert [row.figures["lost"] for row in rows] == [0, 0]
    assert all(0 < row.figures["p50_ms"] < 1_000 for row in rows)


async def test_a_storm_of_returning_clients_recovers() -> None:
    [row] = [row async for row in connections.rows([JSON], 50, 5)]
    figures = row.figures
    assert (figures["recovered"], figures["not_recovered"], figures["lost"], figures["repeated"]) == (50, 0, 0, 0)


async def test_cycles_are_counted() -> None:
    [row] = [row async for row in connections.cycles([JSON], 20, 2)]
    assert row.figures["cycles"] == 2
    assert row.figures["mb_left_last"] > 0


async def test_the_kernel_alone_delivers_everything() -> None:
    rows = [row async for row in kernel.over_rates(20, (50,), 0.5)]
    rows += [row async for row in kernel.over_topics(5, 2, 100, 0.5)]
    assert [(row.figures["lost"], row.figures["closed"]) for row in rows] == [(0, 0), (0, 0)]


async def test_one_part_that_fails_keeps_nothing_from_the_others() -> None:
    async def fails() -> AsyncIterator[Row]:
        yield Row("rates", "broken", "before", {})
        raise LoadError("refused")

    async def works() -> AsyncIterator[Row]:
        yield Row("rates", "sound", "after", {})

    results = Results({})
    await measure(results, [Part("rates", "broken", fails), Part("rates", "sound", works)])
    assert [row.case for row in results.rows] == ["before", "after"]
    assert results.left_out == {"broken, rates": "refused"}


def test_every_system_takes_part() -> None:
    asked = list(parts(FULL, list(SYSTEMS.values())))
    assert {part.system for part in asked if part.scenario == "rates"} >= {system.name for system in SYSTEMS.values()}
    assert {part.scenario for part in asked} == set(report.TABLES)
    assert {part.system for part in asked if part.scenario == "topics"} >= {
        "Centrifugo, JSON",
        "Windsock, plain sockets",
    }
