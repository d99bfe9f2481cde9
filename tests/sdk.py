"""The official Python SDK as tests use it: subscriptions that keep what they are told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from centrifuge import (
    Client,
    PublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)


def packed(data: Any, *, protobuf: bool) -> Any:
    """JSON data as the SDK wants it."""
    return json.dumps(data).encode() if protobuf else data


def unpacked(data: Any) -> Any:
    """JSON data as the SDK gives it: bytes where it speaks Protobuf."""
    return json.loads(data) if isinstance(data, bytes) else data


class Recorder(SubscriptionEventHandler):  # type: ignore[misc]  # the SDK is not typed
    """What a subscription tells."""

    def __init__(self) -> None:
        self.publications: list[Any] = []
        self.offsets: list[int] = []
        self.tags: list[dict[str, str]] = []
        self.subscribed: list[SubscribedContext] = []
        self.unsubscribed: list[int] = []

    @property
    def numbers(self) -> list[int]:
        """The value `n` of each reading."""
        return [publication["values"]["n"] for publication in self.publications]

    @property
    def conflated(self) -> int:
        """How many publications were left out in favour of others."""
        return sum(int(tags.get("conflated", 0)) for tags in self.tags)

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.publications.append(unpacked(ctx.pub.data))
        self.offsets.append(ctx.pub.offset)
        self.tags.append(dict(ctx.pub.tags or {}))

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self.subscribed.append(ctx)

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self.unsubscribed.append(ctx.code)


@asynccontextmanager
async def connected(ws: str, *, protobuf: bool = False, **options: Any) -> AsyncIterator[Client]:
    """A client of the Windsock at the WebSocket origin `ws`; `options` are the SDK's."""
    client = Client(f"{ws}/connection/websocket", max_reconnect_delay=0.5, use_protobuf=protobuf, **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()
