"""`windsock weather`: runs the service that fetches the weather; its commands ask about it."""

from __future__ import annotations

import typer

from services.cli import rooms, weather_check, weather_places

app = typer.Typer(add_completion=False)
app.command()(weather_check.check)
app.command()(weather_places.places)


@app.callback(invoke_without_command=True)
def weather(context: typer.Context) -> None:
    """Run the service that fetches the weather, or ask about it."""
    if context.invoked_subcommand is None:
        rooms.weather()
