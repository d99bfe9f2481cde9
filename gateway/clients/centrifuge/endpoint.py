"""`/connection/websocket`: carries out what a session says, one command after the other.

Promise: a subscriber gets what came after its position once and in order: first in the reply, then, if there
is more than one reply takes, as pushes; live publications follow without a gap. Where that is not possible it
is told: `recovered` is missing, or the subscription ends with 2500, whereupon SDKs subscribe again.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import NoReturn, assert_never

import orjson
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.broker import Broker
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.codes import Close, Refusal
from gateway.clients.centrifuge.commands import Command, MalformedError
from gateway.clients.centrifuge.json_encoding import JsonEncoding
from gateway.clients.centrifuge.pings import Pings
from gateway.clients.centrifuge.procedures import Procedures
from gateway.clients.centrifuge.protobuf_encoding import ProtobufEncoding
from gateway.clients.centrifuge.replies import Encoding, Json
from gateway.clients.centrifuge.session import (
    Answer,
    Call,
    Connected,
    Nothing,
    Publish,
    ReadHistory,
    Refused,
    Session,
    State,
    Step,
    Subscribe,
    Unsubscribe,
)
from gateway.clients.door import Client, Door
from gateway.hub import Delivery
from gateway.subscription import Subscription
from services.batch import Batch, Position, fitting, fitting_newest
from services.commit import free_form_entry
from services.errors import BadRequest, MalformedBody, NotFound, Unavailable
from services.settings import GatewaySettings
from services.stream import END, Bound, Page, Stream
from services.writer import Writer

VERSION = "windsock"
JSON_NAME = "centrifuge-json"
PROTOBUF_NAME = "centrifuge-protobuf"
JSON = JsonEncoding()
PROTOBUF = ProtobufEncoding()


class CentrifugeSockets:
    """The endpoint, and what its connections share."""

    def __init__(
        self,
        door: Door,
        broker: Broker,
        stream: Stream,
        writer: Writer,
        procedures: Procedures,
        settings: GatewaySettings,
    ) -> None:
        self.door = door
        self.broker = broker
        self.stream = stream
        self.writer = writer
        self.procedures = procedures
        self.settings = settings
        self.pings = Pings(settings.ping_s, settings.pong_s)

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute("/connection/websocket", self.door.guarded(self._serve))]

    async def _serve(self, socket: WebSocket) -> None:
        offered = socket.scope["subprotocols"]
        asked = {socket.query_params.get(name) for name in ("format", "cf_protocol")}
        encoding: Encoding = PROTOBUF if PROTOBUF_NAME in offered or "protobuf" in asked else JSON
        name = PROTOBUF_NAME if encoding.binary else JSON_NAME
        async with self.door.open(socket, binary=encoding.binary) as client:
            await socket.accept(name if name in offered else None)
            connection = _Connection(self, client, encoding)
            try:
                await connection.run()
            finally:
                connection.leave_all()


class _Connection:
    def __init__(self, shared: CentrifugeSockets, client: Client, encoding: Encoding) -> None:
        self._shared = shared
        self._encoding = encoding
        self._client = client
        self._sender = client.sender
        self._session = Session(shared.settings.channels_per_client)
        self._subscriptions: dict[str, Subscription] = {}

    async def run(self) -> None:
        """Until WebSocketDisconnect."""
        try:
            async with asyncio.timeout(self._shared.settings.hello_s):
                while self._session.state is State.NEW:
                    await self._take(await self._client.receive())
        except TimeoutError:
            self._end(codes.STALE)
        clock = asyncio.get_running_loop().time
        with self._shared.pings.beating(self._session, self._sender, self._encoding.ping) as pinged:
            while True:
                pinged.listening(clock())
                frame = await self._client.receive()
                pinged.busy()
                await self._take(frame)

    def leave_all(self) -> None:
        """Forget all subscriptions."""
        for topic in list(self._subscriptions):
            self._leave(topic)

    async def _take(self, frame: bytes) -> None:
        try:
            commands = self._encoding.decode(frame)
        except MalformedError:
            self._end(codes.MALFORMED)
        await self._take_one(commands[0])
        for command in commands[1:]:
            self._client.count()
            await self._take_one(command)

    async def _take_one(self, command: Command) -> None:
        step = self._session.begin(command)
        try:
            await self._carry_out(step)
        except Unavailable:
            assert not isinstance(step, Close | Nothing)
            self._refuse(step.id, codes.INTERNAL)

    async def _carry_out(self, step: Step) -> None:
        match step:
            case Connected():
                self._reply(step.id, "connect", self._hello())
            case Subscribe():
                await self._subscribe(step)
            case Unsubscribe():
                self._leave(step.topic)
                self._reply(step.id, "unsubscribe", {})
            case Publish():
                await self._publish(step)
            case ReadHistory():
                await self._history(step)
            case Call():
                await self._call(step)
            case Answer():
                self._reply(step.id, "ping", {})
            case Refused():
                self._refuse(step.id, step.error)
            case Close():
                self._end(step)
            case Nothing():
                pass
            case _:
                assert_never(step)

    def _hello(self) -> dict[str, object]:
        return {"client": str(uuid.uuid4()), "version": VERSION, "ping": self._shared.settings.ping_s, "pong": True}

    async def _subscribe(self, step: Subscribe) -> None:
        topic, settings, broker = step.topic, self._shared.settings, self._shared.broker
        subscription = Subscription(
            topic,
            self._sender,
            self._encoding.pushes,
            lambda _: self._insufficient(topic),
            settings.outbox_bytes,
            step.filter.wanted if step.filter else None,
        )
        try:
            await broker.join(topic, subscription)
            self._subscriptions[topic] = subscription
            bound: tuple[Bound, int] = (END, 0)
            if step.recover:
                bound = ("offset", step.offset), settings.recovery_publications
            page = await self._shared.stream.read(topic, "up", *bound)
            missed = _missed(step, page)
            if step.recover and step.reject_unrecovered and missed is None:
                self._drop(topic)
                self._refuse(step.id, codes.UNRECOVERABLE_POSITION)
                return
        except Unavailable:
            self._drop(topic)
            raise
        at, more = page.top, False
        if missed is not None:
            found, missed = missed, fitting(missed, replies.REPLY_BYTES)
            at = Position(page.top.epoch, missed[-1].last if missed else step.offset)
            more = page.more or missed != found
            if step.filter:
                wanted = step.filter.wanted
                self._sender.counters.filtered += sum(len(batch.payloads) for batch in missed)
                missed = [batch for one in missed for batch in wanted(Delivery(topic, one))]
        result = replies.subscribed(page.top, missed, since=step.offset, recovering=step.recover)
        recovered = sum(len(batch.payloads) for batch in missed or ())
        self._sender.counters.matched += recovered
        if step.filter:
            self._sender.counters.filtered -= recovered
        self._reply(step.id, "subscribe", result, recovered)
        await self._go_on(topic, subscription, at, more=more)

    async def _go_on(self, topic: str, subscription: Subscription, at: Position, *, more: bool) -> None:
        """Push what one reply did not take, if there is more, then what is live."""
        if not more and not subscription.overflowed:
            subscription.release(at)
            return
        try:
            await subscription.resume(at, self._shared.stream.read, self._shared.settings.history_page)
        except Unavailable:
            self._insufficient(topic)

    def _insufficient(self, topic: str) -> None:
        """Publications of `topic` can no longer be had: the subscription ends, and the SDK begins another."""
        self._drop(topic)
        self._sender.send(self._encoding.unsubscribed(topic, *codes.INSUFFICIENT_STATE))

    def _drop(self, topic: str) -> None:
        self._session.lost(topic)
        self._leave(topic)

    def _leave(self, topic: str) -> None:
        subscription = self._subscriptions.pop(topic, None)
        if subscription is not None:
            subscription.end()
            self._shared.broker.leave(topic, subscription)

    async def _publish(self, step: Publish) -> None:
        try:
            entry = free_form_entry(step.topic, step.data)
        except MalformedBody:
            self._end(codes.MALFORMED)
        await self._shared.writer.append([entry])
        self._reply(step.id, "publish", {})

    async def _history(self, step: ReadHistory) -> None:
        asked, most = step.request, self._shared.settings.history_page
        since = asked.since
        if asked.limit < -1 or (asked.reverse and since is not None and not since.offset):
            self._refuse(step.id, codes.BAD_REQUEST)
            return
        limit = most if asked.limit == -1 else min(asked.limit, most)
        bound: Bound = END if since is None else ("offset", since.offset)
        page = await self._shared.stream.read(step.topic, "down" if asked.reverse else "up", bound, limit)
        if since is not None and since.epoch and since.epoch != page.top.epoch:
            self._refuse(step.id, codes.UNRECOVERABLE_POSITION)
            return
        fit = fitting_newest if asked.reverse else fitting
        found = replies.publications(fit(page.batches, replies.REPLY_BYTES))
        if asked.reverse:
            found.reverse()
        position = {"epoch": page.top.epoch, "offset": page.top.offset}
        self._reply(step.id, "history", {"publications": found} | position)

    async def _call(self, step: Call) -> None:
        if step.method not in self._shared.procedures:
            self._refuse(step.id, codes.METHOD_NOT_FOUND)
            return
        try:
            result = await self._shared.procedures.call(step.method, step.data)
            self._reply(step.id, "rpc", {"data": Json(orjson.dumps(result))})
        except BadRequest as error:
            self._refuse(step.id, Refusal(codes.BAD_REQUEST.code, str(error)))
        except NotFound as error:
            self._refuse(step.id, Refusal(404, str(error)))

    def _reply(self, number: int, method: str, result: dict[str, object], publications: int = 0) -> None:
        self._sender.send(self._encoding.reply(number, method, result), publications)

    def _refuse(self, number: int, error: Refusal) -> None:
        self._shared.door.refused_message(f"centrifuge {error.code}")
        self._sender.send(self._encoding.refusal(number, error))

    def _end(self, close: Close) -> NoReturn:
        self._client.end(close.code, close.reason)


def _missed(step: Subscribe, page: Page) -> list[Batch] | None:
    """What came after the position that is to be recovered; None if that cannot be told."""
    if not step.recover or step.epoch not in ("", page.top.epoch):
        return None
    if page.batches:
        return page.batches if page.batches[0].first == step.offset + 1 else None
    return [] if page.top.offset == step.offset else None
