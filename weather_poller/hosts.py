"""Turns at the hosts of weather services, and what is known of each: in Redis, or in this process alone.

Promise: one request at a time is in flight at a host, over all that share the Redis; a turn whose holder died is
free after `TURN_S`. What is known is read and written under the turn only, by the clock of Redis.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Gauge

from services import logs
from services.errors import Unavailable
from services.redis import Client, answered
from services.settings import WeatherSettings
from weather_poller.held import Held, LostError
from weather_poller.host import Host, Limits, Window
from weather_poller.providers.provider import Calls

TURN_S = 3.0
LOOK_S = 0.05
"""Pause between two attempts to get a turn that another has."""
KEPT_S = 2 * 86_400
"""Seconds for which a host is remembered: its longest window, and some more."""

SAVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
return 1
"""

log = logs.get("hosts")


class Service(Protocol):
    """A weather service or a geocoder, as far as its hosts are concerned."""

    @property
    def name(self) -> str: ...

    @property
    def calls(self) -> Calls: ...


class BusyError(Exception):
    """Others are asking the host, and went on doing so for as long as we wanted to wait."""


class Turn(Protocol):
    """The right to ask a host, while it lasts."""

    host: Host

    async def save(self) -> None:
        """Keep what is known of the host. Raises LostError if the turn is another's by now."""
        ...


class Hosts(Protocol):
    """Gives turns."""

    def turn(self, netloc: str, service: Service) -> AbstractAsyncContextManager[Turn]:
        """Wait for the turn at a host; it ends with the context, which is cancelled if the turn is lost.

        Raises BusyError, LostError, Unavailable.
        """
        ...


def turn_key(netloc: str) -> str:
    """Whose turn it is at a host."""
    return f"windsock:{{places}}:turn:{netloc}"


def host_key(netloc: str, service: str) -> str:
    """What is known of a service at a host, as JSON."""
    return f"windsock:{{places}}:host:{netloc}:{service}"


def _limits(settings: WeatherSettings, service: Service) -> Limits:
    return Limits(service.calls, settings.weather_retry_s, settings.weather_retry_max_s, settings.weather_failures)


class _Gauges:
    """What is left of each service's calls, as far as this process knows, when somebody asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._left = Gauge(
            "windsock_weather_calls_left",
            "Calls to a weather service that are left in the present minute, hour and day",
            ["provider", "window"],
            registry=registry,
        )
        self._open = Gauge(
            "windsock_weather_breaker_open",
            "1 while a weather service is left alone since it failed too often in a row",
            ["provider"],
            registry=registry,
        )

    def show(self, service: str, host: Host) -> None:
        for window in host.left():
            self._left.labels(service, window).set_function(partial(_left, host, window))
        self._open.labels(service).set_function(lambda: host.breaker == "open")


def _left(host: Host, window: Window) -> float:
    return host.left()[window]


class _HeldTurn:
    def __init__(self, redis: Client, held: Held, key: str, host: Host) -> None:
        self.host = host
        self._redis = redis
        self._held = held
        self._key = key

    async def save(self) -> None:
        async with answered():
            kept: Any = await self._redis.eval(
                SAVE, 2, self._held.key, self._key, self._held.value or "", self.host.encoded(), KEPT_S
            )
        if not kept:
            raise LostError(f"{self._held.key} was lost")


class SharedHosts:
    """Turns and knowledge that all pollers on one Redis share."""

    def __init__(self, redis: Client, settings: WeatherSettings, registry: CollectorRegistry, who: str = "") -> None:
        self._redis = redis
        self._settings = settings
        self._gauges = _Gauges(registry)
        self._who = who
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def turn(self, netloc: str, service: Service) -> AsyncIterator[Turn]:
        """See `Hosts`."""
        held = Held(self._redis, turn_key(netloc), TURN_S, self._who)
        # In this process they wait in line; only the first of it looks at Redis again and again.
        async with _line(self._locks, netloc, 2 * self._settings.weather_request_s):
            try:
                async with _patience(netloc, 2 * self._settings.weather_request_s):
                    while True:
                        if await held.acquire():
                            break
                        await asyncio.sleep(LOOK_S * (1 + random.random()))
                async with held.kept():
                    yield await self._known(held, netloc, service)
            finally:
                try:
                    await held.release()
                except Unavailable as error:
                    log.warning("a turn could not be given back; its time will end", error=str(error))

    async def _known(self, held: Held, netloc: str, service: Service) -> Turn:
        key = host_key(netloc, service.name)
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.time()
        pipeline.get(key)
        async with answered():
            (seconds, microseconds), saved = await pipeline.execute()
        ahead = seconds + microseconds / 1e6 - time.monotonic()
        host = Host(_limits(self._settings, service), lambda: time.monotonic() + ahead, random.random, saved)
        self._gauges.show(service.name, host)
        return _HeldTurn(self._redis, held, key, host)


class _OwnTurn:
    def __init__(self, host: Host) -> None:
        self.host = host

    async def save(self) -> None:
        """It is kept already."""


class OwnHosts:
    """Turns and knowledge of this process alone, for who works without Redis."""

    def __init__(self, settings: WeatherSettings, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._gauges = _Gauges(registry)
        self._locks: dict[str, asyncio.Lock] = {}
        self._hosts: dict[str, Host] = {}

    @asynccontextmanager
    async def turn(self, netloc: str, service: Service) -> AsyncIterator[Turn]:
        """See `Hosts`."""
        key = host_key(netloc, service.name)
        if key not in self._hosts:
            self._hosts[key] = Host(_limits(self._settings, service), time.time, random.random)
            self._gauges.show(service.name, self._hosts[key])
        async with _line(self._locks, netloc, 2 * self._settings.weather_request_s):
            yield _OwnTurn(self._hosts[key])


@asynccontextmanager
async def _line(locks: dict[str, asyncio.Lock], netloc: str, patience_s: float) -> AsyncIterator[None]:
    lock = locks.setdefault(netloc, asyncio.Lock())
    async with _patience(netloc, patience_s):
        await lock.acquire()
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def _patience(netloc: str, seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise BusyError(f"other requests to {netloc} are under way") from None
