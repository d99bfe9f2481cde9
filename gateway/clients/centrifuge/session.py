"""One connection of the Centrifuge protocol: which command is allowed when, and what it means. Pure.

    state     event               next       what happens
    new       connect             connected  the reply names the client and the pings
    new       connect, bad token  closed     3500; 109 if it has expired, and what follows is not carried out
    new       connect, bad `subs` closed     3501 for channels that cannot be, 3505 for too many
    new       any other command   closed     3501
    connected connect             closed     3501: only once
    connected any other command   connected  carried out, or refused with an error code
    connected answer to a ping    connected  (3501 where no ping was sent)
    connected no answer to a ping closed     3012
    closed    anything            closed     nothing

`begin` takes one command and says what is to be done for it; the shell does it and hands the outcome to the
reply. Commands are taken one after the other, in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from enum import Enum

import msgspec

from gateway.channels import BadChannelError, Channel, Channels, UnknownChannelError
from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import Command, SubscribeRequest
from gateway.clients.centrifuge.filters import Filter
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
from gateway.clients.centrifuge.wishes import Wishes, asked
from services import closes
from services.access import Permits
from services.closes import Close
from services.tokens import Grant

REJECT_UNRECOVERED = 2
"""Bit of a subscribe request's flag: rather an error than a subscription that begins now."""


class State(Enum):
    """Where a connection stands."""

    NEW = "new"
    CONNECTED = "connected"
    CLOSED = "closed"


