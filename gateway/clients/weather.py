"""Cities that a client of `/ws/weather/` follows: found by name, fetched at once if new.

A city that no poller tracks is asked of the pollers. Where several are called so the client is told which, and says
which one it means. Every message tells how old its observation is; see `gateway.freshness` for what comes beside them.

What a client may not use is asked of nobody on its behalf. The candidates of an ambiguous name are places that it did
not name: they are told to those only who may use every topic of weather, and so may an id ask for a place that nobody
has asked for yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.broker import Broker
from gateway.clients import rendering
from gateway.freshness import WELL, Kind, Observed
from gateway.freshness_watch import FreshnessWatch, now_ms
from gateway.interest import Interest
from gateway.place_questions import PlaceQuestions
from gateway.sender import Sender
from gateway.subscription import Subscription
from services import json_text, topics
from services.access import Permits
from services.batch import Position
from services.errors import Ambiguous, BadRequest, Forbidden, TooLarge, Unavailable, WindsockError
from services.places import NAME, Place, Places, is_name
from services.settings import GatewaySettings
from services.stream import END, Stream

ANY_PLACE = topics.WEATHER + "*"
"""A pattern matches this if, and only if, it matches every topic of weather: no pattern has a `*` that is just that."""
MOST_ID = 2**53


@dataclass(frozen=True, slots=True)
class Wanted:
    """A city by its name; `id` is the geocoder's, of one of several that are called so."""

    city: str
    id: int | None = None


class Cities:
    """The gateway's side of the weather."""

    def __init__(
        self,
        broker: Broker,
        stream: Stream,
        places: Places,
        questions: PlaceQuestions,
        interest: Interest,
        watch: FreshnessWatch,
        settings: GatewaySettings,
    ) -> None:
        self._broker = broker
        self._stream = stream
        self._places = places
        self._questions = questions
        self._interest = interest
        self._watch = watch
        self._settings = settings
        self._observations = rendering.Observations(now_ms)

    @asynccontextmanager
    async def follower(self, sender: Sender, permits: Permits) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
        """What takes one client's messages `{"city": name}`; its subscriptions end with the context.

        `permits` tells which places' topics it may use.
        """
        followed: dict[str, Subscription] = {}

        async def take(text: bytes) -> None:
            wanted = _wanted(text)
            try:
                await follow(wanted)
            except WindsockError as error:
                error.about = {"city": wanted.city}
                raise

        async def follow(wanted: Wanted) -> None:
            slug = await self._find(wanted, permits)
            if slug in followed:
                top, _ = await self._send_latest(slug, wanted.city, sender)
                if not top.offset:
                    raise self._none_yet(slug)
                return
            if len(followed) >= self._settings.cities_per_client:
                raise TooLarge(f"one client may follow {self._settings.cities_per_client} cities")
            topic = topics.WEATHER + slug
            told = WELL
            subscription = Subscription(
                topic,
                sender,
                self._observations.shown,
                lambda at: sender.send(rendering.lost(at)),
                self._settings.outbox_bytes,
                render_passing=self._observations.shown,
                standing=lambda topic, has: self._watch.standing(topic, has, told),
            )
            await self._broker.join(topic, subscription)
            with ExitStack() as if_it_fails:
                if_it_fails.callback(self._broker.leave, topic, subscription)
                # So that what it is sent next is not told a second time.
                await self._watch.look([topic])
                after, told = await self._send_latest(slug, wanted.city, sender)
                await subscription.go_live(after, self._stream.read, self._settings.history_page)
                if_it_fails.pop_all()
            followed[slug] = subscription
            self._interest.call(slug, wanted.city, wanted.id)
            if not after.offset:
                later = asyncio.get_running_loop().call_later
                later(self._settings.weather_timeout_s, tell_if_none, slug, wanted.city)

        def tell_if_none(slug: str, city: str) -> None:
            if slug in followed and not self._broker.hub.position(topics.WEATHER + slug).offset:
                sender.send(orjson.dumps(self._none_yet(slug).message() | {"city": city}))

        try:
            yield take
        finally:
            for slug, subscription in followed.items():
                self._broker.leave(topics.WEATHER + slug, subscription)
            followed.clear()

    async def current(self, city: str, geocoder_id: int | None, permits: Permits) -> dict[str, Any]:
        """The newest observation of a city, and how fresh it is.

        Raises Forbidden, NotFound, Ambiguous, Overloaded or Unavailable.
        """
        slug = await self._find(Wanted(city, geocoder_id), permits)
        await self._interest.once(slug)
        page = await self._stream.read(topics.WEATHER + slug, "down", END, 1)
        observed = Observed.read(page.batches[-1].payloads[-1]) if page.batches else None
        if observed is None:
            raise Unavailable(f"no observation of {slug!r} yet; ask again in a while")
        return rendering.observation(observed.payload, await self._watch.of(slug, observed))

    async def _send_latest(self, slug: str, city: str, sender: Sender) -> tuple[Position, Kind]:
        """Send the newest observation, if there is one; returns the topic's position, and what was told beside it."""
        page = await self._stream.read(topics.WEATHER + slug, "down", END, 1)
        observed = Observed.read(page.batches[-1].payloads[-1]) if page.batches else None
        if observed is None:
            return page.top, WELL
        fresh = await self._watch.of(slug, observed)
        sender.send(orjson.dumps(rendering.observation(observed.payload, fresh) | {"asked": city}))
        return page.top, fresh.kind

    async def _find(self, wanted: Wanted, permits: Permits) -> str:
        """The slug of a city that the client may use; a poller is asked for one that it does not track."""
        place = await self._known(wanted)
        # Before anybody is asked on behalf of a client who would not be told.
        if place is None and wanted.id is not None:
            # Its name says nothing of which place has that id.
            _demand(permits, ANY_PLACE, wanted)
        else:
            _demand(permits, topics.WEATHER + (place.place if place else topics.slug(wanted.city)), wanted)
        if place is not None and (place.pinned or await self._places.is_wanted(place.place)):
            return place.place
        try:
            found = await self._questions.ask(wanted.city, wanted.id)
        except Ambiguous as error:
            if permits(ANY_PLACE):
                raise
            raise Ambiguous(str(error)) from None
        _demand(permits, topics.WEATHER + found, wanted)
        return found

    async def _known(self, wanted: Wanted) -> Place | None:
        if wanted.id is not None:
            return await self._places.lookup_id(wanted.id)
        return await self._places.lookup(wanted.city)

    def _none_yet(self, slug: str) -> Unavailable:
        return Unavailable(f"no observation of {slug!r} yet; it comes as soon as there is one")


def _demand(permits: Permits, topic: str, wanted: Wanted) -> None:
    """The refusal names what was asked for, and not which place that is."""
    if not permits(topic):
        which = "" if wanted.id is None else f" with the id {wanted.id}"
        raise Forbidden(f"the weather of {wanted.city!r}{which} is not for you")


def _wanted(text: bytes) -> Wanted:
    message = json_text.parsed(text)
    city = message.get("city") if isinstance(message, dict) else None
    if not isinstance(city, str) or not is_name(city):
        raise BadRequest("city", f'send {{"city": name}} with {NAME}')
    geocoder_id = message.get("id")
    if geocoder_id is not None and (type(geocoder_id) is not int or not 0 < geocoder_id <= MOST_ID):
        raise BadRequest("id", "is not the id of a candidate: a whole number")
    return Wanted(city.strip(), geocoder_id)
