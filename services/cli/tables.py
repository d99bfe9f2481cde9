"""Tables that commands print, and others' words made safe for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH = 200
"""Columns where no terminal says how many there are."""


def show(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> None:
    """Print `rows` under their titles; those of the columns `numbers` stand right; they and the first never fold."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        is_number = number in numbers
        table.add_column(
            column, justify="right" if is_number else "left", no_wrap=is_number or number == 0, overflow="fold"
        )
    for row in rows:
        # As text: a name may look like markup.
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def printable(words: str) -> str:
    """`words` without what a terminal would obey."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in words)
