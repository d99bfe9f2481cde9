"""Who is in which channel, over all gateways: kept in Redis, renewed while the client stays, else forgotten."""

from __future__ import annotations

import asyncio
import random
from importlib.resources import files

from services import logs, topics
from services.errors import Unavailable
from services.redis import Client, answered, text

KEPT_S = 60
"""Seconds after which a client that nobody renews is gone, as in Centrifugo."""
RENEWED_S = 25.0
MOST_PER_PIPELINE = 1_000

log = logs.get("presence")


class Presence:
    """The clients of this gateway, and a view of all. Redis failures are raised as Unavailable."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._script = redis.register_script(files("services").joinpath("lua/presence.lua").read_text())
        self._here: dict[tuple[str, str], bytes] = {}

    async def add(self, channel: str, client: str, info: bytes) -> None:
        """`client` is in `channel`; `info` is what others are shown, as JSON."""
        self._here[channel, client] = info
        await self._write([(channel, client)])

    async def remove(self, channel: str, client: str) -> None:
        """It is not any more."""
        if self._here.pop((channel, client), None) is None:
            return
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.hdel(topics.presence_key(channel), client)
        pipeline.zrem(topics.presence_times_key(channel), client)
        async with answered():
            await pipeline.execute()

    async def all(self, channel: str) -> dict[str, bytes]:
        """The info of each client in `channel`."""
        async with answered():
            found = await self._script(keys=_keys(channel))
        return {text(client): bytes(info) for client, info in zip(found[::2], found[1::2], strict=True)}

    async def keep(self) -> None:
        """Renew those who are here, until cancelled."""
        while True:
            await asyncio.sleep(RENEWED_S * random.uniform(0.8, 1.0))
            here = list(self._here)
            try:
                for start in range(0, len(here), MOST_PER_PIPELINE):
                    await self._write(here[start : start + MOST_PER_PIPELINE])
            except Unavailable as error:
                log.warning("cannot renew presence; trying again", error=str(error))

    async def _write(self, members: list[tuple[str, str]]) -> None:
        pipeline = self._redis.pipeline(transaction=False)
        for channel, client in members:
            info = self._here.get((channel, client))
            if info is not None:
                await self._script(keys=_keys(channel), args=[KEPT_S, client, info], client=pipeline)
        async with answered():
            await pipeline.execute()


def _keys(channel: str) -> list[str]:
    return [topics.presence_key(channel), topics.presence_times_key(channel)]
