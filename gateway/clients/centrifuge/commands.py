"""What SDKs send, as types; each encoding decodes to these. Pure.

Members that we do not know are skipped: newer SDKs offer more than any server must take.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw, Struct

NO_DATA = Raw(b"")
UInt32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class MalformedError(ValueError):
    """The frame is not made of commands."""


class FilterNode(Struct, gc=False):
    """A tags filter, or a part of one; see `filters`."""

    op: str = ""
    key: str = ""
    cmp: str = ""
    val: str = ""
    vals: list[str] = []
    nodes: list[FilterNode] = []


class SubscribeRequest(Struct, gc=False):
    """`offset` and `epoch` count only with `recover`."""

    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: Offset = 0
    data: Raw = NO_DATA
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: str = ""
    tf: FilterNode | None = None
    flag: int = 0
    type: int = 0


class ConnectRequest(Struct, gc=False):
    """`name` and `version` are the SDK's."""

    token: str = ""
    data: Raw = NO_DATA
    subs: dict[str, SubscribeRequest] = {}
    name: str = ""
    version: str = ""


class ChannelRequest(Struct, gc=False):
    """Unsubscribe, presence and presence_stats name a channel and no more."""

    channel: str = ""


class PublishRequest(Struct, gc=False):
    """`data` is any JSON."""

    channel: str = ""
    data: Raw = NO_DATA


class Since(Struct, gc=False):
    """A position; an empty epoch is not compared."""

    offset: Offset = 0
    epoch: str = ""


class HistoryRequest(Struct, gc=False):
    """`limit` 0 asks for the position only, -1 for as much as there may be; `since` is not included."""

    channel: str = ""
    limit: int = 0
    since: Since | None = None
    reverse: bool = False


class RpcRequest(Struct, gc=False):
    """A call of a procedure."""

    method: str = ""
    data: Raw = NO_DATA


class TokenRequest(Struct, gc=False):
    """Refresh and sub_refresh carry a new token."""

    channel: str = ""
    token: str = ""


class Empty(Struct, gc=False):
    """A request whose members do not matter here."""


class Command(Struct, gc=False):
    """One command: an id and one request. Without either it is the answer to a ping."""

    id: UInt32 = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: ChannelRequest | None = None
    publish: PublishRequest | None = None
    presence: ChannelRequest | None = None
    presence_stats: ChannelRequest | None = None
    history: HistoryRequest | None = None
    ping: Empty | None = None
    send: Empty | None = None
    rpc: RpcRequest | None = None
    refresh: TokenRequest | None = None
    sub_refresh: TokenRequest | None = None
