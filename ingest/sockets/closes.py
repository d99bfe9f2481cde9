"""How a device's socket ends. Pure. Codes as the gateway's sockets use them; the README lists them."""

from __future__ import annotations

from typing import NamedTuple


class Close(NamedTuple):
    """Why a socket ends."""

    code: int
    reason: str


GONE = Close(1006, "")
"""The device went; there is nothing left to close."""
TOO_LARGE = Close(1009, "message too large")
IDLE = Close(3000, "idle")
SHUTDOWN = Close(3001, "shutdown")
SLOW = Close(3008, "slow")
INVALID = Close(3500, "invalid token")

KNOWN = frozenset(
    {1000, 1001, 1005, 1006, 1007, 1011, *(one.code for one in (TOO_LARGE, IDLE, SHUTDOWN, SLOW, INVALID))}
)
"""Codes that are counted by themselves: a device may close with any (RFC 6455, section 7.4)."""
