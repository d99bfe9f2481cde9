"""`windsock demo`: a Windsock of its own, or another one, with made-up devices."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import typer

from services import environment
from services.assembly import checked
from services.background import background
from services.cli import rooms
from services.cli.demo.device import Lapse
from services.cli.demo.hub import Hub
from services.cli.demo.link import Link
from services.cli.demo.sites import DEVICES_MAX, Site, sites
from services.cli.output import note
from services.cli.send import Key
from services.cli.values import parse_url
from services.device_access import DeviceAccess
from services.errors import StartError
from services.serve import bind
from services.settings import CommonSettings, DeviceSettings, TokenSettings

DATA_SUFFIX = "-demo"
"""Behind WINDSOCK_DATA_DIR: where the demo's readings are kept."""

REPEATED_S = 10.0


def demo(
    url: Annotated[
        str,
        typer.Option(
            help="Let the devices post to the Windsock at this address, instead of starting one.",
            metavar="URL",
            show_default=False,
        ),
    ] = "",
    key: Key = "",
    token: Annotated[
        str,
        typer.Option(
            help="Token, where one is needed to see what is stored already.", metavar="TOKEN", show_default=False
        ),
    ] = "",
    devices: Annotated[
        int, typer.Option(help="So many plain sensors more, to see large pages.", min=0, max=DEVICES_MAX)
    ] = 0,
    speed: Annotated[
        float, typer.Option(help="How many times faster the days of the devices pass.", min=0.1, max=1_000)
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Another number: another noise.", min=0, max=2**31)] = 1,
    history: Annotated[bool, typer.Option(help="Whether the devices tell of their past 24 hours first.")] = True,
) -> None:
    """Run everything with made-up devices, which post and take commands: a greenhouse, a home, a van, airports.

    Their readings are kept apart from yours, in WINDSOCK_DATA_DIR with "-demo" behind it.
    """
    lapse = Lapse(_now_ms(), speed)
    zone = datetime.now().astimezone().utcoffset()
    cast = sites(seed=seed, lapse=lapse, zone_ms=round(zone.total_seconds() * 1000) if zone else 0, more=devices)
    if url:
        parse_url(url)
        typer.echo(_greeting(url, cast))
        rooms.run(lambda: live(url, cast, key=key, token=token, past=history))
        return
    environ = _own(os.environ)
    common = checked(environ, "windsock")
    access = environment.load(DeviceSettings, environ), environment.load(TokenSettings, environ)
    if not key and DeviceAccess(*access, common.host).needs_key:
        raise StartError(
            f"with WINDSOCK_HOST={common.host} and WINDSOCK_AUTH={access[0].auth} devices need a key: give one with "
            f"--key, from `WINDSOCK_DATA_DIR={common.data_dir} windsock keys create demo`, or set WINDSOCK_AUTH=open"
        )
    listener = bind(common.host, common.port)
    rooms.run(
        lambda: _with_a_windsock(
            environ, common, listener, cast, lambda url: live(url, cast, key=key, token=token, past=history)
        )
    )


async def live(url: str, sites: Sequence[Site], *, key: str = "", token: str = "", past: bool = True) -> None:
    """Be the devices of `sites` until cancelled. Raises StartError once none of them may post."""
    async with Link(url, key=key, token=token) as link:
        say = _once_in_a_while(note)
        hubs = [(site, Hub(site, link, _now_ms, say)) for site in sites]
        obeying = [partial(hub.obey, device) for site, hub in hubs for device in site.devices if device.commands]
        async with background(*obeying), asyncio.TaskGroup() as group:
            for _, hub in hubs:
                group.create_task(hub.run(past=past))
    raise StartError(f"{url} refuses the readings of all devices of the demo")


async def _with_a_windsock(
    environ: Mapping[str, str],
    common: CommonSettings,
    listener: socket.socket,
    cast: Sequence[Site],
    be_devices: Callable[[str], Coroutine[Any, Any, None]],
) -> None:
    """Run all rooms until a signal, and the devices as long as the rooms serve."""
    serving: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def devices() -> None:
        await be_devices(await serving)

    def started(url: str, where: str) -> None:
        typer.echo(_greeting(url, cast, where))
        serving.set_result(url)

    async with asyncio.TaskGroup() as group:
        running = group.create_task(devices())
        try:
            await rooms.everything(environ, common, listener, started, running.cancel)
        finally:
            running.cancel()


def _own(environ: Mapping[str, str]) -> dict[str, str]:
    """The settings with a place for readings that is not the user's."""
    if environ.get("WINDSOCK_REDIS_URL"):
        note("WINDSOCK_REDIS_URL is not used: the demo keeps its readings apart (--url posts them to another Windsock)")
    common = environment.load(CommonSettings, environ)
    own = {name: value for name, value in environ.items() if name != "WINDSOCK_REDIS_URL"}
    return own | {"WINDSOCK_DATA_DIR": common.data_dir.rstrip("/") + DATA_SUFFIX}


def _once_in_a_while(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` without lines that repeat the one before: all sites meet the same trouble at the same time."""
    last, until_s = "", 0.0

    def heard(text: str) -> None:
        nonlocal last, until_s
        if text != last or time.monotonic() > until_s:
            say(text)
        last, until_s = text, time.monotonic() + REPEATED_S

    return heard


def _greeting(url: str, cast: Sequence[Site], where: str = "") -> str:
    count = sum(len(site.devices) for site in cast)
    commands = [
        f"{device.name} ({', '.join(device.commands)})" for site in cast for device in site.devices if device.commands
    ]
    lines = [
        ("open", f"{url.rstrip('/')}/"),
        ("devices", f"{count}, made up; some fall silent, one dies after three minutes"),
        ("commands", ", ".join(commands)),
        *([("data", f"{where}, apart from yours")] if where else []),
        ("stop", "Ctrl-C"),
    ]
    told = "".join(f"  {name:<10}{text}\n" for name, text in lines)
    return f"\nThe demo of Windsock is running.\n\n{told}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
