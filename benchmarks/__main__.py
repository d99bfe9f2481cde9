"""`python -m benchmarks`: measures, prints the tables, and writes them to `benchmarks/results/`."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import chart, machine, measuring, plan, report
from benchmarks.load_client import LoadError, compiled
from benchmarks.results import Results
from benchmarks.systems import SYSTEMS
from services import redis_binary
from services.errors import StartError
from services.serve import allow_connections

RESULTS = Path(__file__).parent / "results"


NEEDS_FILES = 10_200
"""Open files of the largest crowd, on either side."""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    quick: Annotated[bool, typer.Option(help="Less of everything, in under two minutes.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"Scenario: {', '.join(report.TABLES)}.")] = None,
    system: Annotated[list[str] | None, typer.Option(help=f"System of the deliveries: {', '.join(SYSTEMS)}.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the results.")] = RESULTS,
) -> None:
    """Measure Windsock and its peers under the same load, one after the other."""
    scenarios, named = only or list(report.TABLES), system or list(SYSTEMS)
    for unknown in [*(set(scenarios) - set(report.TABLES)), *(set(named) - set(SYSTEMS))]:
        raise typer.BadParameter(f"{unknown!r} is neither a scenario nor a system; --help lists them")
    _prepare()
    command = " ".join(["python -m benchmarks", *sys.argv[1:]])
    chosen = [SYSTEMS[key] for key in named]
    left_out = {one.name: why for one in chosen if (why := one.unavailable())}
    there = [one for one in chosen if one.name not in left_out]
    results = Results(machine.described(redis_binary.find(), command, there), left_out=left_out)
    asked = [part for part in plan.parts(plan.QUICK if quick else plan.FULL, there) if part.scenario in scenarios]
    name = f"{date.today()}{'-quick' if quick else '-part' if only or system else ''}"
    try:
        asyncio.run(measuring.measure(results, asked))
    finally:
        _write(results, out, name)


def _prepare() -> None:
    """Whatever is missing is said before anything is measured. Raises StartError, LoadError."""
    if sys.platform != "linux":
        raise StartError("the load client and the processes' clocks need Linux")
    if (files := allow_connections(NEEDS_FILES)) < NEEDS_FILES:
        raise StartError(f"the limit of open files allows {files} connections; raise it (ulimit -n) to {NEEDS_FILES}")
    compiled()
    # Servers and Redis end with us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _write(results: Results, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_bytes(results.dumps())
    picture = folder / f"{name}.png"
    text = report.markdown(results, picture.name if chart.draw(results, picture) else None)
    (folder / f"{name}.md").write_text(text)
    print(text)
    print(f"written to {folder}/{name}.md", file=sys.stderr)


if __name__ == "__main__":
    try:
        app()
    except (StartError, LoadError) as error:
        sys.exit(f"benchmarks: {error}")
