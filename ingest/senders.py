"""Who posts, and what they may.

Each question has two forms: one that answers at once from what is known here, which almost every request is content
with, and one that asks Redis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.reading import Reading


@dataclass(frozen=True, slots=True)
class Sender:
    """Who posts."""

    address: str
    device: str | None = None
    """The only device that it may be, if that is known."""


class Senders:
    """Everybody may everything."""

    def known(self, credentials: str | None, address: str) -> Sender | None:
        """Who it is; None if `identified` must be asked. Raises Unauthorized."""
        return Sender(address)

    async def identified(self, credentials: str | None, address: str) -> Sender:
        """Who it is. Raises Unauthorized, and Unavailable if that cannot be told."""
        return Sender(address)

    def admits(self, sender: Sender, readings: Sequence[Reading]) -> bool:
        """Whether all of `readings` may be stored; False if `admit` must be asked. Raises what `admit` raises."""
        return True

    async def admit(self, sender: Sender, readings: Sequence[Reading]) -> None:
        """Raises Forbidden for a device or metric that is not the sender's, and TooMany above a limit."""
