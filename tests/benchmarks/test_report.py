"""From figures to tables and verdicts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.goals import DAPHNE, GOALS, JSON
from benchmarks.results import Results, Row

ROOT = Path(__file__).parents[2]


def rated(system: str, rate: float, cpu_us: float, delivered: float, p99_ms: float = 10.0, lost: float = 0) -> Row:
    figures = {
        "clients": 900.0,
        "messages_per_s": rate,
        "cpu_us": cpu_us,
        "delivered_per_s": delivered,
        "p99_ms": p99_ms,
        "lost": lost,
    }
    return Row("rates", system, f"{rate:g} messages/s", figures | {"kb_per_client": 20.0})


def results(*rows: Row) -> Results:
    return Results({"date": "today"}, list(rows))


def verdict(text: str, measured: Results) -> str:
    lines = [line for line in report.markdown(measured, None).splitlines() if line.startswith(f"| {text}")]
    return lines[0].rsplit("|", 2)[1].strip() if lines else "not measured"


def test_results_come_back_from_their_file() -> None:
    kept = results(rated(JSON, 20, 7.0, 18_000))
    kept.left_out = {"Centrifugo": "not on the PATH"}
    assert Results.loads(kept.dumps()) == kept


def test_nothing_measured_is_no_goal_met() -> None:
    assert [goal.figure(results()) for goal in GOALS] == [None] * len(GOALS)


@pytest.mark.parametrize(("cpu_us", "said"), [(1.5, "met"), (1.51, "**missed**")])
def test_a_bound_is_met_or_missed(cpu_us: float, said: str) -> None:
    assert verdict("CPU µs/delivery, 900 clients, 1,000", results(rated(JSON, 1_000, cpu_us, 900_000))) == said


def test_what_was_not_measured_has_no_verdict() -> None:
    assert verdict("single POST/s", results(rated(JSON, 20, 7.0, 18_000))) == "not measured"


def test_saturation_is_where_most_is_delivered_in_time_and_whole() -> None:
    ours = [rated(JSON, 1_000, 1.0, 900_000), rated(JSON, 2_000, 0.5, 1_000_000, p99_ms=400.0)]
    theirs = [rated(DAPHNE, 5, 150.0, 4_000), rated(DAPHNE, 20, 99.0, 5_000, p99_ms=9_000.0, lost=7)]
    assert verdict("Channels on daphne ÷ Windsock", results(*ours, *theirs)) == "met"
    assert verdict("Channels on daphne ÷ Windsock", results(ours[0], theirs[1])) == "**missed**"


def test_another_size_is_another_goal() -> None:
    few = rated(JSON, 1_000, 1.0, 200_000)
    few.figures["clients"] = 200
    assert verdict("CPU µs/delivery, 900 clients, 1,000", results(few)) == "not measured"


def test_what_came_late_or_was_lost_is_not_the_most_in_time() -> None:
    late, lossy = rated(JSON, 2_000, 0.5, 900_000, p99_ms=51), rated(JSON, 1_000, 1.0, 800_000, lost=1)
    assert verdict("deliveries/s with p99 < 50 ms", results(late, lossy)) == "not measured"
    assert (
        verdict("deliveries/s with p99 < 50 ms", results(late, lossy, rated(JSON, 300, 3.0, 270_000))) == "**missed**"
    )


def test_a_storm_must_lose_and_repeat_nothing() -> None:
    def stormy(lost: float, repeated: float) -> Results:
        figures = {"clients": 10_000.0, "not_recovered": 0.0, "lost": lost, "repeated": repeated}
        return results(Row("connections", JSON, "10,000 clients", figures))

    assert verdict("lost or repeated", stormy(0, 0)) == "met"
    assert verdict("lost or repeated", stormy(1, 0)) == "**missed**"
    assert verdict("lost or repeated", stormy(0, 1)) == "**missed**"


def test_the_summary_has_a_line_for_each_system() -> None:
    lines = report.summary(results(rated(JSON, 20, 7.04, 18_000), rated(JSON, 1_000, 1.0, 900_000))).splitlines()
    assert lines[2:] == ["| Windsock, JSON | 7.0 | 1.00 | 900,000 | 10 ms | 20 |"]


def test_the_readme_shows_a_run_that_is_kept() -> None:
    readme = (ROOT / "README.md").read_text()
    [day] = re.findall(r"\(benchmarks/results/([0-9-]+)\.png\)", readme)
    kept = [ROOT / "benchmarks" / "results" / f"{day}.{kind}" for kind in ("json", "md", "png")]
    assert all(file.exists() for file in kept)
    assert report.summary(Results.loads(kept[0].read_bytes())) in readme
