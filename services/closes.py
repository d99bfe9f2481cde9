"""How connections end: every close code with its reason. Pure.

RFC 6455, section 7.4; from 3000 on centrifugal.dev, 'Client protocol'. Closes from 3500 to 3999 are final for SDKs,
all others make them connect again.
"""

from __future__ import annotations

from typing import NamedTuple


class Close(NamedTuple):
    """Why a connection ends."""

    code: int
    reason: str


GONE = Close(1006, "")
TOO_LARGE = Close(1009, "too many fragments")
MESSAGE_TOO_LARGE = Close(1009, "message too large")
NOT_TEXT = Close(1007, "not UTF-8")
TRY_AGAIN = Close(1013, "try again later")
CLOSED = Close(3000, "connection closed")
IDLE = Close(3000, "idle")
SHUTDOWN = Close(3001, "shutdown")
SERVER_ERROR = Close(3004, "internal server error")
EXPIRED = Close(3005, "connection expired")
SLOW = Close(3008, "slow")
LOST_STATE = Close(3010, "insufficient state")
NO_PONG = Close(3012, "no pong")
TOO_FAST = Close(3013, "too many requests")
INVALID_TOKEN = Close(3500, "invalid token")
TOKEN_NEEDED = Close(3501, "a token is needed")
MALFORMED = Close(3501, "bad request")
STALE = Close(3502, "stale")
FORCED = Close(3503, "force disconnect")
TOO_MANY_CHANNELS = Close(3505, "channel limit")
DENIED = Close(3507, "permission denied")
SEND_NOT_AVAILABLE = Close(3508, "not available")

COUNTED = frozenset(
    {
        1000,
        1001,
        1005,
        1011,
        1012,
        *(one.code for one in list(globals().values()) if isinstance(one, Close)),
    }
)
"""Codes that are counted each: those above, and what clients and the server below us use; clients may invent others."""
