"""Weather places as gateways and pollers share them in Redis: names, interest, requests, answers.

A gateway looks a city up by name; if no poller tracks it, it puts a request on a stream, which the pollers
read as one consumer group. The poller's answer is published on the requester's own channel.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from services import logs, topics
from services.redis import Client, answered, text

KNOWN_S = 86_400
"""Seconds for which a place and its names are remembered after somebody last wanted it."""
INTEREST_KEY = "windsock:{places}:interest"
"""Sorted set: slug → Unix milliseconds until which somebody is interested."""
LISTENERS_KEY = "windsock:{places}:listeners"
"""Sorted set: slug and who is interested (a gateway), with a space between → Unix milliseconds until which."""
PINNED_KEY = "windsock:{places}:pinned"
"""Set of the slugs that the settings name."""
LEASE_KEY = "windsock:{places}:lease"
"""Who asks the weather services now: the poller's name, a space, and what is unique to this lease."""
REQUESTS_KEY = "windsock:{places}:requests"
"""Stream of requests for cities that are not tracked: city, reply channel, token, milliseconds that it is awaited,
perhaps the id of the geocoder's."""
ANSWER = "place"
"""Kind of the message that answers a request (`gateway.mesh`)."""
GROUP = "pollers"
MOST_REQUESTS = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A place with weather. `place` is its slug; `pinned` ones come from the settings.

    `providers` are the weather services to ask, in this order; empty: those of WINDSOCK_WEATHER_PROVIDERS.
    """

    place: str
    name: str
    latitude: float
    longitude: float
    country: str | None = None
    geocoder_id: int | None = None
    pinned: bool = False
    country_code: str | None = None
    admin1: str | None = None
    timezone: str | None = None
    providers: tuple[str, ...] = ()


log = logs.get("places")
_place = msgspec.json.Decoder(Place)  # skips members that a newer version may have added


def place_key(slug: str) -> str:
    """The place as JSON."""
    return f"windsock:{{places}}:place:{slug}"


def geocoder_key(geocoder_id: int) -> str:
    """The slug of the place that has this id of the geocoder's, whatever it is called."""
    return f"windsock:{{places}}:id:{geocoder_id}"


def name_key(city: str) -> str:
    """The slug of the place that has this name, however it is spaced and capitalised."""
    return f"windsock:{{places}}:name:{' '.join(city.casefold().split())}"


def _decoded(raw: bytes | str) -> Place | None:
    try:
        return _place.decode(raw)
    except msgspec.MsgspecError as error:
        log.error("not a place; left out", error=str(error))
        return None


