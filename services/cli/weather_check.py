"""`windsock weather check`: asks the weather services once and shows what they answer."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Any

import orjson
import typer

from services import environment, logs
from services.cli import tables
from services.cli.output import AsJson, note, span
from services.cli.tables import printable

CHECK = "weather_poller.check"
"""Module with what the room does for `check`. Named, not imported: services knows no room."""


def check(
    city: Annotated[
        str, typer.Argument(help="Name of a place, perhaps with its region: 'Springfield, Illinois'.", metavar="CITY")
    ],
    geocoder_id: Annotated[
        int | None, typer.Option("--id", help="Which of several places of that name.", min=1)
    ] = None,
    provider: Annotated[str | None, typer.Option(help="Weather service to ask, and no other.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask once for the weather in CITY, of the services themselves, and show it with its source."""
    environment.check_names(os.environ)
    logs.configure("error", "weather")
    told: dict[str, Any] = asyncio.run(import_module(CHECK).check(city, geocoder_id, provider, dict(os.environ)))
    if as_json:
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        for failure in told.get("failures", ()):
            note(f"{failure['provider']} failed: {failure['reason']}")
        if "observation" in told:
            _show(told)
        elif "candidates" in told:
            _show_candidates(told["candidates"])
    if "error" in told:
        if not as_json:
            note(told["error"])
        raise typer.Exit(1)


def _show(told: Mapping[str, Any]) -> None:
    place, observation = told["place"], told["observation"]
    tags, units = observation["tags"], observation.get("units", {})
    country = f", {place['country']}" if place["country"] else ""
    typer.echo(printable(f"{place['name']}{country} ({place['latitude']:.4f}, {place['longitude']:.4f})"))
    tables.show(
        ("metric", "value", "unit"),
        [(metric, _value(value), units.get(metric, "")) for metric, value in observation["values"].items()],
        numbers=(1,),
    )
    moment = datetime.fromtimestamp(observation["ts"] / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    where = f"station {tags['station']}" if "station" in tags else f"grid cell {tags.get('grid', 'unknown')}"
    stale = ", stale" if told["stale"] else ""
    age, every = span(told["age_s"]), span(told["interval_s"])
    typer.echo(printable(f"observed  {moment}, {age} ago{stale} (new every {every})"))
    typer.echo(printable(f"source    {tags['provider']}, {where}"))
    typer.echo(printable(f"credit    {tags['attribution']} ({tags['attribution_url']}), {tags['licence']}"))


def _show_candidates(candidates: Sequence[Mapping[str, Any]]) -> None:
    tables.show(
        ("ask for", "or --id", "latitude", "longitude", "population"),
        [
            (
                one["city"],
                f"{one['id']}",
                f"{one['latitude']:.2f}",
                f"{one['longitude']:.2f}",
                f"{one['population'] or 'unknown'}",
            )
            for one in candidates
        ],
        numbers=(1, 2, 3, 4),
    )


def _value(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else f"{value}"