class Session:
    """The state of one connection with at most `most` subscriptions."""

    def __init__(self, channels: Channels, most: int) -> None:
        self._channels = channels
        self._most = most
        self.state = State.NEW
        self.user = ""
        """Who it is; empty if nobody said."""
        self.permits: Permits = lambda _: False
        """Which channels its token, or the settings, let it use."""
        self.subscribed: set[str] = set()
        self.server_side: set[str] = set()
        """Those of them that the server made."""
        self._asked: set[str] = set()
        """Those of these that the client asked for when it connected."""
        self._granted: set[str] = set()
        """Those of them that a subscription token opened."""
        self._derived: set[str] = set()
        """Those of them that are derived: nothing opens them but permission for what is beneath."""
        self.unanswered_pings = 0

    def connected(self, user: str, permits: Permits) -> None:
        """It is `user`, who may use what `permits` says."""
        self.user = user
        self.permits = permits
        self.state = State.CONNECTED

    def subscribe_server_side(
        self, names: Iterable[str], asked: Mapping[str, SubscribeRequest]
    ) -> list[Subscribe] | Close:
        """The subscriptions that the server makes: to `names`, the user's own channel, and what else is `asked` for.

        What is asked for also tells where the client left a channel, if it was there before. Of `names`, channels
        that do not exist or are above the bound are left out; of the others, those that the user may not subscribe to.
        """
        steps = []
        channels: dict[str, Channel] = {}
        for name in names:
            with suppress(_RefusedError):
                if self._can_be_given(found := self._find(name)):
                    channels[name] = found
        if (personal := self._channels.personal(self.user)) is not None:
            channels[personal.name] = personal
        for name, channel in channels.items():
            if len(self.subscribed) < self._most:
                self.server_side.add(name)
                steps.append(self._step(0, channel, asked.get(name, SubscribeRequest()), None, None, None))
        for name, request in asked.items():
            if name in channels:
                continue
            step = self._asked_for(msgspec.structs.replace(request, channel=name))
            if isinstance(step, Close):
                self.state = State.CLOSED
                return step
            if step is not None:
                self.server_side.add(name)
                self._asked.add(name)
                steps.append(step)
        return steps

    def _asked_for(self, request: SubscribeRequest) -> Subscribe | Close | None:
        try:
            return self._subscribe(0, request, None)
        except _RefusedError as refused:
            if refused.error.code in (codes.UNKNOWN_CHANNEL.code, codes.BAD_REQUEST.code):
                return closes.MALFORMED
            return closes.TOO_MANY_CHANNELS if refused.error is codes.LIMIT_EXCEEDED else None

    def subscribe_by_server(self, name: str, stand: SubscribeRequest, info: bytes) -> Subscribe | None:
        """The subscription that a backend makes; None if it is there already, cannot be, or is above the bound."""
        if self.state is not State.CONNECTED or name in self.subscribed or len(self.subscribed) >= self._most:
            return None
        try:
            channel = self._find(name)
        except _RefusedError:
            return None
        if not self._can_be_given(channel):
            return None
        self.server_side.add(name)
        return self._step(0, channel, stand, Grant(name, self.user, info=info), None, None)

    def _can_be_given(self, channel: Channel) -> bool:
        """Whether the server may subscribe it: to what is derived only if it may have what is beneath."""
        return channel.readable and (not channel.derived or self.permits(channel.name))

    def refused(self) -> None:
        """It could not say who it is: nothing of it is carried out any more."""
        self.state = State.CLOSED

    def begin(self, command: Command, grant: Grant | None = None) -> Step:
        """What is to be done for the next command of the client; `grant` is what its token opens."""
        if self.state is State.CLOSED:
            return Nothing()
        step = self._begin(command, grant)
        if isinstance(step, Close):
            self.state = State.CLOSED
        return step

    def pinged(self) -> None:
        """A ping was sent."""
        self.unanswered_pings += 1

    def expire(self) -> Close:
        """No answer came in time."""
        self.state = State.CLOSED
        return closes.NO_PONG

    def no_longer_permitted(self) -> list[str]:
        """The subscriptions that it wanted and that `permits` does not cover (any more)."""
        wanted = (self.subscribed - self.server_side - self._granted) | self._asked | self._derived
        return [name for name in wanted if not self.permits(name)]

    def lost(self, topic: str) -> None:
        """The server ended a subscription."""
        self.subscribed.discard(topic)
        self.server_side.discard(topic)
        self._asked.discard(topic)
        self._granted.discard(topic)
        self._derived.discard(topic)

    def _begin(self, command: Command, grant: Grant | None) -> Step:
        if self.state is State.NEW:
            if command.connect is None or not command.id:
                return closes.MALFORMED
            return Connect(command.id, command.connect.token, command.connect.subs)
        if command.send is not None:
            return closes.SEND_NOT_AVAILABLE
        if not command.id:
            if self.unanswered_pings:
                self.unanswered_pings -= 1
                return Nothing()
            return closes.MALFORMED
        return self._carry_out(command, grant)

    def _carry_out(self, command: Command, grant: Grant | None) -> Step:
        number = command.id
        if command.unsubscribe is not None:
            self.lost(command.unsubscribe.channel)
            return Unsubscribe(number, command.unsubscribe.channel)
        if command.rpc is not None:
            return Call(number, command.rpc.method, bytes(command.rpc.data))
        if command.ping is not None:
            return Answer(number)
        if command.refresh is not None:
            return Refresh(number, command.refresh.token) if command.refresh.token else closes.MALFORMED
        if command.sub_refresh is not None:
            if not command.sub_refresh.token:
                return closes.MALFORMED
            return SubRefresh(number, command.sub_refresh.channel, command.sub_refresh.token)
        try:
            return self._about_a_channel(number, command, grant)
        except _RefusedError as refused:
            return Refused(number, refused.error)

    def _about_a_channel(self, number: int, command: Command, grant: Grant | None) -> Step:
        if command.subscribe is not None:
            return self._subscribe(number, command.subscribe, grant)
        if command.publish is not None:
            channel = self._find(command.publish.channel)
            self._demand("publish", channel)
            if not command.publish.data:
                raise _RefusedError(codes.BAD_REQUEST)
            return Publish(number, channel, bytes(command.publish.data))
        if command.history is not None:
            channel = self._find(command.history.channel)
            if not channel.kept:
                raise _RefusedError(codes.NOT_AVAILABLE)
            self._demand("history", channel)
            return ReadHistory(number, channel, command.history)
        about = command.presence or command.presence_stats
        if about is not None:
            channel = self._find(about.channel)
            if not channel.options.presence:
                raise _RefusedError(codes.NOT_AVAILABLE)
            self._demand("presence", channel)
            return ShowPresence(number, channel, command.presence is None)
        return closes.MALFORMED

    def _subscribe(self, number: int, request: SubscribeRequest, grant: Grant | None) -> Subscribe | Close:
        if request.delta not in ("", "fossil"):
            return closes.MALFORMED
        channel = self._find(request.channel)
        if not channel.readable:
            raise _RefusedError(codes.PERMISSION_DENIED)
        if request.type:
            raise _RefusedError(codes.NOT_AVAILABLE)
        if channel.name in self.subscribed:
            raise _RefusedError(codes.ALREADY_SUBSCRIBED)
        if grant is None or channel.derived:
            self._demand("subscribe", channel)
        if grant is not None and (grant.channel != channel.name or grant.user != self.user):
            return closes.INVALID_TOKEN
        if len(self.subscribed) >= self._most:
            raise _RefusedError(codes.LIMIT_EXCEEDED)
        wanted, wishes = _filter(channel, request), _wishes(channel, request)
        if wishes is not None and wishes.window and not channel.grants("history", self.user, subscribed=True):
            raise _RefusedError(codes.PERMISSION_DENIED)
        return self._step(number, channel, request, grant, wanted, wishes)

    def _step(
        self,
        number: int,
        channel: Channel,
        request: SubscribeRequest,
        grant: Grant | None,
        wanted: Filter | None,
        wishes: Wishes | None,
    ) -> Subscribe:
        options = channel.options
        self.subscribed.add(channel.name)
        if grant is not None:
            self._granted.add(channel.name)
        if channel.derived:
            self._derived.add(channel.name)
        kept = channel.kept
        sees_history = channel.grants("history", self.user, subscribed=True)
        recoverable = kept and (
            options.force_recovery or (request.recoverable and (options.allow_recovery or sees_history))
        )
        positioned = kept and (
            recoverable
            or options.force_positioning
            or (request.positioned and (options.allow_positioning or sees_history))
        )
        sees_presence = channel.grants("presence", self.user, subscribed=True)
        return Subscribe(
            number,
            channel,
            recover=request.recover and recoverable,
            epoch=request.epoch,
            offset=request.offset,
            reject_unrecovered=bool(request.flag & REJECT_UNRECOVERED),
            positioned=positioned,
            recoverable=recoverable,
            join_leave=options.join_leave and (options.force_push_join_leave or (request.join_leave and sees_presence)),
            filter=wanted,
            grant=grant,
            wishes=wishes,
        )

    def _find(self, name: str) -> Channel:
        try:
            return self._channels.find(name)
        except UnknownChannelError:
            raise _RefusedError(codes.UNKNOWN_CHANNEL) from None
        except BadChannelError:
            raise _RefusedError(codes.BAD_REQUEST) from None

    def _demand(self, action: str, channel: Channel) -> None:
        subscribed = channel.name in self.subscribed
        if not channel.grants(action, self.user, subscribed=subscribed):
            raise _RefusedError(codes.PERMISSION_DENIED)
        # Who was let in by a token of the channel itself may do there what subscribers may.
        if not self.permits(channel.name) and not (subscribed and (action != "publish" or not channel.built_in)):
            raise _RefusedError(codes.PERMISSION_DENIED)


class _RefusedError(Exception):
    def __init__(self, error: Refusal) -> None:
        self.error = error


def _filter(channel: Channel, request: SubscribeRequest) -> Filter | None:
    if request.tf is None:
        return None
    if not channel.options.allow_tags_filter:
        raise _RefusedError(codes.BAD_REQUEST)
    try:
        return Filter(request.tf)
    except ValueError as fault:
        raise _RefusedError(Refusal(codes.BAD_REQUEST.code, f"tf: {fault}")) from None


def _wishes(channel: Channel, request: SubscribeRequest) -> Wishes | None:
    try:
        return asked(channel, bytes(request.data))
    except ValueError as fault:
        raise _RefusedError(Refusal(codes.BAD_REQUEST.code, f"data: {fault}")) from None
