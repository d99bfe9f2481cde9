"""Carries out the parts of a plan: one that fails is named, and the others go on."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import msgspec
import psutil

from benchmarks import report
from benchmarks.load_client import LoadError
from benchmarks.plan import Part
from benchmarks.results import Results, Row
from services.errors import StartError


async def measure(results: Results, parts: Sequence[Part]) -> None:
    """Add the rows of all parts to `results`; why there are none, if one fails."""
    for part in parts:
        try:
            async for row in part.rows():
                results.rows.append(row)
                print(f"{row.scenario}: {row.system}, {row.case}: {_brief(row)}", file=sys.stderr, flush=True)
        except (LoadError, StartError, OSError, psutil.Error, msgspec.MsgspecError, TimeoutError) as error:
            # One that fails keeps nothing from the others, and is named in the report.
            why = str(error) or type(error).__name__
            results.left_out[f"{part.system}, {part.scenario}"] = why
            print(f"{part.scenario}: {part.system} failed: {why}", file=sys.stderr, flush=True)


def _brief(row: Row) -> str:
    _, columns = report.TABLES[row.scenario]
    return ", ".join(f"{column.shown(row)} {column.heading}" for column in columns if column.figure in row.figures)
