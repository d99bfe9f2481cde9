"""One connection of the protocol: carries out what its session says, one command after the other."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import NoReturn, assert_never

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.answers import Answers, OneWayAnswers
from gateway.clients.centrifuge.calls import Calls
from gateway.clients.centrifuge.commands import Command, MalformedError, SubscribeRequest
from gateway.clients.centrifuge.expiry import Expiry
from gateway.clients.centrifuge.login import Login
from gateway.clients.centrifuge.replies import ClientInfo, Encoding
from gateway.clients.centrifuge.requests import Requests
from gateway.clients.centrifuge.session import Session, State
from gateway.clients.centrifuge.shared import Shared
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
from gateway.clients.centrifuge.subscriptions import Opened, Subscriptions
from gateway.clients.centrifuge.transport import WEBSOCKET, Transport
from gateway.clients.centrifuge.turn import Turn
from gateway.clients.door import Client
from services import closes, logs
from services.batch import Position
from services.closes import Close
from services.errors import Unavailable
from services.tokens import Grant, Identity

log = logs.get("centrifuge")

GOODBYE_S = 5.0
"""Seconds that a client which was refused gets to go by itself."""


class Connection:
    """One client of the protocol, a `Member` of the roster once it said who it is."""

    def __init__(self, shared: Shared, client: Client, encoding: Encoding, transport: Transport = WEBSOCKET) -> None:
        settings = shared.settings
        self._transport = transport
        self._shared = shared
        self._encoding = encoding
        self._client = client
        self._sender = client.sender
        self._session = Session(shared.channels, settings.channels_per_client)
        self._expiry = Expiry()
        answers = OneWayAnswers if transport.one_way else Answers
        self._answers = answers(shared.door, client, encoding)
        self._subscriptions = Subscriptions(
            shared.broker,
            shared.stream,
            shared.reads,
            shared.sources,
            shared.snapshots,
            shared.presence,
            settings,
            self._session,
            self._sender,
            encoding,
            self._expiry,
            shared.watch,
            lambda: self._shared.jobs.start(self._tell_absence),
        )
        self._subscriptions.info = ClientInfo("", str(uuid.uuid4()))
        self._login = Login(
            shared, self._session, self._subscriptions, self._expiry, self._answers, self._sender, transport
        )
        self._requests = Requests(shared, self._session, self._subscriptions, self._answers)
        self._calls = Calls(self._requests.call, self._answers, settings.commands_per_client)
        self._turn = Turn()
        self._gone = False

    @property
    def identity(self) -> Identity:
        return self._login.identity

    @property
    def client_id(self) -> str:
        return self._subscriptions.info.client

    def end(self, code: int, reason: str) -> None:
        self._sender.close(code, reason)

    def unsubscribe(self, channel: str, code: int, reason: str) -> None:
        self._turn.make(partial(self._subscriptions.end, channel, (code, reason)))

    def subscribe(self, channel: str, since: Position | None, info: bytes, data: bytes) -> None:
        request = SubscribeRequest()
        if since is not None:
            request = SubscribeRequest(recover=True, recoverable=True, epoch=since.epoch, offset=since.offset)
        self._shared.jobs.start(partial(self._be_subscribed, channel, request, info, data))

    def renew(self, expires_at: float | None) -> None:
        self._turn.make(lambda: self._sender.send(self._encoding.refreshed(self._login.renew(expires_at))))

    def channels(self) -> list[str]:
        return list(self._session.subscribed)

    def grants(self) -> Mapping[str, Grant]:
        return self._subscriptions.grants

    async def run(self) -> None:
        """Until WebSocketDisconnect."""
        await self._take(await self._client.first(self._shared.settings.hello_s))
        if self._session.state is State.CLOSED:
            await self._wait_for_goodbye()
        clock = asyncio.get_running_loop().time
        pings, answered = self._shared.pings, not self._transport.one_way
        pinged = pings.begin(self._session, self._sender, self._encoding.ping, answered=answered)
        try:
            while True:
                pinged.listening(clock())
                frame = await self._client.receive()
                pinged.busy()
                await self._take(frame)
        finally:
            pings.end(pinged)

    async def _wait_for_goodbye(self) -> NoReturn:
        """It was refused and knows it: an SDK goes by itself."""
        try:
            async with asyncio.timeout(GOODBYE_S):
                while True:
                    await self._client.receive()
        except TimeoutError:
            self._answers.end(closes.CLOSED)

    async def leave_all(self) -> None:
        """Forget all subscriptions, and give up what runs beside."""
        self._gone = True
        self._shared.roster.remove(self)
        self._expiry.forget_all()
        self._subscriptions.leave_all()
        await self._calls.end()
        await self._subscriptions.tell_absence()

    async def _take(self, frame: bytes) -> None:
        try:
            commands = self._encoding.decode(frame)
        except MalformedError:
            self._answers.end(closes.MALFORMED)
        if len(commands) > 1:
            self._sender.join_turn()
        await self._take_one(commands[0])
        for command in commands[1:]:
            self._client.count()
            await self._take_one(command)

    async def _take_one(self, command: Command) -> None:
        try:
            grant, refused = None, None
            if command.subscribe is not None and command.subscribe.token and self._session.state is State.CONNECTED:
                grant, refused = await self._login.granted(command.subscribe.token)
            async with self._turn.taken() if self._changes(command) else nullcontext():
                made = await self._carry_out(
                    self._session.begin(command, grant) if refused is None else Refused(command.id, refused)
                )
            for opened in made:
                await self._subscriptions.go_on(opened)
            if self._subscriptions.left:
                await self._tell_absence()
        except Unavailable:
            if command.connect is not None:
                self._session.refused()
            self._answers.refuse(command.id, codes.INTERNAL)

    def _changes(self, command: Command) -> bool:
        """Whether it may make or end a subscription. (Connect takes the turn by itself, once it is known who it is.)"""
        return self._session.state is State.CONNECTED and (
            command.subscribe is not None or command.unsubscribe is not None or command.sub_refresh is not None
        )

    async def _carry_out(self, step: Step) -> list[Opened]:
        """Returns the subscriptions that it made, which are yet to go on."""
        match step:
            case Connect():
                return await self._connect(step)
            case Refresh():
                await self._login.refresh(step)
            case SubRefresh():
                await self._login.sub_refresh(step)
            case Subscribe():
                return await self._subscribe(step)
            case Unsubscribe():
                self._subscriptions.leave(step.channel)
                self._answers.reply(step.id, "unsubscribe", {})
            case Publish():
                await self._requests.publish(step)
            case ReadHistory():
                await self._requests.history(step)
            case ShowPresence():
                await self._requests.show_presence(step)
            case Call():
                await self._calls.take(step)
            case Answer():
                self._answers.reply(step.id, "ping", {})
            case Refused():
                self._answers.refuse(step.id, step.error)
            case Close():
                self._answers.end(step)
            case Nothing():
                pass
            case _:
                assert_never(step)
        return []

    async def _connect(self, step: Connect) -> list[Opened]:
        if not await self._login.identify(step):
            return []
        # A backend that subscribes it from here on waits for the greeting.
        async with self._turn.taken():
            self._shared.roster.add(self)
            await self._login.check()
            return await self._login.greet(step)

    async def _subscribe(self, step: Subscribe) -> list[Opened]:
        if why := self._shared.broker.unready():
            # To wait for Redis would keep whatever the client asks next from being answered.
            self._session.lost(step.channel.name)
            raise Unavailable(", ".join(why))
        opened = await self._subscriptions.open(step)
        if opened is None:
            self._answers.refuse(step.id, codes.UNRECOVERABLE_POSITION)
            return []
        if step.grant is not None and not await self._still_good(step.grant, opened):
            self._answers.refuse(step.id, codes.PERMISSION_DENIED)
            return []
        self._answers.reply(step.id, "subscribe", opened.result, len(opened.recovered))
        return [opened]

    async def _still_good(self, grant: Grant, opened: Opened) -> bool:
        """Whether the token that opened it was not revoked meanwhile; from here on, it hears of that by itself."""
        revoked = True
        try:
            revoked = await self._login.was_revoked(grant)
        finally:
            if revoked:
                self._subscriptions.give_up(opened)
        return not revoked

    async def _be_subscribed(self, channel: str, request: SubscribeRequest, info: bytes, data: bytes) -> None:
        """Make a subscription that the server wants."""
        async with self._turn.taken():
            step = None if self._gone else self._session.subscribe_by_server(channel, request, info)
            if step is None:
                return
            try:
                opened = await self._subscriptions.open(step)
            except Unavailable as error:
                log.warning("cannot subscribe a client", channel=channel, error=str(error))
                return
            if opened is not None and self._gone:
                self._subscriptions.give_up(opened)
            elif opened is not None:
                self._subscriptions.tell_made(opened, data)
        if self._gone:
            await self._subscriptions.tell_absence()
        elif opened is not None:
            await self._subscriptions.go_on(opened)

    async def _tell_absence(self) -> None:
        async with self._turn.taken():
            await self._subscriptions.tell_absence()
