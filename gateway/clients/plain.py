"""Plain JSON WebSockets, one topic per URL, for nothing but the browser's `new WebSocket(…)`.

Anything that was wrong before the handshake is answered with an HTTP status and problem+json; afterwards
with `{"error": …}`, and the socket stays open. The handshake completes only when the topic is live: what
is acknowledged after a client's `open` event reaches it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import NoReturn

import orjson
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.broker import Broker
from gateway.clients import rendering
from gateway.clients.door import Client, Door, Endpoint
from gateway.clients.entrance import Entrance, accept
from gateway.clients.heartbeat import Heartbeat
from gateway.clients.visitor import Guests, Visitor
from gateway.clients.weather import Cities
from gateway.hub import Render
from gateway.sender import Sender
from gateway.sources import Sources
from gateway.subscription import Subscription
from services import topics
from services.addresses import counted
from services.batch import Position
from services.commit import entry_of, free_form_entry
from services.errors import BadRequest, Forbidden, NotFound, TooManyMetrics, Unauthorized, WindsockError
from services.metric_names import MetricNames
from services.reading import Limits, decode
from services.settings import GatewaySettings
from services.stream import Stream
from services.writer import Writer

Take = Callable[[Client, Visitor, bytes], Awaitable[None]]


class PlainSockets:
    """The endpoints under `/ws/`."""

    def __init__(
        self,
        door: Door,
        broker: Broker,
        stream: Stream,
        sources: Sources,
        writer: Writer,
        cities: Cities,
        heartbeat: Heartbeat,
        settings: GatewaySettings,
        guests: Guests,
        *,
        limits: Limits,
        group_topics: bool,
        metrics: MetricNames,
        needs_key: bool,
    ) -> None:
        """`metrics` are those of all devices; `needs_key` is whether nobody posts readings without saying who it is."""
        self._door = door
        self._entrance = Entrance(door, guests, settings.hello_s)
        self._broker = broker
        self._stream = stream
        self._sources = sources
        self._writer = writer
        self._cities = cities
        self._heartbeat = heartbeat
        self._settings = settings
        self._limits = limits
        self._group_topics = group_topics
        self._metrics = metrics
        self._needs_key = needs_key

    def routes(self) -> list[BaseRoute]:
        paths: dict[str, Callable[[WebSocket], Awaitable[None]]] = {
            "/ws/sensor": self._sensor,
            "/ws/temperature": self._metric,
            "/ws/metric/{name}": self._metric,
            "/ws/weather": self._weather,
            "/ws/device/{name}": self._device,
            "/ws/compare/{device}/{place}": self._compare,
            "/ws/feed/{name}": self._feed,
            "/ws/echo": self._echo,
            "/ws/my-websocket": self._echo,
        }
        return [
            WebSocketRoute(path + slash, self._door.guarded(_checked(endpoint)))
            for path, endpoint in paths.items()
            for slash in ("/", "")
        ]

    async def _sensor(self, socket: WebSocket) -> None:
        async def take(client: Client, visitor: Visitor, text: bytes) -> None:
            if self._needs_key and not visitor.has_token:
                raise Unauthorized("a token is needed to send readings here (WINDSOCK_AUTH)")
            decoded = decode(text, "json", self._limits, time.time_ns() // 1_000_000)
            readings = decoded.all_or_raise()
            for reading in readings:
                if not visitor.permits(topics.DEVICE + reading.device):
                    raise Forbidden(f"readings of {reading.device} are not yours to send")
            self._metrics.check_topics(readings)
            if no_room := await self._metrics.note(readings, home):
                raise TooManyMetrics.first_of(no_room)
            entries = [entry_of(reading, group_topics=self._group_topics) for reading in readings]
            appended = await self._writer.append(entries)
            for entry, one in zip(entries, appended, strict=True):
                if one.duplicate:  # nothing is broadcast that would tell the sender
                    client.sender.send(orjson.dumps({"duplicate": {"id": entry.id, "position": one.position}}))

        home = counted(socket.client.host if socket.client is not None else "")
        self._needs_group_topics()
        await self._follow(socket, topics.READINGS, take=take)

    async def _device(self, socket: WebSocket) -> None:
        topic = topics.parse(topics.DEVICE + socket.path_params["name"])
        await self._follow(socket, topic, positions=True)

    async def _metric(self, socket: WebSocket) -> None:
        self._needs_group_topics()
        metric = socket.path_params.get("name", "temperature")
        await self._follow(socket, topics.parse(topics.METRIC + metric), latest_of=metric)

    async def _compare(self, socket: WebSocket) -> None:
        metric = socket.query_params.get("metric", "")
        name = "{device}:{place}".format(**socket.path_params) + (f"/{metric}" if metric else "")
        await self._follow(socket, topics.parse(topics.COMPARE + name))

    async def _feed(self, socket: WebSocket) -> None:
        topic = topics.parse(topics.FEED + socket.path_params["name"])

        async def take(_client: Client, _visitor: Visitor, text: bytes) -> None:
            await self._writer.append([free_form_entry(topic, text)])

        await self._follow(socket, topic, take=take)

    def _needs_group_topics(self) -> None:
        if not self._group_topics:
            raise NotFound("this topic is switched off (WINDSOCK_GROUP_TOPICS)")

    async def _follow(
        self,
        socket: WebSocket,
        topic: str,
        *,
        take: Take | None = None,
        positions: bool = False,
        latest_of: str | None = None,
    ) -> None:
        """Push a topic to one client, from `?since=` on if given, and `take` what it sends."""
        since = _since(socket)
        render: Render = rendering.with_position if positions or since is not None else rendering.as_stored
        if topic.startswith((topics.FEED, topics.COMPARE)) and since is not None:
            raise BadRequest("since", "this topic's messages carry no positions to resume from")
        async with self._entrance.visited(socket, topic) as (client, visitor):
            subscription = Subscription(
                topic,
                client.sender,
                render,
                lambda at: client.sender.send(rendering.lost(at)),
                self._settings.outbox_bytes,
                render_passing=rendering.as_stored if topics.is_derived(topic) else None,
            )
            await self._sources.join(topic, subscription)
            start = self._broker.hub.position(topic)
            visitor.topics = [topic]
            try:
                await accept(socket)
                begins = since if isinstance(since, Position) else start
                self._tell_status(socket, client, begins if render is rendering.with_position else None)
                if latest_of is not None and since is None:
                    await self._send_latest(client.sender, latest_of)
                await self._sources.begin(subscription, begins, resuming=begins != start)
                await self._listen(socket, client, visitor, take or _refuse, topic)
            finally:
                self._sources.leave(topic, subscription)

    async def _send_latest(self, sender: Sender, metric: str) -> None:
        async for messages in self._stream.latest_of_metric(metric):
            for message in messages:
                sender.send(orjson.dumps(message))
            if not await sender.room():
                return

    async def _weather(self, socket: WebSocket) -> None:
        async with self._entrance.visited(socket) as (client, visitor):
            await accept(socket)
            self._tell_status(socket, client)
            async with self._cities.follower(client.sender, lambda place: visitor.permits(place)) as follow:

                async def take(_client: Client, _visitor: Visitor, text: bytes) -> None:
                    await follow(text)

                await self._listen(socket, client, visitor, take)

    async def _echo(self, socket: WebSocket) -> None:
        async with self._entrance.visited(socket) as (client, visitor):
            await accept(socket)
            self._tell_status(socket, client)
            await self._listen(socket, client, visitor, _echo)

    def _tell_status(self, socket: WebSocket, client: Client, position: Position | None = None) -> None:
        if _wants_status(socket):
            client.sender.send(self._heartbeat.first(position))

    async def _listen(
        self, socket: WebSocket, client: Client, visitor: Visitor, take: Take, topic: str | None = None
    ) -> NoReturn:
        """Beat if the client asked for it, and hand each message of its to `take`, unless it is a token."""
        with self._heartbeat.beating(client.sender) if _wants_status(socket) else nullcontext():
            while True:
                text = await client.receive()
                if take is not _echo and await self._entrance.introduced(client, visitor, text, topic):
                    continue
                try:
                    await take(client, visitor, text)
                except WindsockError as error:
                    self._door.refused_message(error.code)
                    client.sender.send(orjson.dumps(error.message()))


async def _echo(client: Client, _visitor: Visitor, text: bytes) -> None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(None, f"the message is not UTF-8 at byte {error.start}") from None
    client.sender.send(text)


async def _refuse(_client: Client, _visitor: Visitor, _text: bytes) -> None:
    raise BadRequest(None, "this socket only sends")


def _checked(endpoint: Endpoint) -> Endpoint:
    """`endpoint` behind a check of the query that all have in common, before the handshake."""

    async def checked(socket: WebSocket) -> None:
        _wants_status(socket)
        await endpoint(socket)

    return checked


def _wants_status(socket: WebSocket) -> bool:
    given = socket.query_params.get("status", "")
    if given not in ("", "0", "1"):
        raise BadRequest("status", f"{given[:32]!r} is neither 0 nor 1")
    return given == "1"


def _since(socket: WebSocket) -> Position | str | None:
    """`?since=`: a position; '' for 'from now on, with positions'; None if absent."""
    given = socket.query_params.get("since")
    return Position.parse(given) if given else given
