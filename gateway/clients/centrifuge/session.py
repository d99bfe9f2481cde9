"""One connection of the Centrifuge protocol: which command is allowed when, and what it means. Pure.

    state     event               next       what happens
    new       connect             connected  the reply names the client and the pings
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

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.codes import Close, Refusal
from gateway.clients.centrifuge.commands import Command, HistoryRequest, SubscribeRequest
from gateway.clients.centrifuge.filters import Filter
from services import topics
from services.errors import BadRequest

CHANNEL_CHARACTERS = 255
NEVER_PUSHED = (topics.COMMAND,)
NEVER_FILTERED = (topics.DEVICE, topics.WEATHER)
"""Of these a subscriber gets everything: one source each."""
REJECT_UNRECOVERED = 2
"""Bit of a subscribe request's flag: rather an error than a subscription that begins now."""


class State(Enum):
    """Where a connection stands."""

    NEW = "new"
    CONNECTED = "connected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Connected:
    """Answer who the client is."""

    id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer an error."""

    id: int
    error: Refusal


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Join the topic and answer its position, with what was missed."""

    id: int
    topic: str
    recover: bool
    epoch: str
    offset: int
    reject_unrecovered: bool
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Leave the topic if it is subscribed, and answer."""

    id: int
    topic: str


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Answer a part of the topic's history."""

    id: int
    topic: str
    request: HistoryRequest


@dataclass(frozen=True, slots=True)
class Publish:
    """Append, and answer once it is stored."""

    id: int
    topic: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """Call the procedure `method` and answer its result."""

    id: int
    method: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer that the client is heard."""

    id: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to do."""


Step: TypeAlias = (
    Connected | Refused | Subscribe | Unsubscribe | ReadHistory | Publish | Call | Answer | Close | Nothing
)


class Session:
    """The state of one connection. `channels` bounds its subscriptions."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self.state = State.NEW
        self.subscribed: set[str] = set()
        self.unanswered_pings = 0

    def begin(self, command: Command) -> Step:
        """What is to be done for the next command of the client."""
        if self.state is State.CLOSED:
            return Nothing()
        step = self._begin(command)
        if isinstance(step, Close):
            self.state = State.CLOSED
        return step

    def pinged(self) -> None:
        """A ping was sent."""
        self.unanswered_pings += 1

    def expire(self) -> Close:
        """No answer came in time."""
        self.state = State.CLOSED
        return codes.NO_PONG

    def lost(self, topic: str) -> None:
        """The server ended a subscription."""
        self.subscribed.discard(topic)

    def _begin(self, command: Command) -> Step:
        if self.state is State.NEW:
            if command.connect is None or not command.id:
                return codes.MALFORMED
            if command.connect.token:
                return codes.INVALID_TOKEN
            self.state = State.CONNECTED
            return Connected(command.id)
        if command.send is not None:
            return codes.SEND_NOT_AVAILABLE
        if not command.id:
            if self.unanswered_pings:
                self.unanswered_pings -= 1
                return Nothing()
            return codes.MALFORMED
        return self._carry_out(command)

    def _carry_out(self, command: Command) -> Step:
        number = command.id
        if command.subscribe is not None:
            return self._subscribe(number, command.subscribe)
        if command.unsubscribe is not None:
            self.subscribed.discard(command.unsubscribe.channel)
            return Unsubscribe(number, command.unsubscribe.channel)
        if command.publish is not None:
            return _publish(number, command.publish.channel, bytes(command.publish.data))
        if command.history is not None:
            error = _readable(command.history.channel)
            return Refused(number, error) if error else ReadHistory(number, command.history.channel, command.history)
        if command.rpc is not None:
            return Call(number, command.rpc.method, bytes(command.rpc.data))
        if command.ping is not None:
            return Answer(number)
        about_presence = command.presence or command.presence_stats
        if about_presence is not None:
            return Refused(number, _readable(about_presence.channel) or codes.NOT_AVAILABLE)
        if command.refresh is not None or command.sub_refresh is not None:
            return Refused(number, codes.NOT_AVAILABLE)
        return codes.MALFORMED

    def _subscribe(self, number: int, request: SubscribeRequest) -> Step:
        if request.delta not in ("", "fossil"):
            return codes.MALFORMED
        error = _readable(request.channel)
        if error is None and request.type:
            error = codes.NOT_AVAILABLE
        if error is None and request.channel in self.subscribed:
            error = codes.ALREADY_SUBSCRIBED
        if error is None and len(self.subscribed) >= self._channels:
            error = codes.LIMIT_EXCEEDED
        wanted = None
        if error is None and request.tf is not None:
            try:
                wanted = Filter(request.tf)
            except ValueError as fault:
                error = Refusal(codes.BAD_REQUEST.code, f"tf: {fault}")
            if request.channel.startswith(NEVER_FILTERED):
                error = codes.BAD_REQUEST
        if error is not None:
            return Refused(number, error)
        self.subscribed.add(request.channel)
        reject = bool(request.flag & REJECT_UNRECOVERED)
        return Subscribe(number, request.channel, request.recover, request.epoch, request.offset, reject, wanted)


def _readable(channel: str) -> Refusal | None:
    """Why `channel` cannot be read; None if it can."""
    error = _known(channel)
    return error or (codes.PERMISSION_DENIED if channel.startswith(NEVER_PUSHED) else None)


def _known(channel: str) -> Refusal | None:
    if not channel.isascii() or len(channel) > CHANNEL_CHARACTERS:
        return codes.BAD_REQUEST
    if channel != topics.READINGS and not channel.startswith(topics.NAMESPACES):
        return codes.UNKNOWN_CHANNEL
    try:
        topics.parse(channel)
    except BadRequest:
        return codes.BAD_REQUEST
    return None


def _publish(number: int, channel: str, data: bytes) -> Step:
    error = _known(channel)
    if error is None and not channel.startswith(topics.FEED):
        error = codes.PERMISSION_DENIED
    if error is None and not data:
        error = codes.BAD_REQUEST
    return Refused(number, error) if error else Publish(number, channel, data)
