"""Weather places as gateways and pollers share them in Redis: names, interest, requests, answers.

A gateway looks a city up by name; if no poller tracks it, it puts a request on a stream, which the pollers
read as one consumer group. The poller's answer is published on the requester's own channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import msgspec
import orjson
from redis.exceptions import WatchError

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
GATEWAY = "gateway:"
"""With its name behind it, a gateway among those who are interested."""
POLLER = "poller"
"""The pollers among those who are interested: for a while, in a city that they were asked for."""
ANSWER = "place"
"""Kind of the message that answers a request (`gateway.mesh`)."""
NEAR_DEGREES = 0.5
"""A place of the settings and one of the geocoder's that have a slug in common are the same if they are so near."""
LEAST_NAME = 2
MOST_NAME = 100
NAME = f"a name of {LEAST_NAME} to {MOST_NAME} characters"
"""What a place may be asked for by, in words."""
GROUP = "pollers"
MOST_REQUESTS = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A place with weather. `place` is its slug; `pinned` ones come from the settings, as `PINNED_KEY` says.

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


def is_name(city: str) -> bool:
    """Whether a place may be asked for by `city`: `NAME`, blanks around it not counted."""
    return LEAST_NAME <= len(city.strip()) <= MOST_NAME


def _decoded(raw: bytes | str | None, pinned: bool) -> Place | None:
    if raw is None:
        return None
    try:
        return replace(_place.decode(raw), pinned=bool(pinned))
    except msgspec.MsgspecError as error:
        log.error("not a place; left out", error=str(error))
        return None


def same_spot(one: Place, other: Place) -> bool:
    """Whether two places of one name are the same: by the geocoder's id, else by how near they are."""
    if one.geocoder_id is not None and other.geocoder_id is not None:
        return one.geocoder_id == other.geocoder_id
    return abs(one.latitude - other.latitude) < NEAR_DEGREES and abs(one.longitude - other.longitude) < NEAR_DEGREES


class Places:
    """Both sides' view of the places. Redis failures are raised as Unavailable."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._touch = redis.register_script(files("services").joinpath("lua/interest.lua").read_text())

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
        """The places with these slugs. Which of them are of the settings is told by `PINNED_KEY` alone."""
        if not slugs:
            return []
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.mget(map(place_key, slugs))
        pipeline.smismember(PINNED_KEY, list(slugs))
        async with answered():
            found, pinned = await pipeline.execute()
        return [_decoded(raw, is_pinned) for raw, is_pinned in zip(found, pinned, strict=True)]

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

    async def register(self, place: Place, *asked_as: str) -> Place:
        """Remember a place under its slug, and under the names that it was asked as; under its own name only if that is
        what it means: one of several of that name has another slug.

        Returns the place that has the slug now: if that is another one (`same_spot`), nothing was remembered. A place
        of the settings gets its slug and its name in any case; one without an id of the geocoder's keeps the id that is
        known of it.
        """
        async with answered():
            while True:
                try:
                    return await self._register(place, asked_as)
                except WatchError:
                    continue  # somebody else registered one of this slug meanwhile

    async def _register(self, place: Place, asked_as: Sequence[str]) -> Place:
        key = place_key(place.place)
        async with self._redis.pipeline(transaction=True) as pipeline:
            await pipeline.watch(key)
            raw, is_pinned = await pipeline.get(key), await pipeline.sismember(PINNED_KEY, place.place)
            holder = _decoded(raw, bool(is_pinned))
            if holder is not None:
                if same_spot(holder, place):
                    told = place if place.pinned else holder
                    place = replace(told, geocoder_id=place.geocoder_id or holder.geocoder_id)
                elif not place.pinned:
                    return holder
            asked = {name_key(name) for name in asked_as}
            own = {name_key(place.place)}
            if place.pinned or topics.slug(place.name) == place.place:
                own.add(name_key(place.name))
            pipeline.multi()  # type: ignore[no-untyped-call]
            pipeline.set(key, orjson.dumps(place), ex=KNOWN_S)
            for name in asked | own:
                pipeline.set(name, place.place, ex=KNOWN_S, nx=not place.pinned and name not in asked)
            if place.geocoder_id is not None:
                pipeline.set(geocoder_key(place.geocoder_id), place.place, ex=KNOWN_S, nx=not place.pinned)
            await pipeline.execute()
        return place

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
        async with answered():
            pinned: Any = await self._redis.smembers(PINNED_KEY)
        slugs = {text(slug) for slug in pinned} | set(await self.interested())
        found = await self.get(list(slugs))
        return sorted((place for place in found if place is not None), key=lambda place: place.name)

    async def touch(self, slugs: Sequence[str], interest_s: int, who: str) -> list[str]:
        """`who` is interested in these places for another `interest_s` seconds; returns those that are unknown."""
        if not slugs:
            return []
        keys = [INTEREST_KEY, LISTENERS_KEY, *map(place_key, slugs)]
        async with answered():
            known = await self._touch(keys=keys, args=[interest_s, who, KNOWN_S, *slugs])
        return [slug for slug, is_known in zip(slugs, known, strict=True) if not is_known]

    async def is_wanted(self, slug: str) -> bool:
        """Whether somebody is interested in the place, so that a poller tracks it."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.time()
        pipeline.zscore(INTEREST_KEY, slug)
        async with answered():
            clock, until = await pipeline.execute()
        return until is not None and until > _ms(clock)

    async def interested(self) -> list[str]:
        """Slugs of the places that somebody is interested in: by Redis' clock."""
        return await self._interest(INTEREST_KEY)

    async def listeners(self) -> dict[str, list[str]]:
        """Who is interested in which place: slug → names."""
        who: dict[str, list[str]] = {}
        for member in await self._interest(LISTENERS_KEY):
            slug, _, name = member.partition(" ")
            who.setdefault(slug, []).append(name)
        return who

    async def _interest(self, key: str) -> list[str]:
        """The members of a set of interest that still count."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.time()
        pipeline.zrange(key, 0, -1, withscores=True)
        async with answered():
            clock, found = await pipeline.execute()
        now_ms = _ms(clock)
        return [text(member) for member, until in found if until > now_ms]


def _ms(clock: tuple[int, int]) -> int:
    """What Redis answers to TIME as Unix milliseconds."""
    seconds, microseconds = clock
    return seconds * 1000 + microseconds // 1000
