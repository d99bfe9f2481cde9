"""`windsock up` and the commands that run one service each."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any

import typer

from services import logs
from services.assembly import checked
from services.cli.values import address
from services.errors import StartError
from services.redis import DEFAULT_URL, shown
from services.serve import bind, serve
from services.settings import CommonSettings

ALL = ("ingest", "gateway", "weather")


def up() -> None:
    """Run everything in one process, with a Redis server of its own unless WINDSOCK_REDIS_URL names one."""
    environ = dict(os.environ)
    common = checked(environ, "windsock")
    listener = bind(common.host, common.port)
    run(lambda: everything(environ, common, listener, _greet))


def ingest() -> None:
    """Run the service that takes readings from devices."""
    _one("ingest")


def gateway() -> None:
    """Run the service that pushes to browsers and answers questions."""
    _one("gateway")


def weather() -> None:
    """Run the service that fetches the weather."""
    _one("weather")


def mqtt() -> None:
    """Run the bridge that takes readings from an MQTT broker (WINDSOCK_MQTT_URL)."""
    _one("mqtt")


def _one(name: str) -> None:
    environ = dict(os.environ)
    common = checked(environ, name)
    listener = bind(common.host, common.port)
    log = logs.get("cli")

    def started() -> None:
        log.info("listening", url=address(common.host, listener.getsockname()[1]))

    run(lambda: serve([name], environ, listener, common.redis_url or DEFAULT_URL, started))


async def everything(
    environ: Mapping[str, str],
    common: CommonSettings,
    listener: socket.socket,
    started: Callable[[str, str], None],
    stopping: Callable[[], object] = lambda: None,
) -> None:
    """Run all rooms until a signal, over a private Redis server unless `common` names another.

    `started` gets the address and where the data are; `stopping` is called as soon as the signal comes.
    """
    async with AsyncExitStack() as stack:
        if common.redis_url:
            redis_url, where = common.redis_url, f"Redis at {shown(common.redis_url)}"
        else:
            # Needs POSIX, as the other commands do not.
            from services import embedded, redis_binary

            binary = redis_binary.find(environ.get("PATH"))
            redis_url = await stack.enter_async_context(embedded.running(binary, common.data_dir, common.redis_fsync))
            where = f"{_absolute(common.data_dir)} ({binary})"
        url = address(common.host, listener.getsockname()[1])
        await serve(ALL, environ, listener, redis_url, lambda: started(url, where), stopping)


def _absolute(path: str) -> str:
    return os.path.abspath(path)


def _greet(url: str, where: str) -> None:
    example = '{"device":"greenhouse-7","values":{"temperature":21.4,"humidity":40.1}}'
    typer.echo(
        f"\nWindsock is running.\n\n"
        f"  open     {url}/\n"
        f"  send     curl {url}/v1/readings -H 'Content-Type: application/json' -d '{example}'\n"
        f"  data     {where}\n"
        f"  stop     Ctrl-C\n"
    )


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `main` on uvloop; SIGINT and SIGTERM end it cleanly also before it serves."""
    import uvloop

    async def stoppable() -> None:
        task = asyncio.current_task()
        assert task is not None
        stopping = False

        def stop() -> None:
            nonlocal stopping
            stopping = True
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        try:
            await main()
        except asyncio.CancelledError:
            if not stopping:
                raise

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(stoppable())
    except BaseExceptionGroup as group:
        reason = _start_error(group)
        if reason is None:
            raise
        raise reason from None


def _start_error(error: BaseException) -> StartError | None:
    """The first StartError in a group, which is why the rest of it ended."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := _start_error(inner))), None)
    return error if isinstance(error, StartError) else None
