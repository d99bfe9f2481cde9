"""Turns the rows of a CSV file into readings. Pure.

A column of times and one of devices are found by their names or named by the caller; every other
column is a metric. Promises: the whole file is read before the first reading is given away, so that a
malformed file sends nothing; readings come in time order, rows of the same time in the order of the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.cli.values import Plain, parse_time, parse_value
from services.errors import ClientError
from services.topics import DEVICE_PATTERN

TIME_COLUMNS = ("ts", "time", "timestamp", "time_hour", "date", "datetime")
DEVICE_COLUMNS = ("device", "station", "origin", "sensor", "id")
NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none"})
"""Cells that hold no value, in lower case."""

_DEVICE = re.compile(DEVICE_PATTERN)
_RESERVED = ("device", "ts", "position")


class MalformedFileError(ClientError):
    """A file that is not rows of readings; says where and why."""

    code = "malformed_file"

    def __init__(self, reason: str, row: int | None = None) -> None:
        super().__init__(f"row {row}: {reason}" if row is not None else reason)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller says about the columns; None is found by name."""

    time: str | None = None
    device_column: str | None = None
    device: str | None = None
    metrics: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is what: indices, and the metric of each column that is one."""

    time: int
    device: int | None
    metrics: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One reading; `number` counts the rows of the file from 1, the header not included."""

    number: int
    ts: int
    device: str
    values: dict[str, Plain]


@dataclass(frozen=True, slots=True)
class Table:
    """The readings of a file in time order, how many rows it has, and how many of them hold no value."""

    rows: tuple[Row, ...]
    read: int
    skipped: int


def read(lines: Iterable[str], wanted: Wanted) -> Table:
    """Read a whole file. Raises MalformedFileError for the first thing that is wrong."""
    found = _records(iter(lines))
    header = next(found, None)
    if header is None:
        raise MalformedFileError("the file is empty")
    columns = choose(header, wanted)
    rows: list[Row] = []
    number = 0
    for number, cells in enumerate(found, 1):
        if len(cells) != len(header):
            raise MalformedFileError(f"has {len(cells)} cells, the header has {len(header)}", number)
        row = _row(number, cells, header, columns, wanted.device)
        if row.values:
            rows.append(row)
    rows.sort(key=lambda row: row.ts)
    return Table(tuple(rows), number, number - len(rows))


def choose(header: Sequence[str], wanted: Wanted) -> Columns:
    """Decide what each column is. Raises MalformedFileError where that is not clear."""
    names = [name.strip() for name in header]
    time = _find(names, wanted.time, TIME_COLUMNS, "time", "--time")
    device = None
    if wanted.device is None:
        device = _find(names, wanted.device_column, DEVICE_COLUMNS, "device", "--device-column (or --device NAME)")
    elif not _DEVICE.match(wanted.device):
        raise MalformedFileError(f"--device {wanted.device[:64]!r} is not a device name ({DEVICE_PATTERN})")
    metrics = [(i, metric_name(name, i)) for i, name in enumerate(names) if i not in (time, device)]
    if wanted.metrics is not None:
        known = {names[i] for i, _ in metrics} | {metric for _, metric in metrics}
        for name in wanted.metrics:
            if name not in known:
                raise MalformedFileError(f"--metrics names {name[:64]!r}, but the columns are {', '.join(names)}")
        metrics = [(i, metric) for i, metric in metrics if names[i] in wanted.metrics or metric in wanted.metrics]
    if not metrics:
        raise MalformedFileError(f"no column is left for values among {', '.join(names)}")
    seen: dict[str, int] = {}
    for i, metric in metrics:
        if metric in seen:
            raise MalformedFileError(
                f"the columns {names[seen[metric]]!r} and {names[i]!r} are the same metric {metric}; "
                "choose with --metrics"
            )
        seen[metric] = i
    return Columns(time, device, tuple(metrics))


def metric_name(column: str, index: int) -> str:
    """A metric name that is close to the column's: `Temp (°C)` → `Temp_C`."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", column).rstrip("_")
    if not name:
        return f"column_{index + 1}"
    if not re.match("[A-Za-z_]", name):
        name = "_" + name
    return name[:63] + "_" if name in _RESERVED else name[:64]


def _find(names: Sequence[str], wanted: str | None, usual: Sequence[str], what: str, option: str) -> int:
    if wanted is not None:
        if wanted in names:
            return names.index(wanted)
        raise MalformedFileError(f"there is no column {wanted[:64]!r} among {', '.join(names)}")
    lower = [name.lower() for name in names]
    for name in usual:
        if name in lower:
            return lower.index(name)
    raise MalformedFileError(f"no {what} column among {', '.join(names)[:200]}; name it with {option}")


def _records(lines: Iterator[str]) -> Iterator[list[str]]:
    """The cells of each line that is not blank; the separator is the one that the header has most of."""
    number = 0
    try:
        first = next(lines, "")
        separator = max(",;\t|", key=first.count)
        for cells in csv.reader(_chain(first, lines), delimiter=separator, strict=True):
            if cells:
                yield cells
                number += 1
    except csv.Error as error:
        raise MalformedFileError(f"is not CSV: {error}", number) from None
    except UnicodeDecodeError:
        raise MalformedFileError(f"the file is not UTF-8 text (near row {number})") from None


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _row(number: int, cells: Sequence[str], header: Sequence[str], columns: Columns, device: str | None) -> Row:
    try:
        ts = parse_time(cells[columns.time])
    except (ValueError, OverflowError) as error:
        raise MalformedFileError(f"{header[columns.time].strip()}: {error}", number) from None
    if columns.device is not None:
        device = cells[columns.device].strip()
        if not _DEVICE.match(device):
            reason = f"{header[columns.device].strip()}: {device[:64]!r} is not a device name ({DEVICE_PATTERN})"
            raise MalformedFileError(reason, number)
    assert device is not None
    values: dict[str, Plain] = {}
    for index, metric in columns.metrics:
        cell = cells[index].strip()
        if cell.lower() in NOTHING:
            continue
        try:
            values[metric] = parse_value(cell)
        except ValueError as error:
            raise MalformedFileError(f"{header[index].strip()}: {error}", number) from None
    return Row(number, ts, device, values)
