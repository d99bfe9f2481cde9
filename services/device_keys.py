"""Device keys: how they look, what they open, when they end. Pure.

A key is `wsk_<id>_<secret>`, the secret 190 random bits. It is shown once: what is kept is the secret's SHA-256, which
is enough for a secret that cannot be guessed (a slow hash protects those that people choose). To change a key without
a break it has two secrets for a while, each with the same id and scope.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
import string
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from services.errors import BadRequest, Conflict
from services.settings.bounds import SLOWEST_PER_S

PREFIX = "wsk_"
"""What all keys begin with, so that people and scanners know one when they see it."""
MOST_LIVE = 2
MOST_PATTERNS = 50
LATEST_MS = 253_402_300_799_999
"""The last time that a key may end, in Unix milliseconds: with the year 9999, as RFC 3339 can tell it."""
DEVICES_PATTERN = r"^[A-Za-z0-9*][A-Za-z0-9._:~*-]{0,127}\Z"
METRICS_PATTERN = r"^[A-Za-z_*][A-Za-z0-9_.*-]{0,63}\Z"

_BASE62 = string.digits + string.ascii_letters
_ID_LENGTH = 12
_SECRET_LENGTH = 32
_SHAPE = re.compile(rf"wsk_([0-9A-Za-z]{{{_ID_LENGTH}}})_([0-9A-Za-z]{{{_SECRET_LENGTH}}})")

DevicePattern = Annotated[str, Meta(pattern=DEVICES_PATTERN)]
MetricPattern = Annotated[str, Meta(pattern=METRICS_PATTERN)]


class Scope(Struct, frozen=True, omit_defaults=True):
    """What a key opens: devices and metrics by pattern (`*` stands for any characters), how fast, and how many.

    None is as the settings say.
    """

    devices: Annotated[tuple[DevicePattern, ...], Meta(min_length=1, max_length=MOST_PATTERNS)] = ("*",)
    metrics: Annotated[tuple[MetricPattern, ...], Meta(min_length=1, max_length=MOST_PATTERNS)] = ("*",)
    readings_per_s: Annotated[float, Meta(ge=SLOWEST_PER_S, le=10**9)] | None = None
    devices_max: Annotated[int, Meta(ge=1, le=100_000)] | None = None


class Secret(Struct, frozen=True, omit_defaults=True):
    """One secret of a key, as it is kept. Times are Unix milliseconds."""

    digest: str
    created: int
    until: int | None = None


class DeviceKey(Struct, frozen=True, omit_defaults=True):
    """A key as it is kept. Times are Unix milliseconds; of `secrets` the newest is the last."""

    id: str
    created: int
    secrets: tuple[Secret, ...]
    scope: Scope
    name: str = ""
    note: str = ""
    expires: int | None = None

    def live(self, now_ms: int) -> tuple[Secret, ...]:
        """The secrets that are good now."""
        if self.expires is not None and self.expires <= now_ms:
            return ()
        return tuple(one for one in self.secrets if one.until is None or one.until > now_ms)

    def good_until(self, digest: str, now_ms: int) -> float:
        """Unix milliseconds until which the secret with this digest is good (infinity: always); 0 if it is not.

        Takes a time that tells nothing of the digests that are kept.
        """
        ends = [(one.until, hmac.compare_digest(one.digest, digest)) for one in self.live(now_ms)]
        until = [math.inf if end is None else end for end, same in ends if same]
        return min(until[0], math.inf if self.expires is None else self.expires) if until else 0

    def rotated(self, digest: str, now_ms: int, overlap_ms: int | None) -> DeviceKey:
        """With one more secret; the one before it stays good for `overlap_ms` (None: until it is revoked).

        Raises Conflict if there are two already, or the key has expired.
        """
        live = self.live(now_ms)
        if not live:
            raise Conflict("the key has expired; make a new one")
        if len(live) >= MOST_LIVE:
            raise Conflict("the key has two secrets already; revoke the previous one first")
        ends = None if overlap_ms is None else now_ms + overlap_ms
        before = [msgspec.structs.replace(one, until=ends if one.until is None else one.until) for one in live]
        return msgspec.structs.replace(self, secrets=(*before, Secret(digest, now_ms)))

    def newest_only(self, now_ms: int) -> DeviceKey:
        """Without the previous secret. Raises Conflict if there is none."""
        if len(self.live(now_ms)) < MOST_LIVE:
            raise Conflict("the key has one secret only; revoke the key itself")
        return msgspec.structs.replace(self, secrets=self.secrets[-1:])

    def shown(self, now_ms: int) -> dict[str, object]:
        """What may be told of it: everything but digests."""
        return {
            "id": self.id,
            "name": self.name,
            "note": self.note,
            "devices": self.scope.devices,
            "metrics": self.scope.metrics,
            "readings_per_s": self.scope.readings_per_s,
            "devices_max": self.scope.devices_max,
            "created": self.created,
            "expires": self.expires,
            "secrets": [{"created": one.created, "until": one.until} for one in self.live(now_ms)],
        }


@dataclass(frozen=True, slots=True)
class Spoken:
    """The text of a key, taken apart."""

    id: str
    digest: str


def made(scope: Scope, now_ms: int, *, name: str, note: str = "", expires: int | None = None) -> tuple[DeviceKey, str]:
    """A new key, and its text.

    Raises BadRequest unless it is called what can be shown, and ends at a time to come or never.
    """
    for field, said in (("name", name), ("note", note)):
        if not said.isprintable():
            raise BadRequest(field, "has characters that cannot be shown, such as line ends")
    if not name.strip():
        raise BadRequest("name", "is empty")
    if expires is not None and not now_ms < expires <= LATEST_MS:
        raise BadRequest("expires", "is not a time to come (Unix milliseconds) before the year 10000")
    key_id = _random(_ID_LENGTH)
    digest, text = fresh_secret(key_id)
    return DeviceKey(key_id, now_ms, (Secret(digest, now_ms),), scope, name, note, expires), text


def fresh_secret(key_id: str) -> tuple[str, str]:
    """The digest of a new secret, and the text of the key with it."""
    secret = _random(_SECRET_LENGTH)
    return _digest(secret), f"{PREFIX}{key_id}_{secret}"


def parsed(text: str) -> Spoken | None:
    """The key that `text` is; None if it is none."""
    shape = _SHAPE.fullmatch(text)
    return Spoken(shape[1], _digest(shape[2])) if shape else None


def looks_like_key(text: str) -> bool:
    """Whether `text` is meant to be a device key."""
    return text.startswith(PREFIX)


def is_id(text: str) -> bool:
    """Whether `text` may be the id of a key."""
    return len(text) == _ID_LENGTH and all(one in _BASE62 for one in text)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))
