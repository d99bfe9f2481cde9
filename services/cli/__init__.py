"""The `windsock` command: one module per command."""

from __future__ import annotations

import sys

INTERRUPTED = 130
"""What shells answer for a command that Ctrl-C ended before it was done."""


def main() -> None:
    """Entry point."""
    try:
        # Here, so that Ctrl-C is heard while the command is being loaded, too.
        from services.cli.app import run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
