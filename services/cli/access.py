"""`windsock token` and `windsock revoke`: tokens for a try, and the end of those that got lost."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from pathlib import Path
from typing import Annotated

import jwt
import typer

from services import environment, redis
from services.data_dir import socket_path
from services.errors import BadRequest, StartError
from services.revocations import Revocations
from services.settings import CommonSettings, TokenSettings


def token(
    user: Annotated[str, typer.Argument(help="Who it is for.", metavar="USER")],
    allow: Annotated[
        list[str] | None,
        typer.Option(help="Pattern of topics that it opens; may be repeated. Default: as WINDSOCK_ALLOW says."),
    ] = None,
    channel: Annotated[
        str, typer.Option(help="Make it a subscription token for this channel.", show_default=False)
    ] = "",
    hours: Annotated[float, typer.Option(help="How long it holds.", min=0.001, max=87_600)] = 1.0,
) -> None:
    """Sign a token with WINDSOCK_TOKEN_SECRET and print it."""
    settings = environment.load(TokenSettings, os.environ)
    if not settings.token_secret:
        raise StartError("WINDSOCK_TOKEN_SECRET is not set; tokens of other keys are signed by who has the private key")
    now = int(time.time())
    claims: dict[str, object] = {"sub": user, "iat": now, "exp": now + round(hours * 3600), "jti": secrets.token_hex(8)}
    for name, value in (
        ("aud", settings.token_audience),
        ("iss", settings.token_issuer),
        ("allow", allow),
        ("channel", channel),
    ):
        if value:
            claims[name] = value
    typer.echo(jwt.encode(claims, settings.token_secret, "HS256"))


def revoke(
    user: Annotated[str, typer.Option(help="All tokens that this user has by now.", show_default=False)] = "",
    token_id: Annotated[str, typer.Option(help="The token with this `jti`.", show_default=False)] = "",
) -> None:
    """Revoke a user's tokens, or one by its id: what they opened is closed at once, on all gateways."""
    if bool(user) == bool(token_id):
        raise BadRequest(None, "say either --user or --token-id")
    asyncio.run(_revoke(redis_url(environment.load(CommonSettings, os.environ)), user, token_id))
    typer.echo(f"revoked: {'all tokens of user' if user else 'token'} {user or token_id}")


async def _revoke(url: str, user: str, token_id: str) -> None:
    async with redis.connect(url) as client:
        await redis.check(client, url)
        revocations = Revocations(client)
        await (revocations.revoke_user(user) if user else revocations.revoke_token(token_id))


def redis_url(common: CommonSettings) -> str:
    """That of the settings, or the private server of a `windsock up` that runs here, or the default."""
    if common.redis_url:
        return common.redis_url
    private = socket_path(Path(common.data_dir).resolve())
    return f"unix://{private}" if private.exists() else redis.DEFAULT_URL
