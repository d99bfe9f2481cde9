"""`/connection/websocket`: carries out what a session says, one command after the other.

Promise: a subscriber gets what came after its position once and in order: first in the reply, then, if there
is more than one reply takes, as pushes; live publications follow without a gap. Where that is not possible it
is told: `recovered` is missing, or the subscription ends with 2500, whereupon SDKs subscribe again.
"""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NoReturn, assert_never

import msgspec
import orjson
from msgspec import Raw
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from gateway.broker import Broker
from gateway.channels import Channel, Channels
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.codes import Close, Refusal
from gateway.clients.centrifuge.commands import NO_DATA, Command, MalformedError
from gateway.clients.centrifuge.json_encoding import JsonEncoding
from gateway.clients.centrifuge.pings import Pings
from gateway.clients.centrifuge.procedures import Procedures
from gateway.clients.centrifuge.protobuf_encoding import ProtobufEncoding
from gateway.clients.centrifuge.replies import ClientInfo, Encoding, Json, Published
from gateway.clients.centrifuge.session import (
    Answer,
    Call,
    Connect,
    Nothing,
    Publish,
    ReadHistory,
    Refresh,
    Refused,
    Session,
    ShowPresence,
    State,
    Step,
    SubRefresh,
    Subscribe,
    Unsubscribe,
)
from gateway.clients.door import Client, Door
from gateway.hub import Delivery, Render
from gateway.kept import kept_at_least, within
from gateway.presence import Presence
from gateway.subscription import Subscription
from services import logs
from services.batch import Batch, Position, fitting, fitting_newest
from services.commit import free_form_entry
from services.errors import BadRequest, MalformedBody, NotFound, Unavailable
from services.settings import GatewaySettings
from services.stream import END, Bound, Direction, Page, Stream
from services.tokens import ExpiredTokenError, Grant, Identity, InvalidTokenError, Tokens
from services.writer import Writer

log = logs.get("centrifuge")

VERSION = "windsock"
GOODBYE_S = 5.0
EXPIRED_S = 25.0
"""Seconds that an SDK has to renew a token which has expired."""
JSON_NAME = "centrifuge-json"
PROTOBUF_NAME = "centrifuge-protobuf"
JSON = JsonEncoding()
PROTOBUF = ProtobufEncoding()


@dataclass(frozen=True, slots=True)
class _Opened:
    """A subscription that is made and does not push yet: what it answers, and from where it goes on."""

    channel: Channel
    subscription: Subscription
    info: ClientInfo
    result: dict[str, object]
    publications: int
    at: Position
    more: bool


class CentrifugeSockets:
    """The endpoint, and what its connections share."""

    def __init__(
        self,
        door: Door,
        broker: Broker,
        stream: Stream,
        writer: Writer,
        procedures: Procedures,
        channels: Channels,
        presence: Presence,
        tokens: Tokens,
        settings: GatewaySettings,
    ) -> None:
        self.door = door
        self.broker = broker
        self.stream = stream
        self.writer = writer
        self.procedures = procedures
        self.channels = channels
        self.presence = presence
        self.tokens = tokens
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
                await connection.leave_all()


