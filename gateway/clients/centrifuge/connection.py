"""One connection of the protocol: carries out what its session says, one command after the other."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import NoReturn, assert_never

import msgspec
import orjson
from msgspec import Raw

from gateway.broker import Broker
from gateway.channels import Channels
from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.codes import Close, Refusal
from gateway.clients.centrifuge.commands import NO_DATA, Command, MalformedError
from gateway.clients.centrifuge.expiry import CONNECTION, Expiry
from gateway.clients.centrifuge.pings import Pings
from gateway.clients.centrifuge.procedures import Procedures
from gateway.clients.centrifuge.replies import ClientInfo, Encoding, Json
from gateway.clients.centrifuge.session import Session, State
from gateway.clients.centrifuge.steps import (
    Answer,
    Call,
    Connect,
    Nothing,
    Publish,
    ReadHistory,
    Refresh,
    Refused,
    ShowPresence,
    Step,
    SubRefresh,
    Subscribe,
    Unsubscribe,
)
from gateway.clients.centrifuge.subscriptions import Subscriptions
from gateway.clients.door import Client, Door
from gateway.presence import Presence
from gateway.retention import kept_at_least
from services import logs
from services.batch import fitting, fitting_newest
from services.commit import free_form_entry
from services.errors import BadRequest, MalformedBody, NotFound, Unavailable
from services.settings import GatewaySettings
from services.stream import END, Bound, Stream
from services.tokens import ExpiredTokenError, Grant, Identity, InvalidTokenError, Tokens
from services.writer import Writer

log = logs.get("centrifuge")

VERSION = "windsock"
GOODBYE_S = 5.0
"""Seconds that a client which was refused gets to go by itself."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all connections of a gateway have in common."""

    door: Door
    broker: Broker
    stream: Stream
    writer: Writer
    procedures: Procedures
    channels: Channels
    presence: Presence
    tokens: Tokens
    pings: Pings
    settings: GatewaySettings


class Connection:
    """One client of the protocol."""

    def __init__(self, shared: Shared, client: Client, encoding: Encoding) -> None:
        settings = shared.settings
        self._shared = shared
        self._encoding = encoding
        self._client = client
        self._sender = client.sender
        self._session = Session(shared.channels, settings.channels_per_client)
        self._expiry = Expiry()
        self._subscriptions = Subscriptions(
            shared.broker, shared.stream, shared.presence, settings, self._session, self._sender, encoding, self._expiry
        )
        self._subscriptions.info = ClientInfo("", str(uuid.uuid4()))

    async def run(self) -> None:
        """Until WebSocketDisconnect."""
        try:
            async with asyncio.timeout(self._shared.settings.hello_s):
                hello = await self._client.receive()
        except TimeoutError:
            self._end(codes.STALE)
        await self._take(hello)
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
        self._expiry.forget_all()
        self._subscriptions.leave_all()
        await self._subscriptions.tell_absence()

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
        try:
            # Before it comes back to a channel that the server took it off.
            await self._subscriptions.tell_absence()
            grant, refused = None, None
            if command.subscribe is not None and command.subscribe.token and self._session.state is State.CONNECTED:
                grant, refused = await self._granted(command.subscribe.token)
            await self._carry_out(
                self._session.begin(command, grant) if refused is None else Refused(command.id, refused)
            )
            await self._subscriptions.tell_absence()
        except Unavailable:
            if command.connect is not None:
                self._session.refused()
            self._refuse(command.id, codes.INTERNAL)

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
                self._subscriptions.leave(step.channel)
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
        self._subscriptions.info = ClientInfo(identity.user, self._subscriptions.info.client, about)
        hello: dict[str, object] = {"client": self._subscriptions.info.client, "version": VERSION}
        hello |= self._expires(identity.expires_at)
        steps = self._session.subscribe_server_side(identity.channels, step.subs)
        share = replies.REPLY_BYTES // max(1, len(steps))
        opened = [await self._subscriptions.open(one, share) for one in steps]
        there = [one for one in opened if one is not None]
        if there:
            hello["subs"] = {one.channel.name: one.result for one in there}
        hello |= {"ping": self._shared.settings.ping_s, "pong": True}
        self._reply(step.id, "connect", hello, sum(one.publications for one in there))
        for one in there:
            await self._subscriptions.go_on(one)

    async def _refresh(self, step: Refresh) -> None:
        try:
            identity = await self._shared.tokens.connection(step.token)
        except InvalidTokenError:
            self._end(codes.INVALID_TOKEN)
        except ExpiredTokenError:
            self._end(codes.EXPIRED)
        if identity.user != self._session.user:
            self._end(codes.INVALID_TOKEN)
        result: dict[str, object] = {"client": self._subscriptions.info.client, "version": VERSION}
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
            self._reply(step.id, "sub_refresh", self._sub_expires(channel, grant.expires_at))

    async def _granted(self, token: str) -> tuple[Grant | None, Refusal | None]:
        """What a subscription token opens, or why nothing."""
        try:
            grant = await self._shared.tokens.subscription(token)
        except InvalidTokenError as error:
            log.info("a subscription token was refused", reason=str(error))
            return None, codes.PERMISSION_DENIED
        except ExpiredTokenError:
            return None, codes.TOKEN_EXPIRED
        if grant.client and grant.client != self._subscriptions.info.client:
            self._end(codes.INVALID_TOKEN)
        return grant, None

    def _expires(self, at: float | None) -> dict[str, object]:
        return self._expiry.set(CONNECTION, at, partial(self._sender.close, codes.EXPIRED.code, codes.EXPIRED.reason))

    def _sub_expires(self, channel: str, at: float | None) -> dict[str, object]:
        return self._expiry.set(channel, at, partial(self._subscriptions.end, channel, codes.SUBSCRIPTION_EXPIRED))

    async def _subscribe(self, step: Subscribe) -> None:
        opened = await self._subscriptions.open(step)
        if opened is None:
            self._refuse(step.id, codes.UNRECOVERABLE_POSITION)
            return
        self._reply(step.id, "subscribe", opened.result, opened.publications)
        await self._subscriptions.go_on(opened)

    async def _show_presence(self, step: ShowPresence) -> None:
        found = await self._shared.presence.all(step.channel.name)
        infos = {client: replies.read_info(text) for client, text in found.items()}
        if step.stats:
            users = {info.user for info in infos.values()}
            self._reply(step.id, "presence_stats", {"num_clients": len(infos), "num_users": len(users)})
        else:
            self._reply(step.id, "presence", {"presence": infos})

    async def _publish(self, step: Publish) -> None:
        try:
            entry = free_form_entry(step.channel.name, step.data)
        except MalformedBody:
            self._end(codes.MALFORMED)
        if not step.channel.built_in:
            envelope = msgspec.json.encode(replies.Envelope(Raw(entry.payload), self._subscriptions.info))
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
        page = await self._subscriptions.read(step.channel, "down" if asked.reverse else "up", bound, limit)
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
