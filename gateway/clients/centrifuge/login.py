"""Who a connection is, and for how long: connection tokens, subscription tokens, their renewal."""

from __future__ import annotations

from functools import partial

from msgspec import Raw

from gateway.clients.centrifuge import codes, replies
from gateway.clients.centrifuge.answers import Answers
from gateway.clients.centrifuge.codes import Refusal
from gateway.clients.centrifuge.commands import NO_DATA
from gateway.clients.centrifuge.expiry import CONNECTION, Expiry
from gateway.clients.centrifuge.replies import ClientInfo
from gateway.clients.centrifuge.session import Session
from gateway.clients.centrifuge.shared import Shared
from gateway.clients.centrifuge.steps import Connect, Refresh, SubRefresh
from gateway.clients.centrifuge.subscriptions import Opened, Subscriptions
from gateway.clients.centrifuge.transport import Transport
from gateway.sender import Sender
from services import closes, logs
from services.closes import Close
from services.errors import Unavailable
from services.tokens import ExpiredTokenError, Grant, Identity, InvalidTokenError

log = logs.get("centrifuge")

VERSION = "windsock"
STALE = replies.Json(b'{"status":"stale"}')
"""In the reply to a connect while the gateway hears nothing from Redis, as the procedure `status` tells it."""


class Login:
    """Carries out what has to do with tokens."""

    def __init__(
        self,
        shared: Shared,
        session: Session,
        subscriptions: Subscriptions,
        expiry: Expiry,
        answers: Answers,
        sender: Sender,
        transport: Transport,
    ) -> None:
        self._shared = shared
        self._session = session
        self._subscriptions = subscriptions
        self._expiry = expiry
        self._answers = answers
        self._sender = sender
        self._transport = transport
        self.identity = Identity()

    async def identify(self, step: Connect) -> bool:
        """Find out who it is; False if it was refused, and told so."""
        if not step.token and not self._shared.access.anonymous:
            self._answers.end(closes.TOKEN_NEEDED)
        if step.token:
            try:
                self.identity = await self._shared.tokens.connection(step.token)
            except InvalidTokenError as error:
                log.info("a token was refused", reason=str(error))
                self._answers.end(closes.INVALID_TOKEN)
            except ExpiredTokenError:
                self._session.refused()
                self._answers.refuse(step.id, codes.TOKEN_EXPIRED)
                return False
        identity = self.identity
        self._session.connected(identity.user, self._shared.access.of(identity if step.token else None))
        about = Raw(identity.info) if identity.info else NO_DATA
        self._subscriptions.info = ClientInfo(identity.user, self._subscriptions.info.client, about)
        return True

    async def check(self) -> None:
        """End the connection if its token was revoked. From here on, it hears of that as a member of the roster."""
        if any(await self._shared.revocations.revoked([self.identity])):
            log.info("a token was refused", reason="it was revoked")
            self._session.refused()
            self._answers.end(closes.INVALID_TOKEN)

    async def greet(self, step: Connect) -> list[Opened]:
        """Let it in, with the subscriptions that the server makes; they are yet to go on."""
        identity = self.identity
        hello: dict[str, object] = {"client": self._subscriptions.info.client, "version": VERSION}
        hello |= self._expires(identity.expires_at)
        steps = self._session.subscribe_server_side(identity.channels, step.subs)
        if isinstance(steps, Close):
            self._answers.end(steps)
        share = replies.REPLY_BYTES // max(1, len(steps))
        there: list[Opened] = []
        try:
            for one in steps:
                opened = await self._subscriptions.open(one, share)
                if opened is not None:
                    there.append(opened)
        except Unavailable:
            for made in there:
                self._subscriptions.give_up(made)
            raise
        if there:
            hello["subs"] = {one.channel.name: one.result for one in there}
        hello |= {"ping": self._shared.settings.ping_s} | self._transport.hello()
        if self._shared.broker.unready():
            hello["data"] = STALE
        self._answers.reply(step.id, "connect", hello, sum(len(one.recovered) for one in there))
        return there

    async def refresh(self, step: Refresh) -> None:
        """Take a new token of the same user."""
        try:
            identity = await self._shared.tokens.connection(step.token)
        except InvalidTokenError:
            self._answers.end(closes.INVALID_TOKEN)
        except ExpiredTokenError:
            self._answers.end(closes.EXPIRED)
        if identity.user != self._session.user:
            self._answers.end(closes.INVALID_TOKEN)
        if set(identity.channels) != set(self.identity.channels):
            self._answers.end(closes.LOST_STATE)  # it connects again, and gets the channels of its new token
        self.identity = identity
        await self.check()
        self._session.permits = self._shared.access.of(identity)
        for channel in self._session.no_longer_permitted():
            self._subscriptions.end(channel, codes.NO_LONGER_PERMITTED)
        result: dict[str, object] = {"client": self._subscriptions.info.client, "version": VERSION}
        self._answers.reply(step.id, "refresh", result | self._expires(identity.expires_at))

    def renew(self, expires_at: float | None) -> dict[str, object]:
        """The connection holds until `expires_at` (Unix seconds; None: for ever); what a client is told of it."""
        return self._expires(expires_at)

    async def sub_refresh(self, step: SubRefresh) -> None:
        """Take a new token of a subscription."""
        grant, refused = await self.granted(step.token)
        if grant is None:
            if refused is codes.TOKEN_EXPIRED:
                self._answers.refuse(step.id, codes.TOKEN_EXPIRED)
                return
            self._answers.end(closes.INVALID_TOKEN)
        # centrifuge-python leaves the channel out.
        channel = step.channel or grant.channel
        if channel not in self._subscriptions:
            self._answers.refuse(step.id, codes.PERMISSION_DENIED)
        elif grant.channel != channel or grant.user != self._session.user:
            self._answers.end(closes.INVALID_TOKEN)
        else:
            self._subscriptions.grants[channel] = grant
            if await self.was_revoked(grant):
                self._subscriptions.end(channel, codes.TOKEN_REVOKED)
                self._answers.refuse(step.id, codes.PERMISSION_DENIED)
                return
            self._answers.reply(step.id, "sub_refresh", self._sub_expires(channel, grant.expires_at))

    async def granted(self, token: str) -> tuple[Grant | None, Refusal | None]:
        """What a subscription token opens, or why nothing."""
        try:
            grant = await self._shared.tokens.subscription(token)
        except InvalidTokenError as error:
            log.info("a subscription token was refused", reason=str(error))
            return None, codes.PERMISSION_DENIED
        except ExpiredTokenError:
            return None, codes.TOKEN_EXPIRED
        if grant.client and grant.client != self._subscriptions.info.client:
            self._answers.end(closes.INVALID_TOKEN)
        return grant, None

    async def was_revoked(self, grant: Grant) -> bool:
        """Whether a subscription token is no longer good. From `Subscriptions.open` on, it hears of that by itself."""
        return any(await self._shared.revocations.revoked([grant]))

    def _expires(self, at: float | None) -> dict[str, object]:
        return self._expiry.set(CONNECTION, at, partial(self._sender.close, closes.EXPIRED.code, closes.EXPIRED.reason))

    def _sub_expires(self, channel: str, at: float | None) -> dict[str, object]:
        return self._expiry.set(channel, at, partial(self._subscriptions.end, channel, codes.SUBSCRIPTION_EXPIRED))