class _Connection:
    def __init__(self, shared: CentrifugeSockets, client: Client, encoding: Encoding) -> None:
        self._shared = shared
        self._encoding = encoding
        self._client = client
        self._sender = client.sender
        self._session = Session(shared.channels, shared.settings.channels_per_client)
        self._info = ClientInfo("", str(uuid.uuid4()))
        self._subscriptions: dict[str, Subscription] = {}
        self._present: dict[str, tuple[Channel, ClientInfo]] = {}
        self._absent: list[tuple[Channel, ClientInfo]] = []
        """Channels that it has left and whose others are yet to be told."""
        self._expiries: dict[str, asyncio.TimerHandle] = {}
        """What ends each subscription, and under no name the connection, whose token is not renewed."""

    async def run(self) -> None:
        """Until WebSocketDisconnect."""
        try:
            async with asyncio.timeout(self._shared.settings.hello_s):
                while self._session.state is State.NEW:
                    await self._take(await self._client.receive())
        except TimeoutError:
            self._end(codes.STALE)
        if self._session.state is State.CLOSED:
            await self._wait_for_goodbye()
        clock = asyncio.get_running_loop().time
        with self._shared.pings.beating(self._session, self._sender, self._encoding.ping) as pinged:
            while True:
                pinged.listening(clock())
                frame = await self._client.receive()
                pinged.busy()
                await self._take(frame)

    async def _wait_for_goodbye(self) -> NoReturn:
        """It was refused and knows it: an SDK goes by itself."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                while True:
                    await self._client.receive()
        except TimeoutError:
            self._end(codes.CLOSED)

    async def leave_all(self) -> None:
        """Forget all subscriptions."""
        for timer in self._expiries.values():
            timer.cancel()
        for topic in list(self._subscriptions):
            self._leave(topic)
        await self._tell_absence()

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
        grant, refused = None, None
        if command.subscribe is not None and command.subscribe.token and self._session.state is State.CONNECTED:
            grant, refused = await self._granted(command.subscribe.token)
        step = self._session.begin(command, grant) if refused is None else Refused(command.id, refused)
        try:
            await self._carry_out(step)
            await self._tell_absence()
        except Unavailable:
            assert not isinstance(step, Close | Nothing)
            self._refuse(step.id, codes.INTERNAL)

    async def _carry_out(self, step: Step) -> None:
        match step:
            case Connect():
                await self._connect(step)
            case Refresh():
                await self._refresh(step)
            case SubRefresh():
                await self._sub_refresh(step)
            case Subscribe():
                await self._subscribe(step)
            case Unsubscribe():
                self._leave(step.channel)
                self._reply(step.id, "unsubscribe", {})
            case Publish():
                await self._publish(step)
            case ReadHistory():
                await self._history(step)
            case ShowPresence():
                await self._show_presence(step)
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

    async def _connect(self, step: Connect) -> None:
        identity = Identity()
        if step.token:
            try:
                identity = await self._shared.tokens.connection(step.token)
            except InvalidTokenError as error:
                log.info("a token was refused", reason=str(error))
                self._end(codes.INVALID_TOKEN)
            except ExpiredTokenError:
                self._session.refused()
                self._refuse(step.id, codes.TOKEN_EXPIRED)
                return
        self._session.connected(identity.user)
        about = Raw(identity.info) if identity.info else NO_DATA
        self._info = ClientInfo(identity.user, self._info.client, about)
        hello: dict[str, object] = {"client": self._info.client, "version": VERSION}
        hello |= self._expires(identity.expires_at)
        names = list(identity.channels)
        if (personal := self._shared.channels.personal(identity.user)) is not None:
            names.append(personal.name)
        opened = [await self._open(one) for one in self._session.subscribe_server_side(names, step.subs)]
        there = [one for one in opened if one is not None]
        if there:
            hello["subs"] = {one.channel.name: one.result for one in there}
        hello |= {"ping": self._shared.settings.ping_s, "pong": True}
        self._reply(step.id, "connect", hello, sum(one.publications for one in there))
        for one in there:
            await self._go_on(one)

    async def _refresh(self, step: Refresh) -> None:
        try:
            identity = await self._shared.tokens.connection(step.token)
        except InvalidTokenError:
            self._end(codes.INVALID_TOKEN)
        except ExpiredTokenError:
            self._end(codes.EXPIRED)
        if identity.user != self._session.user:
            self._end(codes.INVALID_TOKEN)
        result: dict[str, object] = {"client": self._info.client, "version": VERSION}
        self._reply(step.id, "refresh", result | self._expires(identity.expires_at))

    async def _sub_refresh(self, step: SubRefresh) -> None:
        grant, refused = await self._granted(step.token)
        if grant is None:
            if refused is codes.TOKEN_EXPIRED:
                self._refuse(step.id, codes.TOKEN_EXPIRED)
                return
            self._end(codes.INVALID_TOKEN)
        # centrifuge-python leaves the channel out.
        channel = step.channel or grant.channel
        if channel not in self._subscriptions:
            self._refuse(step.id, codes.PERMISSION_DENIED)
        elif grant.channel != channel or grant.user != self._session.user:
            self._end(codes.INVALID_TOKEN)
        else:
            self._reply(step.id, "sub_refresh", self._expires(grant.expires_at, channel))

    async def _granted(self, token: str) -> tuple[Grant | None, Refusal | None]:
        """What a subscription token opens, or why nothing."""
        try:
            grant = await self._shared.tokens.subscription(token)
        except InvalidTokenError as error:
            log.info("a subscription token was refused", reason=str(error))
            return None, codes.PERMISSION_DENIED
        except ExpiredTokenError:
            return None, codes.TOKEN_EXPIRED
        if grant.client and grant.client != self._info.client:
            self._end(codes.INVALID_TOKEN)
        return grant, None

    def _expires(self, at: float | None, channel: str = "") -> dict[str, object]:
        """End the connection, or a subscription, some time after `at`, and say so in a result."""
        timer = self._expiries.pop(channel, None)
        if timer is not None:
            timer.cancel()
        if at is None:
            return {}
        left_s = max(0.0, at - time.time())
        loop = asyncio.get_running_loop()
        self._expiries[channel] = loop.call_later(left_s + EXPIRED_S, self._expired, channel)
        return {"expires": True, "ttl": max(1, math.ceil(left_s))}

    def _expired(self, channel: str) -> None:
        del self._expiries[channel]
        if channel:
            self._unsubscribe(channel, codes.SUBSCRIPTION_EXPIRED)
        else:
            self._sender.close(codes.EXPIRED.code, codes.EXPIRED.reason)

    async def _subscribe(self, step: Subscribe) -> None:
        opened = await self._open(step)
        if opened is None:
            self._refuse(step.id, codes.UNRECOVERABLE_POSITION)
            return
        self._reply(step.id, "subscribe", opened.result, opened.publications)
        await self._go_on(opened)

    async def _open(self, step: Subscribe) -> _Opened | None:
        """Join the channel and read what was missed; None if that is gone and the client wants nothing else."""
        topic = step.channel.name
        subscription = Subscription(
            topic,
            self._sender,
            _render(step, self._encoding),
            (lambda _: self._insufficient(topic)) if step.positioned else lambda _: None,
            self._shared.settings.outbox_bytes,
            step.filter.wanted if step.filter else None,
            partial(self._tell_presence, topic) if step.join_leave else None,
        )
        info = self._info_in(step)
        try:
            await self._shared.broker.join(topic, subscription)
            self._subscriptions[topic] = subscription
            await self._enter(step.channel, info)
            bound: tuple[Bound, int] = (END, 0)
            if step.recover:
                bound = ("offset", step.offset), self._shared.settings.recovery_publications
            page = await self._read(step.channel, "up", *bound)
        except Unavailable:
            self._drop(topic)
            raise
        missed = _missed(step, page)
        if step.recover and step.reject_unrecovered and missed is None:
            self._drop(topic)
            return None
        at, more = page.top, False
        if missed is not None:
            found, missed = missed, fitting(missed, replies.REPLY_BYTES)
            at = Position(page.top.epoch, missed[-1].last if missed else step.offset)
            more = page.more or missed != found
        recovered = self._wanted(step, missed) if missed is not None else None
        result: dict[str, object] = {}
        if step.positioned:
            result = replies.subscribed(
                page.top, recovered, since=step.offset, recovering=step.recover, recoverable=step.recoverable
            )
        if step.grant is not None:
            result |= self._expires(step.grant.expires_at, topic)
        return _Opened(step.channel, subscription, info, result, len(recovered or ()), at, more)

    def _wanted(self, step: Subscribe, missed: list[Batch]) -> list[Published]:
        """What of the publications that were missed passes the filter."""
        wanted = missed
        if step.filter:
            name, matching = step.channel.name, step.filter.wanted
            wanted = [batch for one in missed for batch in matching(Delivery(name, one))]
        recovered = replies.publications(wanted, wrapped=not step.channel.built_in)
        self._sender.counters.matched += len(recovered)
        self._sender.counters.filtered += sum(len(batch.payloads) for batch in missed) - len(recovered)
        return recovered

    async def _read(self, channel: Channel, direction: Direction, bound: Bound, limit: int) -> Page:
        """A page of the channel's history, of a namespace no more than it promises to keep."""
        page = await self._shared.stream.read(channel.name, direction, bound, limit)
        return page if channel.built_in else within(page, channel.options, time.time_ns() // 1_000_000)

    def _info_in(self, step: Subscribe) -> ClientInfo:
        """Who it is to the others of a channel."""
        about = step.grant.info if step.grant is not None else b""
        return msgspec.structs.replace(self._info, chan_info=Raw(about)) if about else self._info

    async def _enter(self, channel: Channel, info: ClientInfo) -> None:
        """Be present, where that is asked for."""
        if channel.options.presence or channel.options.join_leave:
            self._present[channel.name] = (channel, info)
        if channel.options.presence:
            await self._shared.presence.add(channel.name, info.client, replies.shown_info(info))

    async def _tell_absence(self) -> None:
        """Tell the others of the channels that were left."""
        while self._absent:
            channel, info = self._absent.pop()
            try:
                if channel.options.presence:
                    await self._shared.presence.remove(channel.name, self._info.client)
                if channel.options.join_leave:
                    await self._shared.broker.announce(channel.name, b"-" + replies.shown_info(info))
            except Unavailable as error:
                log.warning("cannot tell that a client left", error=str(error))

    def _tell_presence(self, topic: str, text: bytes) -> None:
        kind: Literal["join", "leave"] = "join" if text.startswith(b"+") else "leave"
        self._sender.send(self._encoding.presence(topic, kind, replies.read_info(text[1:])))

    async def _show_presence(self, step: ShowPresence) -> None:
        found = await self._shared.presence.all(step.channel.name)
        infos = {client: replies.read_info(text) for client, text in found.items()}
        if step.stats:
            users = {info.user for info in infos.values()}
            self._reply(step.id, "presence_stats", {"num_clients": len(infos), "num_users": len(users)})
        else:
            self._reply(step.id, "presence", {"presence": infos})

    async def _go_on(self, opened: _Opened) -> None:
        """Tell the others; push what one reply did not take, if there is more, then what is live."""
        topic = opened.channel.name
        try:
            if opened.channel.options.join_leave:
                await self._shared.broker.announce(topic, b"+" + replies.shown_info(opened.info))
            begin = opened.subscription.resume if opened.more else opened.subscription.go_live
            await begin(opened.at, self._shared.stream.read, self._shared.settings.history_page)
        except Unavailable:
            self._insufficient(topic)

    def _insufficient(self, topic: str) -> None:
        """Publications of `topic` can no longer be had: the subscription ends, and the SDK begins another."""
        if topic in self._session.server_side:
            self._sender.close(codes.LOST_STATE.code, codes.LOST_STATE.reason)
        else:
            self._unsubscribe(topic, codes.INSUFFICIENT_STATE)

    def _unsubscribe(self, topic: str, why: tuple[int, str]) -> None:
        if topic in self._session.subscribed:
            self._drop(topic)
            self._sender.send(self._encoding.unsubscribed(topic, *why))

    def _drop(self, topic: str) -> None:
        self._session.lost(topic)
        self._leave(topic)

    def _leave(self, topic: str) -> None:
        timer = self._expiries.pop(topic, None)
        if timer is not None:
            timer.cancel()
        subscription = self._subscriptions.pop(topic, None)
        if subscription is not None:
            subscription.end()
            self._shared.broker.leave(topic, subscription)
        present = self._present.pop(topic, None)
        if present is not None:
            self._absent.append(present)

    async def _publish(self, step: Publish) -> None:
        try:
            entry = free_form_entry(step.channel.name, step.data)
        except MalformedBody:
            self._end(codes.MALFORMED)
        if not step.channel.built_in:
            envelope = msgspec.json.encode(replies.Envelope(Raw(entry.payload), self._info))
            entry = replace(entry, payload=envelope, retention=kept_at_least(step.channel.options))
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
        page = await self._read(step.channel, "down" if asked.reverse else "up", bound, limit)
        if since is not None and since.epoch and since.epoch != page.top.epoch:
            self._refuse(step.id, codes.UNRECOVERABLE_POSITION)
            return
        fit = fitting_newest if asked.reverse else fitting
        found = replies.publications(fit(page.batches, replies.REPLY_BYTES), wrapped=not step.channel.built_in)
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


def _render(step: Subscribe, encoding: Encoding) -> Render:
    if step.channel.built_in:
        return encoding.pushes
    return encoding.pushes_wrapped if step.positioned else encoding.pushes_unpositioned


def _missed(step: Subscribe, page: Page) -> list[Batch] | None:
    """What came after the position that is to be recovered; None if that cannot be told."""
    if not step.recover or step.epoch not in ("", page.top.epoch):
        return None
    if page.batches:
        return page.batches if page.batches[0].first == step.offset + 1 else None
    return [] if page.top.offset == step.offset else None