class Places:
    """Both sides' view of the places. Redis failures are raised as Unavailable."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def lookup(self, city: str) -> Place | None:
        """The place that was once registered under this name."""
        async with answered():
            slug = await self._redis.getex(name_key(city), ex=KNOWN_S)
        return (await self.get([text(slug)]))[0] if slug else None

    async def lookup_id(self, geocoder_id: int) -> Place | None:
        """The place that was once registered with this id of the geocoder's."""
        async with answered():
            slug = await self._redis.getex(geocoder_key(geocoder_id), ex=KNOWN_S)
        return (await self.get([text(slug)]))[0] if slug else None

    async def get(self, slugs: Sequence[str]) -> list[Place | None]:
        """The places with these slugs."""
        if not slugs:
            return []
        async with answered():
            found = await self._redis.mget(map(place_key, slugs))
        return [_decoded(raw) if raw else None for raw in found]

    async def request(self, city: str, reply: str, token: str, within_s: float, geocoder_id: int | None = None) -> None:
        """Ask the pollers for a city; the answer, with `token`, is published on the channel `reply`.

        `geocoder_id` says which of several that are called so. After `within_s` seconds nobody waits for it any more.
        """
        fields: dict[Any, Any] = {"city": city, "reply": reply, "token": token, "within_ms": round(within_s * 1000)}
        if geocoder_id is not None:
            fields["id"] = geocoder_id
        async with answered():
            await self._redis.xadd(REQUESTS_KEY, fields, maxlen=MOST_REQUESTS, approximate=True)

    async def answer(self, reply: str, body: dict[str, Any]) -> None:
        """Publish a poller's answer."""
        async with answered():
            await self._redis.publish(reply, orjson.dumps({"kind": ANSWER, "body": body}))

    async def register(self, place: Place, *asked_as: str) -> None:
        """Remember a place under its slug, unless another has it, and under the names that it was asked as; under its
        own name only if that is what it means: one of several of that name has another slug.

        A place of the settings gets its name in any case.
        """
        asked = {name_key(name) for name in asked_as}
        own = {name_key(place.place)}
        if place.pinned or topics.slug(place.name) == place.place:
            own.add(name_key(place.name))
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.set(place_key(place.place), orjson.dumps(place), ex=KNOWN_S)
        for key in asked | own:
            pipeline.set(key, place.place, ex=KNOWN_S, nx=not place.pinned and key not in asked)
        if place.geocoder_id is not None:
            pipeline.set(geocoder_key(place.geocoder_id), place.place, ex=KNOWN_S, nx=not place.pinned)
        async with answered():
            await pipeline.execute()

    async def pin(self, slugs: Sequence[str]) -> None:
        """These, and no others, are the places of the settings."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.delete(PINNED_KEY)
        if slugs:
            pipeline.sadd(PINNED_KEY, *slugs)
            pipeline.expire(PINNED_KEY, KNOWN_S)
        async with answered():
            await pipeline.execute()

    async def has_room(self, slug: str, most: int) -> bool:
        """Whether the place is among those that are wanted, or these are fewer than `most`."""
        wanted = {place.place for place in await self.tracked()}
        return slug in wanted or len(wanted) < most

    async def tracked(self) -> list[Place]:
        """The places of the settings, and those that somebody is interested in, by name."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.smembers(PINNED_KEY)
        pipeline.zrangebyscore(INTEREST_KEY, time.time() * 1000, "+inf")
        async with answered():
            pinned, wanted = await pipeline.execute()
        found = await self.get(list({text(slug) for slug in (*pinned, *wanted)}))
        return sorted((place for place in found if place is not None), key=lambda place: place.name)

    async def touch(self, slugs: Sequence[str], interest_s: int, who: str) -> list[str]:
        """`who` is interested in these places for another `interest_s` seconds; returns those that are unknown."""
        if not slugs:
            return []
        until = int(time.time() * 1000) + interest_s * 1000
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zadd(INTEREST_KEY, dict.fromkeys(slugs, until), gt=True)
        pipeline.zadd(LISTENERS_KEY, {f"{slug} {who}": until for slug in slugs}, gt=True)
        for slug in slugs:
            pipeline.expire(place_key(slug), KNOWN_S)
        async with answered():
            _, _, *known = await pipeline.execute()
        return [slug for slug, is_known in zip(slugs, known, strict=True) if not is_known]

    async def is_wanted(self, slug: str) -> bool:
        """Whether somebody is interested in the place, so that a poller tracks it."""
        async with answered():
            until = await self._redis.zscore(INTEREST_KEY, slug)
        return until is not None and until > time.time() * 1000

    async def interested(self, now_ms: int) -> list[str]:
        """Slugs of the places that somebody is interested in; forgets those nobody is."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.zremrangebyscore(INTEREST_KEY, "-inf", now_ms)
        pipeline.zremrangebyscore(LISTENERS_KEY, "-inf", now_ms)
        pipeline.zrange(INTEREST_KEY, 0, -1)
        async with answered():
            *_, slugs = await pipeline.execute()
        return [text(slug) for slug in slugs]

    async def listeners(self) -> dict[str, list[str]]:
        """Who is interested in which place: slug → names."""
        async with answered():
            found: Any = await self._redis.zrangebyscore(LISTENERS_KEY, time.time() * 1000, "+inf")
        who: dict[str, list[str]] = {}
        for member in found:
            slug, _, name = text(member).partition(" ")
            who.setdefault(slug, []).append(name)
        return who
