"""Reading (and forgetting) what is stored: positions, history, latest values. Every read is bounded by its caller's
limit.

History and the epoch and offset that belong to it come from one script, so they always fit together.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Literal

import orjson

from services import batch, topics
from services.batch import Batch, Position, fresh_epoch
from services.errors import Unavailable
from services.metric_message import message
from services.pace import Pace
from services.redis import Client, answered, text

Direction = Literal["up", "down"]
Bound = tuple[Literal["offset", "time", "end"], int]
Asked = tuple[str, Direction, Bound, int]
"""Topic, direction, bound and limit of a read."""
END: Bound = ("end", 0)
PAGE_BYTES = 4_194_304
"""After so many bytes a page ends."""
BEGUN_S = 3_600
"""Seconds that a topic keeps its epoch on which nothing is published."""
BEGUN_PER_S = 100.0
"""Most topics a second that get theirs in this way: whoever asks for names writes them into Redis."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a topic's history. `batches` are oldest first in either direction.

    `top` is the topic's position at the moment of the read; `more` tells that the read stopped at its limit.
    """

    top: Position
    batches: list[Batch]
    more: bool


@dataclass(slots=True)
class Latest:
    """A device's newest values. Times are Unix milliseconds: `ts` by its own clock, `seen` by ours."""

    device: str
    ts: int = 0
    seen: int = 0
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """How the API shows it."""
        return {
            "device": self.device,
            "last_seen": self.seen,
            "ts": self.ts,
            "latest": self.values,
            "tags": self.tags,
        }


class Stream:
    """Reads topics. Redis failures are raised as Unavailable."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._script = redis.register_script(files("services").joinpath("lua/read.lua").read_text())
        self._beginnings = Pace(BEGUN_PER_S, time.monotonic())
        self._begin_script = redis.register_script(files("services").joinpath("lua/begin.lua").read_text())
        self._forget_script = redis.register_script(files("services").joinpath("lua/forget.lua").read_text())

    async def position(self, topic: str) -> Position:
        """The topic's position now; `Position("", 0)` if nothing was ever published."""
        found = (await self.positions([topic]))[0]
        if isinstance(found, Unavailable):
            raise found
        return found

    async def begin(self, topic: str) -> Position:
        """The topic's position; if nothing was published on it yet, it gets its epoch now.

        Above a pace it does not, and the position is `Position("", 0)`.
        """
        if not self._beginnings.allows(time.monotonic()):
            return Position("", 0)
        async with answered():
            epoch, offset = await self._begin_script(keys=[topics.state_key(topic)], args=[fresh_epoch(), BEGUN_S])
        return Position(bytes(epoch).decode("ascii"), int(offset))

    async def positions(self, names: Sequence[str]) -> list[Position | Unavailable]:
        """The positions of many topics in one round trip; why, for one that Redis cannot tell."""
        pipeline = self._redis.pipeline(transaction=False)
        for topic in names:
            pipeline.hmget(topics.state_key(topic), ["epoch", "offset"])
        async with answered():
            found = await pipeline.execute(raise_on_error=False)
        return [
            _refused(state)
            if isinstance(state, Exception)
            else Position((state[0] or b"").decode("ascii"), int(state[1] or 0))
            for state in found
        ]

    async def read(self, topic: str, direction: Direction, bound: Bound, limit: int) -> Page:
        """At most `limit` publications.

        `up`: those after ("offset", n), stored from ("time", ms) on, or from the oldest (END).
        `down`: the newest of those before ("offset", n), stored before ("time", ms), or of all (END).
        """
        keys = [topics.stream_key(topic), topics.state_key(topic)]
        async with answered():
            reply = await self._script(keys=keys, args=[direction, *bound, limit])
        return _page(reply, direction, bound, limit)

    async def read_after(
        self, offsets: Mapping[str, int], limit: int, most_bytes: int
    ) -> dict[str, Page | Unavailable]:
        """What came after its offset in each of many topics, asked together: `read` upwards for each.

        A topic's page ends once it has more than `most_bytes`. One that cannot be read says why; only when
        Redis does not answer at all is Unavailable raised.
        """
        pages = await self.read_each(
            [(topic, "up", ("offset", at), limit) for topic, at in offsets.items()], most_bytes
        )
        return dict(zip(offsets, pages, strict=True))

    async def read_each(self, asked: Sequence[Asked], most_bytes: int = PAGE_BYTES) -> list[Page | Unavailable]:
        """Many reads together; errors as with `read_after`."""
        pipeline = self._redis.pipeline(transaction=False)
        for topic, direction, bound, limit in asked:
            keys = [topics.stream_key(topic), topics.state_key(topic)]
            await self._script(keys=keys, args=[direction, *bound, limit, most_bytes], client=pipeline)
        async with answered():
            found = await pipeline.execute(raise_on_error=False)
        return [
            _refused(reply) if isinstance(reply, Exception) else _page(reply, direction, bound, limit)
            for (_, direction, bound, limit), reply in zip(asked, found, strict=True)
        ]

    async def latest(self, devices: Sequence[str], topic_of: str = topics.DEVICE) -> list[Latest | None]:
        """The latest values of each device (or, with `topic_of` WEATHER, place); None where nothing is known."""
        pipeline = self._redis.pipeline(transaction=False)
        for device in devices:
            pipeline.hgetall(topics.state_key(topic_of + device))
        async with answered():
            found = await pipeline.execute()
        return [_latest(device, state) for device, state in zip(devices, found, strict=True)]

    async def remove_history(self, topic: str) -> None:
        """Forget a topic's publications, but neither its position nor its latest values."""
        async with answered():
            # Not DEL: the stream's expiry must outlive this, for appends do not set it each time.
            await self._redis.xtrim(topics.stream_key(topic), maxlen=0, approximate=False)

    async def latest_at(self, topic: str) -> tuple[Position, Latest | None]:
        """The latest values of a device's or place's topic, and its position at the same moment."""
        async with answered():
            state: Any = await self._redis.hgetall(topics.state_key(topic))
        position = Position(state.get(b"epoch", b"").decode("ascii"), int(state.get(b"offset", 0)))
        return position, _latest(topic.partition(":")[2], state)

    async def devices(self, after: str, prefix: str, limit: int) -> list[str]:
        """At most `limit` known device ids that begin with `prefix`, in order, from the first above `after` on."""
        low = f"({after}" if after >= prefix and after else f"[{prefix}" if prefix else "-"
        high = f"[{prefix}\x7f" if prefix else "+"
        async with answered():
            found = await self._redis.zrangebylex(topics.DEVICES_KEY, low, high, start=0, num=limit)
        return [text(device) for device in found]

    async def forget_devices(self, devices: Sequence[str]) -> None:
        """Take devices whose state has expired off their index."""
        await self._forget(topics.DEVICES_KEY, devices)

    async def _forget(self, index: str, devices: Sequence[str]) -> None:
        if devices:
            keys = [index, *(topics.state_key(topics.DEVICE + device) for device in devices)]
            async with answered():
                await self._forget_script(keys=keys, args=devices)

    async def latest_of_metric(self, metric: str, chunk: int = 500) -> AsyncGenerator[list[dict[str, Any]]]:
        """The latest value of each device that reports `metric`, as the metric topic's messages, in chunks."""
        cursor, index = 0, topics.members_key(topics.METRIC + metric)
        while True:
            async with answered():
                found: Any = await self._redis.zscan(index, cursor=cursor, count=chunk)
            cursor, members = found
            devices = sorted({member.decode() for member, _ in members})
            values = await self._metric_of(devices, metric)
            yield [
                message(metric, device, *value)
                for device, value in zip(devices, values, strict=True)
                if value is not None
            ]
            gone = [device for device, value in zip(devices, values, strict=True) if value is None]
            await self._forget(index, gone)
            if not cursor:
                return

    async def _metric_of(self, devices: Iterable[str], metric: str) -> list[list[Any] | None]:
        pipeline = self._redis.pipeline(transaction=False)
        for device in devices:
            pipeline.hget(topics.state_key(topics.DEVICE + device), "m:" + metric)
        async with answered():
            found = await pipeline.execute()
        return [orjson.loads(value) if value is not None else None for value in found]


