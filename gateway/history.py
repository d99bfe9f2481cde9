"""A channel's history as clients are shown it."""

from __future__ import annotations

import time

from gateway.channels import Channel
from gateway.retention import within
from services.stream import Bound, Direction, Page, Stream


async def read(stream: Stream, channel: Channel, direction: Direction, bound: Bound, limit: int) -> Page:
    """A page of the channel's history, of a namespace no more than it promises to keep. Raises Unavailable."""
    if channel.built_in:
        return await stream.read(channel.name, direction, bound, limit)
    if direction == "up":
        top = await stream.position(channel.name)
        lowest = max(0, top.offset - channel.options.history_size)
        bound = ("offset", max(lowest, bound[1]))
    while True:
        page = await stream.read(channel.name, direction, bound, limit)
        shown = within(page, channel.options, time.time_ns() // 1_000_000)
        if shown.batches or not page.batches or not page.more or direction == "down":
            return shown
        bound = ("offset", page.batches[-1].last)
