"""What a session says is to be done for a command. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.channels import Channel
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import HistoryRequest, SubscribeRequest
from gateway.clients.centrifuge.filters import Filter
from gateway.clients.centrifuge.wishes import Wishes
from services.closes import Close
from services.tokens import Grant


@dataclass(frozen=True, slots=True)
class Connect:
    """Find out who the client is, and call `connected` or `refused`."""

    id: int
    token: str
    subs: Mapping[str, SubscribeRequest]
    """Where the client stands in channels that the server subscribes it to."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """Verify the new token of the same user, and answer for how long it holds."""

    id: int
    token: str


@dataclass(frozen=True, slots=True)
class SubRefresh:
    """The same for a subscription."""

    id: int
    channel: str
    token: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer an error."""

    id: int
    error: Refusal


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Join the channel and answer its position, with what was missed."""

    id: int
    channel: Channel
    recover: bool
    epoch: str
    offset: int
    reject_unrecovered: bool
    positioned: bool
    recoverable: bool
    join_leave: bool
    filter: Filter | None = None
    grant: Grant | None = None
    wishes: Wishes | None = None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Leave the channel if it is subscribed, and answer."""

    id: int
    channel: str


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Answer a part of the channel's history."""

    id: int
    channel: Channel
    request: HistoryRequest


@dataclass(frozen=True, slots=True)
class Publish:
    """Append, and answer once it is stored."""

    id: int
    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True)
class ShowPresence:
    """Answer who is in the channel, or only how many."""

    id: int
    channel: Channel
    stats: bool


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
    Connect
    | Refresh
    | SubRefresh
    | Refused
    | Subscribe
    | Unsubscribe
    | ReadHistory
    | Publish
    | ShowPresence
    | Call
    | Answer
    | Close
    | Nothing
)
