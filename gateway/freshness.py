"""How fresh the weather of a topic is, and what its subscribers are told of that beside its publications. Pure.

An observation that comes live says by itself that all is well. When that ends, because it gets older than twice its
interval or because no weather service answers any more, the subscribers get it once more with a mark: `stale`, `age_s`
and `reason` beside its own members. So they do when it ends being so without a newer observation.

Promise: each change of whether it is stale, and of whether there is a reason, is told once to who is subscribed, and
what holds now to who comes while something is wrong. What this does not do: it reads nothing, and has no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import msgspec
import orjson
from msgspec import Struct

from gateway.hub import Delivery
from services.batch import Batch, Position
from services.weather_status import WeatherStatus, interval_of

Kind: TypeAlias = tuple[bool, bool]
"""Whether it is stale, and whether there is a reason."""
WELL: Kind = (False, False)


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds since the observation was made, whether that is too long, and why nothing newer can be told."""

    age_s: float | None
    stale: bool
    reason: str | None = None

    @property
    def kind(self) -> Kind:
        """What subscribers are told of when it changes."""
        return self.stale, self.reason is not None

    def members(self) -> dict[str, Any]:
        """As the members of a JSON object."""
        return {"stale": self.stale, "age_s": None if self.age_s is None else round(self.age_s), "reason": self.reason}


class _Reading(Struct):
    ts: int
    tags: dict[str, str] = {}


_reading = msgspec.json.Decoder(_Reading)


@dataclass(frozen=True, slots=True)
class Observed:
    """A topic's newest observation as it is stored: its text, its time (Unix milliseconds) and its tags."""

    payload: bytes
    ts: int
    tags: Mapping[str, str]

    @classmethod
    def read(cls, payload: bytes) -> Observed | None:
        """None for what is no reading."""
        try:
            reading = _reading.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return cls(payload, reading.ts, reading.tags)


def known(place: str, status: WeatherStatus | None, ts: int | None, tags: Mapping[str, str]) -> WeatherStatus:
    """The status of a place, given its newest observation, whether or not a poller has told one."""
    if status is None:
        provider = tags.get("provider")
        return WeatherStatus(place, interval_of(tags), next_ms=0, poller="", provider=provider, observed_ms=ts)
    newest = max((one for one in (status.observed_ms, ts) if one is not None), default=None)
    return replace(status, observed_ms=newest)


def shown(
    place: str, status: WeatherStatus | None, ts: int | None, tags: Mapping[str, str], now_ms: int
) -> dict[str, Any]:
    """The same as clients are shown it."""
    told = known(place, status, ts, tags).shown(now_ms)
    return told if status is not None else told | {"next": None}


def judged(status: WeatherStatus | None, ts: int | None, tags: Mapping[str, str], now_ms: int) -> Freshness:
    """How fresh the newest observation is. `now_ms` is Unix time."""
    now = known("", status, ts, tags)
    return Freshness(now.age_s(now_ms), now.stale(now_ms), now.reason)


@dataclass(slots=True)
class _Topic:
    """What was found at the last look: the position up to which subscribers had the topic, and what they were told."""

    position: Position
    kind: Kind
    status: WeatherStatus | None
    observed: Observed
    standing: tuple[Freshness, Delivery] | None = None


class Marks:
    """What the subscribers of each topic were told."""

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}

    def look(
        self, topic: str, position: Position, status: WeatherStatus | None, observed: Observed, now_ms: int
    ) -> bytes | None:
        """What is to be pushed to all subscribers of `topic`, to whom its publications came up to `position`."""
        before = self._topics.get(topic)
        told = before.kind if before is not None and before.position == position else WELL
        fresh = judged(status, observed.ts, observed.tags, now_ms)
        self._topics[topic] = _Topic(position, fresh.kind, status, observed)
        return None if fresh.kind == told else marked(observed.payload, fresh)

    def standing(self, topic: str, position: Position, has: Position, told: Kind, now_ms: int) -> Delivery | None:
        """What a subscriber who has the topic up to `has` and was `told` that is to know beside it now.

        `position` is up to where the topic came by now.
        """
        one = self._topics.get(topic)
        if one is None or one.kind == told or one.position != position:
            return None
        if has.epoch == position.epoch and has.offset > position.offset:
            return None
        fresh = judged(one.status, one.observed.ts, one.observed.tags, now_ms)
        # Thousands may come within a second: they share one.
        if one.standing is None or one.standing[0].members() != fresh.members():
            payload = marked(one.observed.payload, fresh)
            one.standing = fresh, Delivery(topic, Batch("", 0, 0, [payload]))
        return one.standing[1]

    def status(self, topic: str) -> WeatherStatus | None:
        """The status at the last look."""
        one = self._topics.get(topic)
        return None if one is None else one.status

    def keep(self, topics: Collection[str]) -> None:
        """Forget all others."""
        for topic in self._topics.keys() - set(topics):
            del self._topics[topic]

    @property
    def stale(self) -> int:
        """How many topics are."""
        return sum(one.kind[0] for one in self._topics.values())


def marked(payload: bytes, fresh: Freshness) -> bytes:
    """A stored observation, which is a JSON object, with how fresh it is."""
    return payload[:-1] + b"," + orjson.dumps(fresh.members())[1:]