def _refused(error: Exception) -> Unavailable:
    return Unavailable(f"Redis refuses ({error})")


def _page(reply: Sequence[Any], direction: Direction, bound: Bound, limit: int) -> Page:
    """What `read.lua` returned, cut to its bound and limit."""
    epoch, top, entries, more = reply
    name = bytes(epoch).decode("ascii")
    found = [batch.from_entry(name, entry_id, lines) for entry_id, lines in entries]
    if direction == "down":
        found.reverse()
    kind, value = bound
    if kind == "offset" and direction == "up":
        found = [one.after(value) for one in found if one.last > value]
    elif kind == "offset":
        found = [one.before(value) for one in found if one.first < value]
    kept = _newest(found, limit) if direction == "down" else _oldest(found, limit)
    cut = sum(len(one.payloads) for one in found) > sum(len(one.payloads) for one in kept)
    return Page(Position(name, int(top)), kept, bool(more) or cut)


def _latest(device: str, state: dict[bytes, bytes]) -> Latest | None:
    if b"seen" not in state:
        return None  # it was subscribed to, but nothing is known of it
    latest = Latest(device, int(state.get(b"ts", 0)), int(state.get(b"seen", 0)))
    for name, raw in state.items():
        if name.startswith(b"m:"):
            ts, value, *unit = orjson.loads(raw)
            shown = {"value": value, "ts": ts}
            if unit:
                shown["unit"] = unit[0]
            latest.values[name[2:].decode("ascii")] = shown
        elif name == b"tags":
            latest.tags = orjson.loads(raw)[1]
    return latest


def _oldest(batches: list[Batch], limit: int) -> list[Batch]:
    kept: list[Batch] = []
    for one in batches:
        if limit <= 0:
            break
        kept.append(one.before(one.first + limit))
        limit -= len(one.payloads)
    return kept


def _newest(batches: list[Batch], limit: int) -> list[Batch]:
    kept: list[Batch] = []
    for one in reversed(batches):
        if limit <= 0:
            break
        kept.append(one.after(one.last - limit))
        limit -= len(one.payloads)
    return kept[::-1]
