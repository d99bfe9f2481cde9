"""Who is connected to this gateway, by user. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from services.batch import Position
from services.tokens import Grant, Identity


class Member(Protocol):
    """A client that said who it is, or is anonymous (user '')."""

    @property
    def identity(self) -> Identity:
        """Who it is."""

    @property
    def client_id(self) -> str:
        """Its id of this connection; empty where the protocol has none."""

    def end(self, code: int, reason: str) -> None:
        """Close its connection."""

    def unsubscribe(self, channel: str, code: int, reason: str) -> None:
        """End its subscription to a channel, if there is one (or all of its own kind, where it has only one)."""

    def subscribe(self, channel: str, since: Position | None, info: bytes, data: bytes) -> None:
        """Subscribe it to a channel soon, from a position on if there is one; `info` is what others are shown
        of it there, and `data` what it is told, both JSON or nothing. Where that cannot be, nothing happens.
        """

    def renew(self, expires_at: float | None) -> None:
        """Its connection holds until then (Unix seconds; None: for ever)."""

    def channels(self) -> list[str]:
        """What it is subscribed to."""

    def grants(self) -> Mapping[str, Grant]:
        """What its subscription tokens opened, by channel."""


class Roster:
    """All members."""

    def __init__(self) -> None:
        self._by_user: dict[str, dict[Member, None]] = {}

    def __iter__(self) -> Iterator[Member]:
        """A snapshot of them all: they may go while it is read."""
        return iter([member for members in self._by_user.values() for member in members])

    @property
    def users(self) -> int:
        """How many users there are; the anonymous ones are one."""
        return len(self._by_user)

    def of(self, user: str) -> list[Member]:
        """Those of one user."""
        return list(self._by_user.get(user, ()))

    def add(self, member: Member) -> None:
        """`member` is here from now on. Its user must not change before it is removed."""
        self._by_user.setdefault(member.identity.user, {})[member] = None

    def remove(self, member: Member) -> None:
        """It is not here, or not any more."""
        user = member.identity.user
        members = self._by_user.get(user, {})
        members.pop(member, None)
        if not members:
            self._by_user.pop(user, None)
