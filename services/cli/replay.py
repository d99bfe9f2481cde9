"""`windsock replay`: posts the rows of a CSV file as readings, at the pace of their times or faster.

Promises: rows go out one request after the other, in time order, and again with the same ids while the
server is busy or away, without limit: every row is stored once, and a device's rows in order.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from services.cli import csv_readings
from services.cli.csv_readings import MalformedFileError, Row, Wanted
from services.cli.output import note
from services.cli.posting import Poster, RefusedError
from services.cli.send import Key, Url
from services.errors import ClientError

REQUEST_ROWS = 500


def replay(
    file: Annotated[Path, typer.Argument(help="A CSV file with a header.", metavar="FILE.csv")],
    speed: Annotated[
        float, typer.Option(help="How many times faster than the rows' times; 0: as fast as possible.", min=0)
    ] = 1.0,
    url: Url = "",
    key: Key = "",
    time_column: Annotated[
        str | None,
        typer.Option(
            "--time",
            help=f"Column with the times, ISO 8601 (UTC where no offset is named) or Unix seconds or milliseconds. "
            f"Default: the first of {', '.join(csv_readings.TIME_COLUMNS)}.",
            metavar="COLUMN",
        ),
    ] = None,
    device_column: Annotated[
        str | None,
        typer.Option(
            help=f"Column with the device. Default: the first of {', '.join(csv_readings.DEVICE_COLUMNS)}.",
            metavar="COLUMN",
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="Device of all rows, instead of a column.", metavar="NAME")] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Columns to send, separated by commas. Default: all others.", metavar="A,B")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Shift all times so that the first row is now.")] = False,
) -> None:
    """Post the rows of a CSV file as readings. Cells that are empty, NA or NaN are left out."""
    names = tuple(name.strip() for name in metrics.split(",")) if metrics is not None else None
    table = _table(file, Wanted(time_column, device_column, device, names))
    shift_ms = round(time.time() * 1000) - table.rows[0].ts if now and table.rows else 0
    run = secrets.token_hex(5)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}"),
        console=Console(stderr=True),
    )
    sent = duplicates = 0
    try:
        with bar:
            task = bar.add_task(file.name, total=len(table.rows), state="")

            def waiting(reason: str) -> None:
                # The bar moves only on a terminal.
                if not bar.console.is_terminal and not bar.tasks[task].fields["state"]:
                    note(f"{reason}; trying again until it works")
                bar.update(task, state=f"waiting: {reason}")

            with Poster(url, patience_s=None, key=key, waiting=waiting) as poster:
                for rows in paced(table.rows, speed, time.monotonic, time.sleep):
                    duplicates += post(poster, rows, run, shift_ms)
                    sent += len(rows)
                    bar.update(task, completed=sent, state="")
    finally:
        again = f" ({duplicates} of them were there already)" if duplicates else ""
        typer.echo(f"{table.read} rows read, {sent} sent{again}, {table.skipped} skipped for want of values")


def paced(
    rows: Sequence[Row], speed: float, clock: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[Sequence[Row]]:
    """`rows` in pieces, each once its first row is due: `speed` times as fast as their times say, 0 at once."""
    began = clock()
    at = 0

    def due_in(index: int) -> float:
        return (rows[index].ts - rows[0].ts) / 1000 / speed - (clock() - began) if speed else 0.0

    while at < len(rows):
        wait_s = due_in(at)
        if wait_s > 0:
            sleep(wait_s)
        end = at + 1
        while end < len(rows) and end - at < REQUEST_ROWS and due_in(end) <= 0:
            end += 1
        yield rows[at:end]
        at = end


def post(poster: Poster, rows: Sequence[Row], run: str, shift_ms: int) -> int:
    """Post `rows`; returns how many the server had already. Raises RefusedError that names the row."""
    try:
        return poster.post([_reading(row, run, shift_ms) for row in rows]).duplicates
    except RefusedError as error:
        if error.too_large and len(rows) > 1:
            half = len(rows) // 2
            return post(poster, rows[:half], run, shift_ms) + post(poster, rows[half:], run, shift_ms)
        number = rows[error.index or 0].number
        raise RefusedError(f"row {number}: {error}") from None


def _reading(row: Row, run: str, shift_ms: int) -> dict[str, Any]:
    return {"device": row.device, "ts": row.ts + shift_ms, "values": row.values, "id": f"{run}-{row.number}"}


def _table(file: Path, wanted: Wanted) -> csv_readings.Table:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return csv_readings.read(lines, wanted)
    except MalformedFileError as error:
        raise ClientError(f"{file}: {error}") from None
    except OSError as error:
        raise ClientError(f"{file}: {error.strerror or error}") from None
