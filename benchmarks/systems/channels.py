"""Django Channels with its two channel layers over Redis, each on the server that its users run it on.

Published is by `channel_layer.group_send` from another process, after Channels' docs, 'Channel Layers: Using Outside Of
Consumers'. `channels_redis.core` stands on daphne, Channels' own server, with one log line a request switched off; its
pub/sub layer on uvicorn.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.load_client import Dialect
from benchmarks.peers.channels_settings import CORE, PUBSUB, options
from benchmarks.systems.system import HOST, environment, missing, uvicorn, versions_of

APPLICATION = "benchmarks.peers.channels_app:application"


class ChannelsPublisher:
    """Sends to groups."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        for topic, payload in messages:
            await self._layer.group_send(topic, {"type": "topic.message", "text": payload.decode()})

    async def close(self) -> None:
        """Nothing is left open: the layer closes its connections with the event loop."""


@dataclass(frozen=True, slots=True)
class ChannelsSystem:
    """One server process."""

    name: str
    key: str
    layer: str
    server: str
    dialect: Dialect = "plain"
    path: str = "/ws/bench-%04d/"
    channel: str = "bench-%04d"
    ready_path: str | None = None

    def unavailable(self) -> str | None:
        return missing("channels", "channels_redis", self.server)

    def versions(self) -> str:
        return versions_of("django", "channels", "channels_redis", self.server)

    def command(self, port: int, redis_url: str) -> tuple[list[str], dict[str, str]]:
        settings = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.peers.channels_settings",
            "CHANNELS_LAYER": self.layer,
            "REDIS_URL": redis_url,
        }
        if self.server == "uvicorn":
            return uvicorn(APPLICATION, port), environment(**settings)
        daphne = [sys.executable, "-m", "daphne", "--bind", HOST, "--port", str(port), "--verbosity", "0"]
        return [*daphne, APPLICATION], environment(**settings)

    async def publisher(self, port: int, redis_url: str) -> ChannelsPublisher:
        from django.utils.module_loading import import_string

        return ChannelsPublisher(import_string(self.layer)(**options(self.layer, redis_url)))


DAPHNE = ChannelsSystem("Django Channels, daphne", "channels-daphne", CORE, "daphne")
UVICORN = ChannelsSystem("Django Channels pub/sub, uvicorn", "channels-uvicorn", PUBSUB, "uvicorn")
