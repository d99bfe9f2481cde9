"""`python -m benchmarks`: measures, prints the tables, and writes them to `benchmarks/results/`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import chart, machine, report
from benchmarks.results import Results, Row
from benchmarks.scenarios import connections, end_to_end, fan_out, intake, kernel, topics
from benchmarks.systems import SYSTEMS
from benchmarks.systems.intake import INTAKES
from benchmarks.systems.system import System
from services import redis_binary
from services.errors import StartError

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rates: tuple[float, ...]
    clients: int
    crowds: tuple[int, ...]
    crowd_rate: float
    topics: int
    topic_rate: float
    idle: int
    cycles: int
    seconds: float


FULL = Size((5, 20, 100, 300, 1_000, 2_000), 900, (100, 300, 1_000, 3_000, 10_000), 5, 1_000, 5_000, 10_000, 20, 5.0)
QUICK = Size((20, 1_000), 200, (100, 1_000), 5, 100, 1_000, 1_000, 3, 1.0)

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    quick: Annotated[bool, typer.Option(help="Less of everything, in under two minutes.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Scenario: {', '.join(report.TABLES)}.")] = None,
    system: Annotated[list[str] | None, typer.Option(help=f"System: {', '.join(SYSTEMS)}.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Measure Windsock and its peers under the same load, one after the other."""
    scenarios, named = only or list(report.TABLES), system or list(SYSTEMS)
    for unknown in [*(set(scenarios) - set(report.TABLES)), *(set(named) - set(SYSTEMS))]:
        raise typer.BadParameter(f"{unknown!r} is neither a scenario nor a system; --help lists them")
    results = Results(machine.described(redis_binary.find(), " ".join(["python -m benchmarks", *sys.argv[1:]])))
    chosen = [SYSTEMS[key] for key in named]
    results.left_out = {one.name: why for one in chosen if (why := one.unavailable())}
    plan = _plan(QUICK if quick else FULL, [one for one in chosen if one.name not in results.left_out])
    asyncio.run(_measure(results, [rows for name, rows in plan if name in scenarios]))
    _write(results, out, f"{date.today()}{'-quick' if quick else ''}")


async def _measure(results: Results, scenarios: list[Callable[[], AsyncIterator[Row]]]) -> None:
    for rows in scenarios:
        async for row in rows():
            results.rows.append(row)
            print(f"{row.scenario}: {row.system}, {row.case}: {_brief(row)}", file=sys.stderr, flush=True)


def _plan(size: Size, systems: list[System]) -> Iterator[tuple[str, Callable[[], AsyncIterator[Row]]]]:
    """Each scenario and how to measure it; nothing runs before it is asked for."""
    of_key = {system.key: system for system in systems}

    def of(*keys: str) -> list[System]:
        return [of_key[key] for key in keys if key in of_key]

    crowd = [system for system in systems if system.key not in ("windsock-protobuf", "windsock-plain")]
    seconds = size.seconds
    yield "rates", lambda: kernel.over_rates(size.clients, size.rates, seconds)
    yield "rates", lambda: fan_out.over_rates(systems, size.clients, size.rates, seconds)
    yield "clients", lambda: kernel.over_clients(size.crowds, size.crowd_rate, seconds)
    yield "clients", lambda: fan_out.over_clients(crowd, size.crowds, size.crowd_rate, seconds)
    yield "topics", lambda: kernel.over_topics(size.topics, topics.SUBSCRIBERS, size.topic_rate, seconds)
    yield "topics", lambda: topics.rows(of("windsock-json"), size.topics, (1, 20), size.topic_rate, seconds)
    yield (
        "topics",
        lambda: topics.rows(
            of("windsock-protobuf", "windsock-plain", "centrifugo"), size.topics, (1,), size.topic_rate, seconds
        ),
    )
    yield "intake", lambda: intake.rows(INTAKES, (intake.SINGLE, intake.SPREAD, intake.FEW_DEVICES), seconds)
    yield "end to end", lambda: end_to_end.rows(seconds)
    yield (
        "connections",
        lambda: connections.rows(of("windsock-json", "windsock-plain"), size.idle, size.topics),
    )
    yield "connections", lambda: connections.cycles(of("windsock-json"), size.idle // 5, size.cycles)


def _brief(row: Row) -> str:
    _, columns = report.TABLES[row.scenario]
    return ", ".join(f"{column.shown(row)} {column.heading}" for column in columns if column.figure in row.figures)


def _write(results: Results, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{name}.png"
    text = report.markdown(results, picture.name if chart.draw(results, picture) else None)
    (folder / f"{name}.json").write_bytes(results.dumps())
    (folder / f"{name}.md").write_text(text)
    print(text)
    print(f"written to {folder}/{name}.md", file=sys.stderr)


if __name__ == "__main__":
    try:
        app()
    except StartError as error:
        sys.exit(f"benchmarks: {error}")
