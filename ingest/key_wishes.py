"""What an admin asks of device keys, as JSON. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from services import json_text
from services.device_keys import DEVICES_PATTERN, LATEST_MS, METRICS_PATTERN, Scope
from services.errors import Fault, InvalidKey

_SHAPES = {
    DEVICES_PATTERN: "must be the name of a device (A-Z a-z 0-9 . _ : ~ -) in which * stands for any characters",
    METRICS_PATTERN: "must be the name of a metric (A-Z a-z 0-9 _ . -) in which * stands for any characters",
}

_Name = Annotated[str, Meta(min_length=1, max_length=100)]


class NewKey(Scope, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key to make: its scope, and what people know it by. `expires` is Unix milliseconds or RFC 3339."""

    name: _Name
    note: Annotated[str, Meta(max_length=1_000)] = ""
    expires: Annotated[int, Meta(le=LATEST_MS)] | Annotated[datetime, Meta(tz=True)] | None = None

    def scope(self) -> Scope:
        """What it opens."""
        return Scope(self.devices, self.metrics, self.readings_per_s, self.devices_max)

    def expires_ms(self) -> int | None:
        """When it ends, in Unix milliseconds."""
        return round(self.expires.timestamp() * 1000) if isinstance(self.expires, datetime) else self.expires


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """A key to get another secret; the one before it stays good for `overlap_s` seconds, or until it is revoked."""

    overlap_s: Annotated[float, Meta(ge=0, le=10 * 365 * 86400)] | UnsetType | None = UNSET

    def overlap_ms(self) -> int | None:
        """The same in milliseconds; None is without an end."""
        return round(self.overlap_s * 1000) if isinstance(self.overlap_s, float | int) else None


Wish = TypeVar("Wish", NewKey, Rotation)


def read(body: bytes, wish: type[Wish]) -> Wish:
    """What is asked for. Raises MalformedBody, or InvalidKey with the field and the reason."""
    json_text.parsed(body)
    try:
        return msgspec.json.decode(body, type=wish)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidKey([_fault(str(error))]) from None


def _fault(message: str) -> Fault:
    reason, _, path = message.partition(" - at ")
    if named := re.search(r"field `([^`]*)`", reason):
        known = "missing required" in reason
        return Fault(None, named[1][:64], "is required" if known else "is not a part of a key")
    for pattern, shape in _SHAPES.items():
        if "matching regex" in reason and repr(pattern)[1:-1] in reason:
            reason = shape
    return Fault(None, path.strip("`$.").replace("[...]", "") or None, reason.replace("`", ""))
