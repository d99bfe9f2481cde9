"""Who asks: by the token of a request or socket."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from services.access import Access
from services.bearer import token_of
from services.errors import Unauthorized
from services.revocations import Revocations
from services.tokens import ExpiredTokenError, Identity, InvalidTokenError, Tokens


class Identities:
    """Verifies tokens, and knows which topics they open."""

    def __init__(self, tokens: Tokens, access: Access, revocations: Revocations) -> None:
        self._tokens = tokens
        self._revocations = revocations
        self.access = access

    async def of(self, connection: HTTPConnection) -> Identity | None:
        """Who asks; None for one without a token. Raises Unauthorized, and Unavailable if that cannot be told."""
        identity = await self.claimed(connection)
        await self.check(identity)
        return identity

    async def claimed(self, connection: HTTPConnection) -> Identity | None:
        """The same for who stays: whether the token was revoked is to be checked once the client is listed."""
        token = token_of(connection)
        return None if token is None else await self.verified(token)

    async def verified(self, token: str) -> Identity:
        """Whose token it is, revoked or not. Raises as `of` does."""
        try:
            return await self._tokens.connection(token)
        except InvalidTokenError:
            raise Unauthorized("the token cannot be believed") from None
        except ExpiredTokenError:
            raise Unauthorized("the token has expired") from None

    async def check(self, identity: Identity | None) -> None:
        """Raises Unauthorized if the token was revoked.

        A client that stays is listed first, so that it cannot miss a revocation in between.
        """
        if identity is not None and any(await self._revocations.revoked([identity])):
            raise Unauthorized("the token was revoked")
