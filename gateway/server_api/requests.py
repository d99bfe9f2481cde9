"""What backends send, as types. Pure.

Members that we do not know are skipped, for newer client libraries send more; null stands for absent, as some write it.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import NO_DATA, Since
from services.errors import Fault, MalformedBody

T = TypeVar("T")

Members = dict[str, Raw]
"""A request before it is known which."""
NULL = b"null"
MOST_CHANNELS = 1_000
"""Most channels of one broadcast."""
MOST_COMMANDS = 1_000
"""Most commands of one batch."""
NAME_CHARACTERS = 255

Name = Annotated[str, Meta(max_length=NAME_CHARACTERS)]
Moment = Annotated[int, Meta(ge=0, le=100_000_000_000)]
"""Unix seconds; later than the year 5000 they are most likely milliseconds."""


class RefusedError(Exception):
    """What was asked is not done, and why."""

    def __init__(self, error: Refusal) -> None:
        super().__init__(error.message)
        self.error = error


def refused(error: Refusal, reason: str) -> RefusedError:
    """`error` with the reason in its message."""
    return RefusedError(Refusal(error.code, f"{error.message}: {reason}"))


class Content(Struct, kw_only=True):
    """What is published, and how."""

    data: Raw = NO_DATA
    b64data: str = ""
    skip_history: bool = False
    tags: dict[str, str] | None = None
    idempotency_key: Name = ""
    version: int = 0
    version_epoch: str = ""


class Publish(Content, kw_only=True):
    """To one channel."""

    channel: str


class Broadcast(Content, kw_only=True):
    """To many."""

    channels: list[str]


class Channel(Struct):
    """Presence, presence_stats and history_remove name a channel and no more."""

    channel: str


class Target(Struct, kw_only=True):
    """Connections of a user: all of them, or one. `session` would name one that other transports have."""

    user: str
    client: str = ""
    session: str = ""

    def check(self) -> None:
        """Raise RefusedError if it names none."""
        if self.session:
            raise refused(codes.NOT_AVAILABLE, "session; name the client")
        if not self.user and not self.client:
            raise refused(codes.BAD_REQUEST, "user and client are empty; that would be all who are anonymous")


class CloseWith(Struct):
    """A close code and its reason."""

    code: int = 0
    reason: str = ""


class Disconnect(Target, kw_only=True):
    """Close connections, except those whose clients are listed."""

    whitelist: list[str] = []
    disconnect: CloseWith | None = None


class Unsubscribe(Target, kw_only=True):
    """End a subscription; without a channel, all of them."""

    channel: Name = ""


class Subscribe(Target, kw_only=True):
    """Subscribe connections to a channel."""

    channel: str
    info: Raw = NO_DATA
    b64info: str = ""
    data: Raw = NO_DATA
    b64data: str = ""
    recover_since: Since | None = None
    override: Raw = NO_DATA


class Refresh(Target, kw_only=True):
    """Move the end of connections: to now, to a moment, or to never."""

    expired: bool = False
    expire_at: Moment = 0


class RevokeToken(Struct):
    """The token with this id (`jti`); remembered until it would expire by itself, or for ever."""

    uid: str
    expire_at: Moment = 0


class InvalidateUserTokens(Struct):
    """All tokens of a user that were issued up to a moment, or up to now."""

    user: str
    issued_before: Moment = 0
    expire_at: Moment = 0


class Rpc(Struct):
    """A call of one of the clients' procedures."""

    method: str
    params: Raw = NO_DATA


class Pattern(Struct):
    """Which channels; `*` stands for anything."""

    pattern: Name = ""


class Batch(Struct):
    """Several commands, each an object of one member: its method."""

    commands: list[Members]
    parallel: bool = False


class Nothing(Struct):
    """A request without members."""


_members = msgspec.json.Decoder(Members)


def read(body: bytes) -> Members:
    """The members of a request's body. Raises MalformedBody."""
    try:
        body.decode()
        return _members.decode(body)
    except msgspec.ValidationError:
        raise MalformedBody([Fault(None, None, "the body is not a JSON object")]) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody([Fault(None, None, f"the JSON is malformed: {error}")]) from None


def members_of(text: Raw) -> Members:
    """The members of a command in a batch. Raises RefusedError."""
    try:
        return _members.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise refused(codes.BAD_REQUEST, str(error)) from None


def as_request(decoder: msgspec.json.Decoder[T], members: Members) -> T:
    """The request that `members` make. Raises RefusedError."""
    present = {name: text for name, text in members.items() if name == "data" or bytes(text) != NULL}
    try:
        return decoder.decode(msgspec.json.encode(present))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise refused(codes.BAD_REQUEST, str(error)) from None
