"""`windsock send`: posts one reading."""

from __future__ import annotations

import os
import secrets
from typing import Annotated, Any

import typer

from services.cli.output import note
from services.cli.posting import Poster
from services.cli.values import local_url, parse_pairs, parse_time, parse_url, parse_value
from services.errors import BadRequest

PATIENCE_S = 10.0


def _checked_url(url: str) -> str:
    url = url or local_url(os.environ)
    parse_url(url)
    return url


Url = Annotated[
    str,
    typer.Option(
        help="Address of the Windsock. Default: this machine, at WINDSOCK_HOST and WINDSOCK_PORT.",
        metavar="URL",
        callback=_checked_url,
        show_default=False,
    ),
]
Key = Annotated[
    str, typer.Option("--key", help="Device key, where devices need one.", metavar="KEY", show_default=False)
]


def send(
    device: Annotated[str, typer.Argument(help="Id of the device.", metavar="DEVICE")],
    values: Annotated[
        list[str],
        typer.Argument(
            help="What it measured: numbers, true or false, or text (in double quotes always text).",
            metavar="METRIC=VALUE...",
        ),
    ],
    url: Url = "",
    key: Key = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be repeated.", metavar="KEY=VALUE")] = None,
    unit: Annotated[
        list[str] | None, typer.Option(help="Unit of a metric; may be repeated.", metavar="METRIC=UNIT")
    ] = None,
    ts: Annotated[
        str | None, typer.Option(help="When: ISO 8601, or Unix seconds or milliseconds. Default: now.", metavar="TIME")
    ] = None,
) -> None:
    """Post one reading and print its position."""
    reading = reading_of(device, values, tag or [], unit or [], ts)
    reading["id"] = secrets.token_hex(8)  # so that a retry whose answer was lost stores nothing twice
    noted = False

    def waiting(reason: str) -> None:
        nonlocal noted
        if not noted:
            note(f"{reason}; trying again for up to {PATIENCE_S:.0f} s")
        noted = True

    with Poster(url, patience_s=PATIENCE_S, key=key, waiting=waiting) as poster:
        answer = poster.post([reading])
    typer.echo(answer.positions[0])


def reading_of(device: str, values: list[str], tags: list[str], units: list[str], ts: str | None) -> dict[str, Any]:
    """The reading that the words of the command line mean. Raises BadRequest naming the field."""
    try:
        " ".join([device, *values, *tags, *units]).encode()
    except UnicodeEncodeError:
        raise BadRequest(None, "the words of the command are not UTF-8") from None
    reading: dict[str, Any] = {"device": device, "values": {}}
    for metric, text in parse_pairs(values, "values").items():
        try:
            reading["values"][metric] = parse_value(text)
        except ValueError as error:
            raise BadRequest(f"values.{metric}", str(error)) from None
    if ts is not None:
        try:
            reading["ts"] = parse_time(ts)
        except (ValueError, OverflowError) as error:
            raise BadRequest("ts", str(error)) from None
    if tags:
        reading["tags"] = parse_pairs(tags, "tags")
    if units:
        reading["units"] = parse_pairs(units, "units")
    return reading
