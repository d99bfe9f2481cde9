"""Cities that a client of `/ws/weather/` follows: found by name, fetched at once if new, kept tracked.

A city that no poller tracks is asked for through Redis; the poller's answer comes back on the gateway's own
channel. While somebody listens here, the place's interest is renewed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import orjson

from gateway.broker import Broker
from gateway.clients import rendering
from gateway.mesh import Mesh
from gateway.sender import Sender
from gateway.subscription import Subscription
from services import json_text, logs, topics
from services.access import Permits
from services.batch import Position
from services.errors import BadRequest, Forbidden, NotFound, Overloaded, TooLarge, Unavailable, WindsockError
from services.places import ANSWER, Places
from services.settings import GatewaySettings
from services.stream import END, Stream

log = logs.get("weather")


class Cities:
    """The gateway's side of the weather."""

    def __init__(self, broker: Broker, mesh: Mesh, stream: Stream, places: Places, settings: GatewaySettings) -> None:
        self._broker = broker
        self._channel = mesh.channel
        self._node = mesh.node
        self._stream = stream
        self._places = places
        self._settings = settings
        self._asked: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._listened: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        """Place → the city's name by which it was asked for."""
        mesh.on(ANSWER, self._answered)

    async def keep_interest(self) -> None:
        """Renew the interest in the places that are listened to, until cancelled."""
        while True:
            if self._listened:
                try:
                    unknown = await self._places.touch(list(self._listened), self._settings.interest_s, self._node)
                except Unavailable as error:
                    log.warning("cannot renew interest in places", error=str(error))
                else:
                    await self._ask_again(unknown)
            await asyncio.sleep(self._settings.interest_s / 3)

    async def _ask_again(self, slugs: Sequence[str]) -> None:
        """Have places tracked that Redis, which has lost its data, does not know any more."""
        for slug in slugs:
            try:
                if slug in self._names:
                    await self._find(self._names[slug], lambda _: True)
            except WindsockError as error:
                log.warning("a place cannot be found again", place=slug, error=str(error))

    @asynccontextmanager
    async def follower(self, sender: Sender, permits: Permits) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
        """What takes one client's messages `{"city": name}`; its subscriptions end with the context.

        `permits` tells which places' topics it may use.
        """
        followed: dict[str, Subscription] = {}

        async def take(text: bytes) -> None:
            city = _city(text)
            try:
                await follow(city)
            except WindsockError as error:
                error.about = {"city": city}
                raise

        async def follow(city: str) -> None:
            slug = await self._find(city, permits)
            if slug in followed:
                if not (await self._send_latest(slug, city, sender)).offset:
                    raise _none_yet(slug)
                return
            if len(followed) >= self._settings.cities_per_client:
                raise TooLarge(f"one client may follow {self._settings.cities_per_client} cities")
            topic = topics.WEATHER + slug
            subscription = Subscription(
                topic,
                sender,
                rendering.observations,
                lambda at: sender.send(rendering.lost(at)),
                self._settings.outbox_bytes,
            )
            await self._broker.join(topic, subscription)
            with ExitStack() as if_it_fails:
                if_it_fails.callback(self._broker.leave, topic, subscription)
                await self._places.touch([slug], self._settings.interest_s, self._node)
                after = await self._send_latest(slug, city, sender)
                await subscription.go_live(after, self._stream.read, self._settings.history_page)
                if_it_fails.pop_all()
            followed[slug] = subscription
            self._listened[slug] += 1
            self._names.setdefault(slug, city)
            if not after.offset:
                asyncio.get_running_loop().call_later(self._settings.weather_timeout_s, tell_if_none, slug, city)

        def tell_if_none(slug: str, city: str) -> None:
            if slug in followed and not self._broker.hub.position(topics.WEATHER + slug).offset:
                sender.send(orjson.dumps(_none_yet(slug).message() | {"city": city}))

        try:
            yield take
        finally:
            for slug, subscription in followed.items():
                self._broker.leave(topics.WEATHER + slug, subscription)
                self._listened[slug] -= 1
                if not self._listened[slug]:
                    del self._listened[slug], self._names[slug]
            followed.clear()

    async def current(self, city: str, permits: Permits) -> dict[str, Any]:
        """The newest observation of a city. Raises Forbidden, NotFound, Overloaded or Unavailable."""
        slug = await self._find(city, permits)
        await self._places.touch([slug], self._settings.interest_s, self._node)
        page = await self._stream.read(topics.WEATHER + slug, "down", END, 1)
        if not page.batches:
            raise Unavailable(f"no observation of {slug!r} yet; ask again in a while")
        return rendering.observation(page.batches[-1].payloads[-1])

    async def _send_latest(self, slug: str, city: str, sender: Sender) -> Position:
        page = await self._stream.read(topics.WEATHER + slug, "down", END, 1)
        for batch in page.batches:
            for payload in batch.payloads:
                sender.send(orjson.dumps(rendering.observation(payload) | {"asked": city}))
        return page.top

    async def _find(self, city: str, permits: Permits) -> str:
        """The slug of a city that the client may use; a poller is asked for one that it does not track."""
        place = await self._places.lookup(city)
        # Before anybody is asked on behalf of a client who would not be told.
        _demand(permits, place.place if place is not None else topics.slug(city))
        if place is not None and (place.pinned or await self._places.is_wanted(place.place)):
            return place.place
        token = uuid.uuid4().hex
        answered = self._asked[token] = asyncio.get_running_loop().create_future()
        try:
            await self._places.request(city, self._channel, token, self._settings.weather_timeout_s)
            async with asyncio.timeout(self._settings.weather_timeout_s):
                answer = await answered
        except TimeoutError:
            raise Unavailable(f"no weather for {city!r} yet; ask again in a while") from None
        finally:
            del self._asked[token]
        error = answer.get("error")
        if error is None:
            found = str(answer.get("place"))
            _demand(permits, found)
            return found
        if error.get("code") == "unknown_city":
            raise NotFound(str(error.get("message")))
        if error.get("code") == "too_many_places":
            raise Overloaded(str(error.get("message")))
        raise Unavailable(str(error.get("message")))

    def _answered(self, answer: dict[str, Any]) -> None:
        waiting = self._asked.get(str(answer.get("token")))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


def _demand(permits: Permits, slug: str) -> None:
    if not permits(topics.WEATHER + slug):
        raise Forbidden(f"the weather of {slug} is not for you")


def _none_yet(slug: str) -> Unavailable:
    return Unavailable(f"no observation of {slug!r} yet; it comes as soon as there is one")


def _city(text: bytes) -> str:
    message = json_text.parsed(text)
    city = message.get("city") if isinstance(message, dict) else None
    if not isinstance(city, str) or not 2 <= len(city.strip()) <= 100:
        raise BadRequest("city", 'send {"city": name} with a name of 2 to 100 characters')
    return city.strip()
