"""What backends do to connections, and ask of them, on whichever gateway they are.

Promise: an answer means that every gateway has carried it out (a subscription: has begun to make it). Raises
Unavailable where one did not answer in time; it may have carried it out all the same.
"""

from __future__ import annotations

import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from gateway.channels import Channels
from gateway.clients.centrifuge import codes
from gateway.clients.centrifuge.commands import NO_DATA, Since
from gateway.hub import Hub
from gateway.mesh import Mesh
from gateway.roster import Member, Roster
from gateway.server_api.lookup import found
from gateway.server_api.requests import (
    NULL,
    CloseWith,
    Disconnect,
    Nothing,
    Pattern,
    Refresh,
    Subscribe,
    Target,
    Unsubscribe,
    refused,
)
from gateway.server_api.texts import json_of
from services import closes, logs
from services.access import Patterns
from services.batch import Position

MOST_CHANNELS = 10_000
"""Most channels in one answer."""
REASON_BYTES = 123
"""Longest reason of a close (RFC 6455, section 5.5)."""

T = TypeVar("T", bound=Struct)

log = logs.get("server_api")


class _Whose(Struct, kw_only=True):
    user: str
    client: str


class _End(_Whose, kw_only=True):
    whitelist: list[str]
    code: int
    reason: str


class _Unsubscribe(_Whose, kw_only=True):
    channel: str


class _Subscribe(_Whose, kw_only=True):
    channel: str
    since: Since | None
    info: str
    data: str


class _Refresh(_Whose, kw_only=True):
    expired: bool
    expire_at: int


class _Count(Struct):
    pattern: str


class Fleet:
    """All gateways, of which this is one. `clients` tells how many clients it has, whatever they speak."""

    def __init__(self, mesh: Mesh, roster: Roster, hub: Hub, channels: Channels, clients: Callable[[], int]) -> None:
        self._mesh = mesh
        self._roster = roster
        self._hub = hub
        self._channels = channels
        self._clients = clients
        self._began = time.monotonic()
        self._on("api.disconnect", _End, self._end)
        self._on("api.unsubscribe", _Unsubscribe, self._unsubscribe)
        self._on("api.subscribe", _Subscribe, self._subscribe)
        self._on("api.refresh", _Refresh, self._refresh)
        self._on("api.channels", _Count, self._count)
        mesh.on("api.info", lambda _: self._node())

    async def disconnect(self, asked: Disconnect) -> dict[str, object]:
        """Close connections."""
        asked.check()
        close = asked.disconnect or CloseWith()
        code = close.code or closes.FORCED.code
        if not 3000 <= code <= 4999:
            raise refused(codes.BAD_REQUEST, f"{code} is not a close code from 3000 to 4999")
        reason = close.reason or closes.FORCED.reason
        if len(reason.encode()) > REASON_BYTES:
            raise refused(codes.BAD_REQUEST, f"the reason has more than {REASON_BYTES} bytes")
        end = _End(**_whose(asked), whitelist=asked.whitelist, code=code, reason=reason)
        await self._mesh.ask_all("api.disconnect", end)
        return {}

    async def unsubscribe(self, asked: Unsubscribe) -> dict[str, object]:
        """End subscriptions."""
        asked.check()
        await self._mesh.ask_all("api.unsubscribe", _Unsubscribe(**_whose(asked), channel=asked.channel))
        return {}

    async def subscribe(self, asked: Subscribe) -> dict[str, object]:
        """Begin to subscribe connections."""
        asked.check()
        channel = found(self._channels, asked.channel)
        if not channel.readable:
            raise refused(codes.PERMISSION_DENIED, "commands are for their devices alone")
        if bytes(asked.override) not in (b"", b"{}"):
            raise refused(codes.NOT_AVAILABLE, "override")
        given = NO_DATA if bytes(asked.data) == NULL else asked.data
        info = json_of("info", asked.info, asked.b64info).decode()
        data = json_of("data", given, asked.b64data).decode()
        wanted = _Subscribe(**_whose(asked), channel=channel.name, since=asked.recover_since, info=info, data=data)
        await self._mesh.ask_all("api.subscribe", wanted)
        return {}

    async def refresh(self, asked: Refresh) -> dict[str, object]:
        """Move the end of connections."""
        asked.check()
        moved = _Refresh(**_whose(asked), expired=asked.expired, expire_at=asked.expire_at)
        await self._mesh.ask_all("api.refresh", moved)
        return {}

    async def info(self, _asked: Nothing) -> dict[str, object]:
        """The gateways, and how much each does."""
        return {"nodes": sorted(await self._mesh.ask_all("api.info", None), key=lambda node: node["uid"])}

    async def channels(self, asked: Pattern) -> dict[str, object]:
        """The channels that have subscribers, and how many."""
        total: Counter[str] = Counter()
        for answer in await self._mesh.ask_all("api.channels", _Count(asked.pattern)):
            if answer is not None:
                total.update(answer)
            if answer is None or len(total) > MOST_CHANNELS:
                raise refused(codes.LIMIT_EXCEEDED, f"more than {MOST_CHANNELS} channels; narrow the pattern")
        return {"channels": {name: {"num_clients": count} for name, count in sorted(total.items())}}

    def _on(self, kind: str, of: type[T], carry_out: Callable[[T], Any]) -> None:
        def take(body: Any) -> Any:
            try:
                return carry_out(msgspec.convert(body, of))
            except msgspec.ValidationError as error:
                log.error("cannot read what another gateway asks", kind=kind, error=str(error))

        self._mesh.on(kind, take)

    def _members(self, whose: _Whose) -> Iterable[Member]:
        return [one for one in self._roster.of(whose.user) if whose.client in ("", one.client_id)]

    def _end(self, asked: _End) -> None:
        for member in self._members(asked):
            if member.client_id not in asked.whitelist:
                member.end(asked.code, asked.reason)

    def _unsubscribe(self, asked: _Unsubscribe) -> None:
        for member in self._members(asked):
            for channel in [asked.channel] if asked.channel else member.channels():
                member.unsubscribe(channel, *codes.SERVER_UNSUBSCRIBE)

    def _subscribe(self, asked: _Subscribe) -> None:
        since = Position(asked.since.epoch, asked.since.offset) if asked.since else None
        for member in self._members(asked):
            member.subscribe(asked.channel, since, asked.info.encode(), asked.data.encode())

    def _refresh(self, asked: _Refresh) -> None:
        for member in self._members(asked):
            if asked.expired or 0 < asked.expire_at <= time.time():
                member.end(closes.EXPIRED.code, closes.EXPIRED.reason)
            else:
                member.renew(asked.expire_at or None)

    def _node(self) -> dict[str, object]:
        counts = [count for _, count in self._hub.subscribers()]
        return {
            "uid": self._mesh.node,
            "name": platform.node(),
            "version": version("windsock"),
            "num_clients": self._clients(),
            "num_users": self._roster.users,
            "num_subs": sum(counts),
            "num_channels": len(counts),
            "uptime": int(time.monotonic() - self._began),
        }

    def _count(self, asked: _Count) -> dict[str, int] | None:
        """Subscribers by channel; None if there are more channels than one answer may have."""
        patterns = Patterns([asked.pattern or "*"])
        counts: dict[str, int] = {}
        for name, count in self._hub.subscribers():
            if patterns.match(name):
                counts[name] = count
                if len(counts) > MOST_CHANNELS:
                    return None
        return counts


def _whose(target: Target) -> dict[str, str]:
    return {"user": target.user, "client": target.client}
