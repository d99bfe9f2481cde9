"""The commands put together, and their failures as one line on standard error."""

from __future__ import annotations

import os
import sys

import stamina
import typer

from services.cli import access, keys, replay, rooms, send, tail, weather
from services.cli.output import note
from services.errors import WindsockError

app = typer.Typer(
    name="windsock",
    help="Streams device readings and weather to browsers in real time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(rooms.up)
app.command()(rooms.ingest)
app.command()(rooms.gateway)
app.command()(rooms.mqtt)
app.command()(send.send)
app.command()(tail.tail)
app.command()(replay.replay)
app.command()(access.token)
app.command()(access.revoke)
app.add_typer(weather.app, name="weather")
app.add_typer(keys.app, name="keys")


def run() -> None:
    """Run the command line. Exit codes: 0 done, 1 an error that one line names, 2 wrong usage."""
    # The commands say in their own lines what they wait for.
    stamina.instrumentation.set_on_retry_hooks([])
    try:
        app()
    except WindsockError as error:
        note(str(error))
        sys.exit(1)
    except BrokenPipeError:
        # `windsock tail … | head`: whoever read is done; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
