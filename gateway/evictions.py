"""Ends what revoked tokens opened on this gateway: connections, and subscriptions that had a token of their own.

What was announced while Redis was not heard is made up for: then every token here is looked up.
"""

from __future__ import annotations

import asyncio

from gateway.broker import Broker
from gateway.clients.centrifuge import codes
from gateway.roster import Member, Roster
from services import closes, logs
from services.errors import Unavailable
from services.revocations import CHANNEL, Revocations, read

AGAIN_S = 1.0

log = logs.get("evictions")


class Evictions:
    """Listens from the start; `run` must be running too."""

    def __init__(self, broker: Broker, revocations: Revocations, roster: Roster) -> None:
        self._revocations = revocations
        self._roster = roster
        self._look = asyncio.Event()
        broker.listen(CHANNEL, self._take, self._look.set)

    async def run(self) -> None:
        """Look every token up whenever revocations may have been missed, until cancelled."""
        while True:
            await self._look.wait()
            self._look.clear()
            try:
                await self._look_all_up()
            except Unavailable as error:
                log.warning("cannot look revocations up; trying again", error=str(error))
                self._look.set()
                await asyncio.sleep(AGAIN_S)

    def _take(self, announcement: bytes) -> None:
        try:
            revocation = read(announcement)
        except ValueError as error:
            log.error("not a revocation", error=str(error))
            return
        for member in self._roster:
            if revocation.covers(member.identity):
                _end(member)
                continue
            for channel, grant in list(member.grants().items()):
                if revocation.covers(grant):
                    member.unsubscribe(channel, *codes.TOKEN_REVOKED)

    async def _look_all_up(self) -> None:
        members = [(one, one.identity) for one in self._roster if one.identity.user or one.identity.token_id]
        for (member, identity), revoked in zip(
            members, await self._revocations.revoked([identity for _, identity in members]), strict=True
        ):
            if revoked and member.identity is identity:
                _end(member)
        opened = [(one, channel, grant) for one in self._roster for channel, grant in one.grants().items()]
        for (member, channel, grant), revoked in zip(
            opened, await self._revocations.revoked([grant for _, _, grant in opened]), strict=True
        ):
            if revoked and member.grants().get(channel) is grant:
                member.unsubscribe(channel, *codes.TOKEN_REVOKED)


def _end(member: Member) -> None:
    log.info("a client is ended: its token was revoked")
    member.end(*closes.INVALID_TOKEN)
