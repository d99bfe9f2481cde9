"""A weather poller in the process of the test, against a real Redis, and what a gateway would do beside it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson

from services import redis, topics, weather_status
from services.background import background
from services.places import Places
from services.room import Shared
from services.stream import END
from services.weather_status import WeatherStatus
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo
from weather_poller import app

WITHIN_S = 45.0


class Running:
    """A poller that runs, and what a gateway would do beside it."""

    def __init__(self, shared: Shared, unready: Callable[[], Any]) -> None:
        self.shared = shared
        self.unready = unready
        self.places = Places(shared.redis)

    async def observed(self, slug: str) -> list[dict[str, Any]]:
        page = await self.shared.stream.read(topics.WEATHER + slug, "up", END, 100)
        return [orjson.loads(payload) for batch in page.batches for payload in batch.payloads]

    async def state(self, slug: str) -> WeatherStatus | None:
        return (await weather_status.read(self.shared.redis, [slug]))[0]

    async def ask(self, city: str, geocoder_id: int | None = None, within_s: float = WITHIN_S) -> dict[str, Any]:
        """A gateway's request for a city, and its answer."""
        token, channel = secrets.token_hex(4), "test:answers:" + secrets.token_hex(4)
        async with self.shared.redis.pubsub() as listener:
            await listener.subscribe(channel)
            await self.places.request(city, channel, token, within_s, geocoder_id)
            async with asyncio.timeout(WITHIN_S):
                while True:
                    message = await listener.get_message(ignore_subscribe_messages=True, timeout=1.0)
                    if message is not None:
                        answer: dict[str, Any] = orjson.loads(message["data"])["body"]
                        assert answer.pop("token") == token
                        return answer

    def metric(self, name: str, **labels: str) -> float:
        return self.shared.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def poller(server: RedisServer, weather: OpenMeteo | str, **settings: str) -> AsyncIterator[Running]:
    url = weather if isinstance(weather, str) else weather.url
    environ = {
        "WINDSOCK_OPEN_METEO_URL": url,
        "WINDSOCK_GEOCODING_URL": url,
        "WINDSOCK_WEATHER_RETRY_S": "0.05",
        "WINDSOCK_WEATHER_RETRY_MAX_S": "0.2",
        "WINDSOCK_WEATHER_REQUEST_S": "5",
        "WINDSOCK_WEATHER_HISTORY_H": "0",
    } | {f"WINDSOCK_{key.upper()}": value for key, value in settings.items()}
    client = redis.connect(server.url)
    shared = Shared.over(client, client, server.url, environ)
    room = app.build(shared)
    async with client, background(shared.writer.run, shared.pulse.run), room.running():
        yield Running(shared, shared.pulse.unready)


def at_least(count: int, of: Callable[[], int]) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return of() >= count

    return check
