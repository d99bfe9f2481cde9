"""What the command says beside its results: one line each, on standard error."""

from __future__ import annotations

import sys


def note(text: str) -> None:
    """One line for the person at the terminal."""
    sys.stderr.write(f"windsock: {' '.join(text.split())}\n")
    sys.stderr.flush()
