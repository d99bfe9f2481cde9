"""Results as Markdown tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import goals
from benchmarks.results import Results, Row


@dataclass(frozen=True, slots=True)
class Column:
    """A figure and how a table shows it."""

    figure: str
    heading: str
    shape: str = ",.0f"

    def shown(self, row: Row) -> str:
        return format(row.figures[self.figure], self.shape) if self.figure in row.figures else "–"


DELIVERY = (
    Column("cpu_us", "CPU µs/delivery", ",.2f"),
    Column("delivered_per_s", "deliveries/s"),
    Column("offered_per_s", "offered/s"),
    Column("p50_ms", "p50 ms", ",.1f"),
    Column("p99_ms", "p99 ms", ",.1f"),
    Column("max_ms", "max ms", ",.1f"),
    Column("kb_per_client", "KB/connection", ",.1f"),
    Column("lost", "lost"),
    Column("closed", "closed"),
    Column("repeated", "repeated"),
    Column("disordered", "out of order"),
    Column("cpu_share", "server, cores", ",.2f"),
    Column("load_share", "load client, cores", ",.2f"),
    Column("publisher_late_ms", "publisher late ms"),
)
TABLES: dict[str, tuple[str, Sequence[Column]]] = {
    "rates": ("Fan-out: one topic, more and more messages a second", DELIVERY),
    "clients": ("Fan-out: one topic, more and more clients", DELIVERY),
    "topics": ("Many topics", DELIVERY),
    "intake": (
        "Intake",
        (
            Column("posts_per_s", "POST/s"),
            Column("readings_per_s", "readings/s"),
            Column("cpu_us_post", "CPU µs/POST", ",.1f"),
            Column("cpu_us_reading", "CPU µs/reading", ",.1f"),
            Column("redis_us_reading", "Redis µs/reading", ",.1f"),
            Column("p50_ms", "p50 ms", ",.1f"),
            Column("p99_ms", "p99 ms", ",.1f"),
            Column("max_ms", "max ms", ",.1f"),
            Column("load_share", "load client, cores", ",.2f"),
        ),
    ),
    "end to end": (
        "From a POST to the subscribers",
        (
            Column("posted_per_s", "POST/s"),
            Column("post_p50_ms", "POST p50 ms", ",.2f"),
            Column("delivered_per_s", "deliveries/s"),
            Column("p50_ms", "p50 ms", ",.2f"),
            Column("p99_ms", "p99 ms", ",.1f"),
            Column("max_ms", "max ms", ",.1f"),
            Column("lost", "lost"),
        ),
    ),
    "connections": (
        "Idle subscribers",
        (
            Column("kb_per_client", "KB/connection", ",.1f"),
            Column("connects_per_s", "connects/s"),
            Column("reconnects_per_s", "reconnects/s"),
            Column("cpu_us_reconnect", "CPU µs/reconnect"),
            Column("recovered", "recovered"),
            Column("not_recovered", "not recovered"),
            Column("lost", "lost"),
            Column("repeated", "repeated"),
            Column("cycles", "cycles"),
            Column("mb_with_them", "MB with them"),
            Column("mb_left_first", "MB after the first"),
            Column("mb_left_early", "after the third"),
            Column("mb_left_last", "after the last"),
        ),
    ),
}


def markdown(results: Results, chart: str | None) -> str:
    """The whole report; `chart` is the file name of its picture."""
    parts = ["# How fast it is\n", "\n".join(f"- {name}: {said}" for name, said in results.machine.items()) + "\n"]
    if chart:
        parts.append(f"![CPU and latency over clients and messages]({chart})\n")
    if any(True for _ in results.of("rates")):
        parts.append("## In short\n\n" + summary(results))
    for scenario, (title, columns) in TABLES.items():
        rows = list(results.of(scenario))
        if rows:
            parts.append(f"## {title}\n\n" + _table(rows, columns))
    if results.left_out:
        parts.append("## Left out\n\n" + "".join(f"- {name}: {why}\n" for name, why in results.left_out.items()))
    parts.append("## Goals\n\n" + "".join(_goal_lines(results)))
    return "\n".join(parts)


def summary(results: Results) -> str:
    """One line a system: the cheapest delivery, the most deliveries, at the same number of clients."""
    lines = ["| system | CPU µs/delivery at 20 msg/s | at saturation | most deliveries/s | p99 there | KB/connection |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for system in dict.fromkeys(row.system for row in results.of("rates")):
        rows = list(results.of("rates", system))
        slow = next((f"{row.figures['cpu_us']:.1f}" for row in rows if row.figures["messages_per_s"] == 20), "–")
        most = max(rows, key=lambda row: row.figures["delivered_per_s"]).figures
        memory = f"{most['kb_per_client']:.0f}" if "kb_per_client" in most else "–"
        lines.append(
            f"| {system} | {slow} | {most['cpu_us']:.2f} | {most['delivered_per_s']:,.0f} "
            f"| {most['p99_ms']:,.0f} ms | {memory} |"
        )
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    there = [column for column in columns if any(column.figure in row.figures for row in rows)]
    lines = ["| system | case | " + " | ".join(column.heading for column in there) + " |"]
    lines.append("|---|---|" + "--:|" * len(there))
    for row in rows:
        cells = " | ".join(column.shown(row) for column in there)
        lines.append(f"| {row.system} | {row.case} | {cells} |")
    return "\n".join(lines) + "\n"


def _goal_lines(results: Results) -> Iterator[str]:
    yield "| goal | bound | measured | |\n|---|--:|--:|---|\n"
    for goal in goals.GOALS:
        measured = goal.figure(results)
        if measured is None:
            continue
        verdict = "–" if goal.explains else "met" if goal.met(measured) else "**missed**"
        yield f"| {goal.text} | {goal.bound_text()} | {measured:,.2f} | {verdict} |\n"
