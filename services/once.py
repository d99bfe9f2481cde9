"""Requests that are done once however often they are sent (Idempotency-Key, draft-ietf-httpapi-idempotency-key-header).

What a request appended is remembered by the script that appends it, in the same step; who sends it again is told the
same. What is remembered: a fingerprint of the request, and where each of its entries went (with a `d` behind it for a
duplicate), by spaces. Pure.
"""

from __future__ import annotations

import msgspec

from services.commit import Appended
from services.errors import Conflict, Reused


class Once(msgspec.Struct, frozen=True, gc=False):
    """A request: `key` is where Redis remembers it, `fingerprint` (without spaces) tells it from another one."""

    key: str
    fingerprint: str


def remembered(once: Once, text: bytes, entries: int) -> list[Appended]:
    """What was answered the first time.

    Raises Reused if that was another request, and Conflict if fewer or more of it were taken then: what is good may
    depend on the clock and the settings.
    """
    fingerprint, *places = text.decode("ascii").split(" ")
    if fingerprint != once.fingerprint:
        raise Reused("this Idempotency-Key was used for another request; take a fresh one for each")
    if len(places) != entries:
        raise Conflict(
            f"this request was done: {len(places)} of its readings were taken then, {entries} would be now; "
            "send what is missing with a fresh Idempotency-Key"
        )
    return [Appended(place.removesuffix("d"), place.endswith("d")) for place in places]
