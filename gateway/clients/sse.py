"""Server-Sent Events: `GET /sse?topic=…&topic=…` for the browser's EventSource, resumed by `Last-Event-ID`.

An event's id is the position in every topic of the stream, in the order of the query, so that a browser that
connects again by itself gets what it missed of each: once and in order, or an event `lost` where that is gone. (Of a
comparison, which has no positions, it gets what that shows now.)
A client that does not read is ended once its outbox is full; it resumes as after any other break.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from gateway.clients.cross_origin import CrossOrigin
from gateway.clients.door import Door, address_of
from gateway.clients.streaming import HEADERS, Chunks, respond
from gateway.clients.visitor import Guests
from gateway.hub import Delivery, Hub, Render
from gateway.sender import Counters
from gateway.sources import Sources
from gateway.subscription import Lost, Subscription
from services import topics
from services.batch import Batch, Position
from services.errors import BadRequest, PositionLost, TooLarge, Unavailable
from services.settings import GatewaySettings

RETRY = b"retry: 1000\n"
HEARTBEAT = b":\n\n"


class Events:
    """The endpoint, which is an ASGI application: it must clean up however the response ends."""

    def __init__(self, door: Door, hub: Hub, sources: Sources, guests: Guests, settings: GatewaySettings) -> None:
        self._door = door
        self._guests = guests
        self._hub = hub
        self._sources = sources
        self._settings = settings

    def routes(self) -> list[BaseRoute]:
        return [CrossOrigin(self, self._door, ("GET",)).route("/sse")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        names = self._topics(request)
        since = _since(request, len(names))
        client = _Client(names, self._settings.outbox_bytes, self._door.counters)
        with ExitStack() as stack:
            stack.enter_context(self._door.seats.one(address_of(request)))
            visitor = stack.enter_context(self._guests.visitor(lambda _code, _reason: client.chunks.end()))
            identity = await self._guests.identities.claimed(request)
            for name in names:
                self._guests.identities.access.admit(identity, name)
            await visitor.come_as(identity)
            visitor.topics = names
            self._door.let_go_by(client, client.chunks.end)
            stack.callback(self._door.left, client)
            subscriptions = []
            for name in names:
                subscription = Subscription(
                    name,
                    client,
                    _payloads,
                    client.lost(name),
                    self._settings.outbox_bytes,
                    render_passing=_payloads if topics.is_derived(name) else None,
                )
                await self._sources.join(name, subscription)
                stack.callback(self._sources.leave, name, subscription)
                subscriptions.append(subscription)
                client.positions[name] = self._hub.position(name)
            if since is not None:
                client.positions.update(zip(names, since, strict=True))
            opening, starts = client.opening(), list(client.positions.values())
            response = StreamingResponse(
                client.chunks.body(opening, HEARTBEAT, self._settings.status_s),
                headers=HEADERS,
                media_type="text/event-stream",
            )
            starting = self._start(client, subscriptions, starts, resuming=since is not None)
            await respond(client.chunks, response, starting, scope, receive, send)

    def _topics(self, request: Request) -> list[str]:
        names = list(dict.fromkeys(request.query_params.getlist("topic")))
        if not names:
            raise BadRequest("topic", "is missing; name one or more: /sse?topic=device:greenhouse-7")
        if len(names) > self._settings.channels_per_client:
            raise TooLarge(f"{len(names)} topics; one stream carries at most {self._settings.channels_per_client}")
        for name in names:
            topics.readable(name)
        return names

    async def _start(
        self, client: _Client, subscriptions: Sequence[Subscription], starts: Sequence[Position], *, resuming: bool
    ) -> None:
        with ExitStack() as if_it_fails, suppress(Unavailable):
            if_it_fails.callback(client.chunks.end)
            for subscription, position in zip(subscriptions, starts, strict=True):
                await self._sources.begin(subscription, position, resuming=resuming)
            if_it_fails.pop_all()


class _Client:
    """One stream: turns what comes from the hub into events."""

    def __init__(self, names: Sequence[str], limit_bytes: int, counters: Counters) -> None:
        self.positions = dict.fromkeys(names, Position("", 0))
        self.counters = counters
        self.chunks = Chunks(limit_bytes, counters, lambda: self.chunks.end())
        self.room = self.chunks.room

    def deliver(self, delivery: Delivery, render: Render) -> None:
        batch = delivery.batch
        channel = orjson.dumps(delivery.topic)
        for offset, payload in enumerate(delivery.messages(render), batch.first):
            if offset:  # else it is not kept, and moves nobody on
                self.positions[delivery.topic] = Position(batch.epoch, offset)
            self.chunks.push(b'id: %s\ndata: {"topic":%s,"data":%s}\n\n' % (self._id(), channel, payload), 1)

    def lost(self, topic: str) -> Lost:
        """What tells the client that publications before a position are gone."""

        def tell(position: Position) -> None:
            self.positions[topic] = position
            reason = PositionLost("some publications can no longer be had; what follows comes after this position")
            told = orjson.dumps({"topic": topic} | reason.message())
            self.chunks.push(b"id: %s\nevent: lost\ndata: %s\n\n" % (self._id(), told))

        return tell

    def opening(self) -> bytes:
        """What a stream begins with: where to resume if nothing follows.

        An id alone dispatches nothing, but a browser that must connect again names it (HTML, section 9.2.6).
        """
        return RETRY + b"id: %s\n\n" % self._id()

    def _id(self) -> bytes:
        return ",".join(map(str, self.positions.values())).encode()


def _payloads(_topic: str, batch: Batch) -> list[bytes]:
    return batch.payloads


def _since(request: Request, count: int) -> list[Position] | None:
    given = request.headers.get("last-event-id") or request.query_params.get("last_event_id")
    if not given:
        return None
    positions = [Position.parse(one, "Last-Event-ID") for one in given.split(",")]
    if len(positions) != count:
        raise BadRequest("Last-Event-ID", f"has {len(positions)} positions for {count} topics")
    return positions
