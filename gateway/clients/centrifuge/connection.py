"""One connection of the protocol: carries out what its session says, one command after the other."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from typing import NoReturn, assert_never

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.answers import Answers
from gateway.clients.centrifuge.calls import Calls
from gateway.clients.centrifuge.codes import Close
from gateway.clients.centrifuge.commands import Command, MalformedError
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
from gateway.clients.centrifuge.subscriptions import Subscriptions
from gateway.clients.door import Client
from services.errors import Unavailable
from services.tokens import Grant, Identity

GOODBYE_S = 5.0
"""Seconds that a client which was refused gets to go by itself."""


class Connection:
    """One client of the protocol, a `Member` of the roster once it said who it is."""

    def __init__(self, shared: Shared, client: Client, encoding: Encoding) -> None:
        settings = shared.settings
        self._shared = shared
        self._encoding = encoding
        self._client = client
        self._sender = client.sender
        self._session = Session(shared.channels, settings.channels_per_client)
        self._expiry = Expiry()
        self._answers = Answers(shared.door, client, encoding)
        self._subscriptions = Subscriptions(
            shared.broker,
            shared.stream,
            shared.snapshots,
            shared.presence,
            settings,
            self._session,
            self._sender,
            encoding,
            self._expiry,
        )
        self._subscriptions.info = ClientInfo("", str(uuid.uuid4()))
        self._login = Login(shared, self._session, self._subscriptions, self._expiry, self._answers, self._sender)
        self._requests = Requests(shared, self._session, self._subscriptions, self._answers)
        self._calls = Calls(self._requests.call, self._answers, settings.commands_per_client)
        self._listed = ExitStack()

    @property
    def identity(self) -> Identity:
        return self._login.identity

    @property
    def client_id(self) -> str:
        return self._subscriptions.info.client

    def end(self, code: int, reason: str) -> None:
        self._sender.close(code, reason)

    def unsubscribe(self, channel: str, code: int, reason: str) -> None:
        self._subscriptions.end(channel, (code, reason))

    def channels(self) -> list[str]:
        return list(self._session.subscribed)

    def grants(self) -> Mapping[str, Grant]:
        return self._subscriptions.grants

    async def run(self) -> None:
        """Until WebSocketDisconnect."""
        try:
            async with asyncio.timeout(self._shared.settings.hello_s):
                hello = await self._client.receive()
        except TimeoutError:
            self._answers.end(codes.STALE)
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
            self._answers.end(codes.CLOSED)

    async def leave_all(self) -> None:
        """Forget all subscriptions, and give up what runs beside."""
        await self._calls.end()
        self._listed.close()
        self._expiry.forget_all()
        self._subscriptions.leave_all()
        await self._subscriptions.tell_absence()

    async def _take(self, frame: bytes) -> None:
        try:
            commands = self._encoding.decode(frame)
        except MalformedError:
            self._answers.end(codes.MALFORMED)
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
                grant, refused = await self._login.granted(command.subscribe.token)
            await self._carry_out(
                self._session.begin(command, grant) if refused is None else Refused(command.id, refused)
            )
            await self._subscriptions.tell_absence()
        except Unavailable:
            if command.connect is not None:
                self._session.refused()
            self._answers.refuse(command.id, codes.INTERNAL)

    async def _carry_out(self, step: Step) -> None:
        match step:
            case Connect():
                await self._connect(step)
            case Refresh():
                await self._login.refresh(step)
            case SubRefresh():
                await self._login.sub_refresh(step)
            case Subscribe():
                await self._subscribe(step)
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

    async def _connect(self, step: Connect) -> None:
        if await self._login.identify(step):
            self._listed.enter_context(self._shared.roster.listed(self))
            await self._login.check()
            await self._login.greet(step)

    async def _subscribe(self, step: Subscribe) -> None:
        opened = await self._subscriptions.open(step)
        if opened is None:
            self._answers.refuse(step.id, codes.UNRECOVERABLE_POSITION)
            return
        if step.grant is not None and await self._login.was_revoked(step.grant):
            self._subscriptions.drop(step.channel.name)
            self._answers.refuse(step.id, codes.PERMISSION_DENIED)
            return
        self._answers.reply(step.id, "subscribe", opened.result, opened.publications)
        await self._subscriptions.go_on(opened)
