"""How the command says things: notes of one line on standard error, and words that several commands share."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def note(text: str) -> None:
    """One line for the person at the terminal."""
    sys.stderr.write(f"windsock: {' '.join(text.split())}\n")
    sys.stderr.flush()


def span(seconds: float) -> str:
    """A time in the largest unit of which it has one: 0 s, 59 s, 4 min, 26 h is 1 d."""
    for unit_s, unit in _UNITS:
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)} {unit}"
    return "0 s"
