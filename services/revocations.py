"""Tokens that are no longer good before they expire: one by its id (`jti`), or all that a user has by now.

Kept in Redis, where every gateway looks when a client comes in, and announced to those that have the client already.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from importlib.resources import files
from typing import Protocol

import msgspec
from msgspec import Struct

from services.errors import BadRequest
from services.redis import Client, answered

CHANNEL = "windsock:revoked"
"""Where revocations are announced."""
MOST_TOGETHER = 500


class Bearer(Protocol):
    """What a token said (`services.tokens`)."""

    @property
    def user(self) -> str: ...
    @property
    def token_id(self) -> str: ...
    @property
    def issued_at(self) -> float | None: ...


class Revocation(Struct, frozen=True, omit_defaults=True):
    """A token by its id, or a user's that were issued up to a moment (Unix seconds)."""

    token_id: str = ""
    user: str = ""
    issued_up_to: float = 0.0

    def covers(self, bearer: Bearer) -> bool:
        """Whether the token of `bearer` is revoked by this. One that does not tell when it was issued is old."""
        if self.token_id:
            return bearer.token_id == self.token_id
        return bearer.user == self.user and (bearer.issued_at or 0.0) <= self.issued_up_to


_announced = msgspec.json.Decoder(Revocation)


def read(announcement: bytes) -> Revocation:
    """What was announced. Raises ValueError."""
    return _announced.decode(announcement)


class Revocations:
    """Redis failures are raised as Unavailable."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis
        self._script = redis.register_script(files("services").joinpath("lua/revoke.lua").read_text())

    async def revoke_token(self, token_id: str, until: float | None = None) -> None:
        """The token with this id; remembered until `until` (Unix seconds; when it expires), or for ever.

        Raises BadRequest.
        """
        if not token_id:
            raise BadRequest("uid", "is empty; it is the token's jti")
        await self._revoke(_token_key(token_id), Revocation(token_id=token_id), until)

    async def revoke_user(self, user: str, issued_up_to: float | None = None, until: float | None = None) -> None:
        """All tokens of a user that were issued up to a moment (now, if None). Raises BadRequest."""
        if not user:
            raise BadRequest("user", "is empty")
        moment = time.time() if issued_up_to is None else issued_up_to
        await self._revoke(_user_key(user), Revocation(user=user, issued_up_to=moment), until)

    async def _revoke(self, key: str, revocation: Revocation, until: float | None) -> None:
        if until is not None and not time.time() < until < math.inf:
            raise BadRequest("expire_at", "is not a time to come (Unix seconds)")
        expires = "" if until is None else math.ceil(until)
        args = [repr(revocation.issued_up_to), expires, CHANNEL, msgspec.json.encode(revocation)]
        async with answered():
            await self._script(keys=[key], args=args)

    async def revoked(self, bearers: Sequence[Bearer]) -> list[bool]:
        """Which of these tokens are revoked."""
        found: list[bool] = []
        for start in range(0, len(bearers), MOST_TOGETHER):
            some = bearers[start : start + MOST_TOGETHER]
            known = await self._known([key for one in some for key in _keys(one)])
            for one in some:
                by_user = known.get(_user_key(one.user))
                found.append(_token_key(one.token_id) in known or (by_user is not None and _covers(by_user, one)))
        return found

    async def _known(self, keys: list[str]) -> dict[str, bytes | str]:
        """What is remembered. Nobody asks Redis about clients without a token: most connects in many deployments."""
        if not keys:
            return {}
        async with answered():
            values = await self._redis.mget(keys)
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}


def _covers(moment: bytes | str, bearer: Bearer) -> bool:
    return Revocation(user=bearer.user, issued_up_to=float(moment)).covers(bearer)


def _keys(bearer: Bearer) -> list[str]:
    by_token = [_token_key(bearer.token_id)] if bearer.token_id else []
    return [*by_token, _user_key(bearer.user)] if bearer.user else by_token


def _token_key(token_id: str) -> str:
    return f"windsock:{{revoked}}:token:{token_id}"


def _user_key(user: str) -> str:
    return f"windsock:{{revoked}}:user:{user}"
