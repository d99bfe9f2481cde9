"""`windsock keys`: makes, lists, rotates and revokes device keys, in Redis directly."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec
import orjson
import typer

from services import device_keys, environment, redis
from services.cli import tables
from services.cli.access import redis_url
from services.cli.output import AsJson
from services.cli.output import note as tell
from services.cli.values import parse_time
from services.device_keys import DeviceKey, Scope
from services.errors import BadRequest
from services.key_store import KeyStore
from services.settings import CommonSettings, DeviceSettings

app = typer.Typer(help="Keys with which devices post.", no_args_is_help=True, add_completion=False)

T = TypeVar("T")

Id = Annotated[str, typer.Argument(help="Id of the key, or all of it.", metavar="ID")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What you will know it by.", metavar="NAME")],
    device: Annotated[
        list[str] | None,
        typer.Option(help="Pattern of devices that it is for, such as 'greenhouse-*'; may be repeated. Default: all."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="Pattern of metrics that it is for; may be repeated. Default: all.")
    ] = None,
    readings_per_s: Annotated[
        float | None, typer.Option(help="Readings a second. Default: as WINDSOCK_KEY_READINGS_PER_S says.")
    ] = None,
    devices_max: Annotated[
        int | None, typer.Option(help="Most devices. Default: as WINDSOCK_KEY_DEVICES says.")
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(help="When it ends: ISO 8601, or Unix seconds or milliseconds. Default: never.", metavar="TIME"),
    ] = None,
    note: Annotated[str, typer.Option(help="Anything worth knowing about it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It is shown this once."""
    scope = _scope({"devices": device, "metrics": metric, "readings_per_s": readings_per_s, "devices_max": devices_max})
    if not 0 < len(name) <= 100 or len(note) > 1_000:
        raise BadRequest("NAME", "must have 1 to 100 characters, and a note at most 1000")
    key, text = device_keys.made(scope, _now_ms(), name=name, note=note, expires=_moment(expires))
    asyncio.run(_with_store(lambda store: store.add(key)))
    _tell_text(key, text, as_json)


@app.command("list")
def all_keys(as_json: AsJson = False) -> None:
    """List all keys, without their secrets."""
    keys = asyncio.run(_with_store(lambda store: store.all()))
    now_ms = _now_ms()
    if as_json:
        typer.echo(orjson.dumps([key.shown(now_ms) for key in keys]))
        return
    columns = ("id", "name", "devices", "metrics", "at most", "ends", "secrets", "note")
    tables.show(columns, (_row(key, now_ms) for key in keys))


@app.command()
def rotate(
    key: Id,
    overlap_hours: Annotated[
        float | None,
        typer.Option(
            help="How long the secret before it stays good. Default: until `windsock keys revoke --previous`.",
            min=0,
            max=87_600,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a key another secret and print the key with it. It is shown this once."""
    overlap_ms = None if overlap_hours is None else round(overlap_hours * 3_600_000)
    changed, text = asyncio.run(_with_store(lambda store: store.rotate(_id(key), overlap_ms)))
    _tell_text(changed, text, as_json)


@app.command()
def revoke(
    key: Id,
    previous: Annotated[
        bool, typer.Option("--previous", help="Only the secret before the newest one, after a rotation.")
    ] = False,
) -> None:
    """End a key: within two seconds nothing comes in with it any more."""
    key_id = _id(key)
    if previous:
        asyncio.run(_with_store(lambda store: store.revoke_previous(key_id)))
    else:
        asyncio.run(_with_store(lambda store: store.revoke(key_id)))
    typer.echo(f"revoked: {'the previous secret of ' if previous else ''}key {key_id}")


async def _with_store(ask: Callable[[KeyStore], Awaitable[T]]) -> T:
    settings = environment.load(DeviceSettings, os.environ)
    url = redis_url(environment.load(CommonSettings, os.environ))
    async with redis.connect(url) as client:
        await redis.check(client, url)
        return await ask(KeyStore(client, settings.keys_max, _now_ms))


def _scope(given: dict[str, Any]) -> Scope:
    try:
        return msgspec.convert({name: value for name, value in given.items() if value is not None}, Scope)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        raise BadRequest(path.strip("`$.").replace("[...]", "") or None, reason.replace("`", "")) from None


def _moment(given: str | None) -> int | None:
    try:
        return None if given is None else parse_time(given)
    except (ValueError, OverflowError) as error:
        raise BadRequest("--expires", str(error)) from None


def _id(given: str) -> str:
    spoken = device_keys.parsed(given)
    key_id = spoken.id if spoken else given
    if not device_keys.is_id(key_id):
        raise BadRequest("ID", "is not the id of a key; `windsock keys list` shows them")
    return key_id


def _tell_text(key: DeviceKey, text: str, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps({"key": text} | key.shown(_now_ms())))
        return
    typer.echo(text)
    tell(f"this is key {key.id}; nobody can show it again")


def _row(key: DeviceKey, now_ms: int) -> list[str]:
    scope, live = key.scope, key.live(now_ms)
    limits = [
        *([f"{scope.readings_per_s:g} readings/s"] if scope.readings_per_s else []),
        *([f"{scope.devices_max} devices"] if scope.devices_max else []),
    ]
    ends = [_minute(one.until) for one in live if one.until is not None]
    return [
        key.id,
        key.name,
        " ".join(scope.devices),
        " ".join(scope.metrics),
        ", ".join(limits),
        "never" if key.expires is None else _minute(key.expires),
        f"{len(live)}{f' (one until {ends[0]})' if ends else ''}" if live else "expired",
        key.note,
    ]


def _minute(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%MZ")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
