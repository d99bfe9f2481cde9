"""Requests that are done once however often they are sent (Idempotency-Key, draft-ietf-httpapi-idempotency-key-header).

What a request appended is remembered by the script that appends it, in the same step; who sends it again is told the
same. What is remembered: a fingerprint of the request (with `/` and which of its readings were left out, if any were),
and where each of its entries went (with a `d` behind it for a duplicate), by spaces. Pure.
"""

from __future__ import annotations

import msgspec

from services.commit import Appended
from services.errors import Conflict, Reused


class Once(msgspec.Struct, frozen=True, gc=False):
    """A request: `key` is where Redis remembers it, `fingerprint` tells it from another one.

    `left_out` tells which of its readings are not taken, empty if all are. Neither has spaces or a slash.
    """

    key: str
    fingerprint: str
    left_out: str = ""

    @property
    def told_by(self) -> str:
        """What is remembered of it."""
        return f"{self.fingerprint}/{self.left_out}" if self.left_out else self.fingerprint


def remembered(once: Once, text: bytes, entries: int) -> list[Appended]:
    """What was answered the first time.

    Raises Reused if that was another request, and Conflict if other readings of it were taken then: what is good may
    depend on the clock, the settings and how much room there is.
    """
    told_by, *places = text.decode("ascii").split(" ")
    fingerprint, _, left_out = told_by.partition("/")
    if fingerprint != once.fingerprint:
        raise Reused("this Idempotency-Key was used for another request; take a fresh one for each")
    if len(places) != entries or left_out != once.left_out:
        others = "others" if len(places) == entries else str(entries)
        raise Conflict(
            f"this request was done: {len(places)} of its readings were taken then, {others} would be now; "
            "send what is missing with a fresh Idempotency-Key"
        )
    return [Appended(place.removesuffix("d"), place.endswith("d")) for place in places]
