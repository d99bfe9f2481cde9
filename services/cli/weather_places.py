"""`windsock weather places`: lists the places that are tracked, from Redis."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson
import typer

from services import environment, redis, weather_status
from services.cli import tables
from services.cli.access import redis_url
from services.cli.output import AsJson, span
from services.cli.tables import printable
from services.places import GATEWAY, LEASE_KEY, Place, Places
from services.redis import answered, text
from services.settings import CommonSettings
from services.weather_status import WeatherStatus


@dataclass(frozen=True, slots=True)
class Tracked:
    """A place, who wants it, and how its weather is."""

    place: Place
    wanted_by: tuple[str, ...]
    status: WeatherStatus | None


def places(as_json: AsJson = False) -> None:
    """List the places that are tracked: who wants them, how old their weather is, when they are asked for next."""
    poller, found = asyncio.run(_read())
    now_ms = time.time_ns() // 1_000_000
    if as_json:
        typer.echo(orjson.dumps({"poller": poller, "places": [_shown(one, now_ms) for one in found]}))
        return
    typer.echo(printable(f"asked for by {poller}" if poller else "no poller asks for them now: none holds the lease"))
    columns = ("place", "name", "coordinates", "wanted by", "provider", "age", "next", "reason")
    tables.show(columns, (row(one, now_ms) for one in found))


async def _read() -> tuple[str | None, list[Tracked]]:
    """The name of the poller that holds the lease, and the places by name. Raises StartError or Unavailable."""
    url = redis_url(environment.load(CommonSettings, os.environ))
    async with redis.connect(url) as client:
        await redis.check(client, url)
        async with answered():
            lease = await client.get(LEASE_KEY)
        everywhere = Places(client)
        tracked, listeners = await everywhere.tracked(), await everywhere.listeners()
        statuses = await weather_status.read(client, [place.place for place in tracked])
    name = _readable(lease) if lease else ""
    return name or None, [
        Tracked(place, wanted_by(place, listeners.get(place.place, ())), status)
        for place, status in zip(tracked, statuses, strict=True)
    ]


def _readable(lease: bytes | str) -> str:
    """The poller's name, which is what stands before the first space."""
    try:
        return text(lease).split(" ")[0]
    except UnicodeDecodeError:
        return "a poller with an unreadable name"


def wanted_by(place: Place, listeners: Sequence[str]) -> tuple[str, ...]:
    """Who wants a place: the settings, so many gateways, and others by their names."""
    gateways = sum(who.startswith(GATEWAY) for who in listeners)
    return (
        *(["settings"] if place.pinned else []),
        *([f"{gateways} gateway{'s' if gateways > 1 else ''}"] if gateways else []),
        *sorted(who for who in listeners if not who.startswith(GATEWAY)),
    )


def _shown(one: Tracked, now_ms: int) -> dict[str, Any]:
    status = None if one.status is None else one.status.shown(now_ms)
    members: dict[str, Any] = msgspec.to_builtins(one.place)
    return members | {"wanted_by": one.wanted_by, "status": status}


def row(one: Tracked, now_ms: int) -> list[str]:
    """A place in words. `now_ms` is Unix time."""
    place, status = one.place, one.status
    where = ", ".join(filter(None, (place.name, place.admin1, place.country)))
    spot = f"{place.latitude:.2f}, {place.longitude:.2f}"
    wanted = ", ".join(one.wanted_by)
    if status is None:
        return [place.place, where, spot, wanted, "", "no poller has told yet", "", ""]
    return [
        place.place,
        where,
        spot,
        wanted,
        status.provider or "",
        _age(status, now_ms),
        _next(status, now_ms),
        status.reason or "",
    ]


def _age(status: WeatherStatus, now_ms: int) -> str:
    age_s = status.age_s(now_ms)
    if age_s is None:
        return "no observation yet"
    return span(age_s) + (", stale" if status.stale(now_ms) else "")


def _next(status: WeatherStatus, now_ms: int) -> str:
    left_s = (status.next_ms - now_ms) / 1000
    if left_s >= 1:
        return f"in {span(left_s)}"
    return "now" if left_s > -60 else f"due for {span(-left_s)}"
