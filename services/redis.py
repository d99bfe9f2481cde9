"""Connections to Redis from a URL. A client is made by whoever starts a process, never at import.

Appends go through a client that never repeats a command by itself: redis-py would send an XADD whose
reply was lost once more, and store it twice.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias
from urllib.parse import parse_qs

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from services.errors import StartError, Unavailable

Client: TypeAlias = Redis
"""A redis-py client whose replies are bytes."""

OLDEST = (6, 2)
ANSWER_S = 5.0
"""Longest wait for a connection, and for the answer to a command that reads."""
OPTIONS = (
    "db",
    "username",
    "password",
    "client_name",
    "ssl_ca_certs",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_check_hostname",
)
DEFAULT_URL = "redis://127.0.0.1:6379/0"


_serializer = HiredisRespSerializer()


class _Packed:
    """Commands are packed by hiredis, as redis-py's other clients do: in Python many keys take longer than all else
    that is done with them.
    """

    def pack_command(self, *args: Any) -> list[bytes]:
        """The bytes of one command."""
        packed: list[bytes] = _serializer.pack(*args)
        return packed


def shown(url: str) -> str:
    """`url` without its password, wherever it stands, for messages."""
    named = re.sub(r"([?&][^=&]*password=)[^&]*", r"\1***", url)
    return re.sub(r"^(\w+://[^:/?#@]*):.*@", r"\1:***@", named)


def check_options(url: str) -> None:
    """Raise StartError for options that redis-py would take and that would change how we use it."""
    for name in parse_qs(url.partition("?")[2], keep_blank_values=True):
        if name not in OPTIONS:
            raise StartError(
                f"WINDSOCK_REDIS_URL={shown(url)!r}: {name[:64]!r} is not an option; there are {', '.join(OPTIONS)}"
            )


def connect(url: str) -> Client:
    """A client for `url` that sends every command at most once. Raises StartError for a bad URL.

    Its commands wait without a bound: whoever sends one uses `answered` or a timeout of its own. With a
    `socket_timeout`, redis-py would make a task for each command and, on Python 3.11, lose cancellations.
    """
    check_options(url)
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            retry_on_error=[],
            socket_timeout=None,
            socket_connect_timeout=ANSWER_S,
            # A command that finds them all in use waits for one.
            max_connections=64,
            timeout=ANSWER_S,
        )
    except ValueError as error:
        # A password that is not percent-encoded would be told as the part that is wrong.
        reason = str(error) if "@" not in url else "special characters in the password must be percent-encoded"
        raise StartError(f"WINDSOCK_REDIS_URL={shown(url)!r} is not a Redis URL: {reason}") from None
    pool.connection_class = type("Packed", (_Packed, pool.connection_class), {})
    return Redis.from_pool(pool)


async def check(redis: Client, url: str, *, patience_s: float = 30.0) -> None:
    """Raise StartError unless a server of at least version 6.2 answers.

    A server that is still loading its files is waited for, up to `patience_s` seconds.
    """
    try:
        async with asyncio.timeout(patience_s):
            while True:
                try:
                    async with asyncio.timeout(ANSWER_S):
                        info = await redis.info("server")
                    break
                except BusyLoadingError:
                    await asyncio.sleep(0.1)
    except (RedisError, OSError, TimeoutError) as error:
        if isinstance(error, ResponseError):
            raise StartError(f"Redis at {shown(url)} refuses: {error}; mend WINDSOCK_REDIS_URL") from None
        raise StartError(
            f"no Redis at {shown(url)}: {reason_of(error)}; start one there, or set WINDSOCK_REDIS_URL to one that runs"
        ) from None
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StartError(f"Redis at {shown(url)} is version {version}; Windsock needs 6.2 or newer")


@asynccontextmanager
async def answered() -> AsyncIterator[None]:
    """Redis commands inside fail, or take longer than `ANSWER_S`, as Unavailable."""
    try:
        async with asyncio.timeout(ANSWER_S):
            yield
    except ResponseError as error:
        raise Unavailable(f"Redis refuses ({error})") from error
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(f"Redis does not answer ({reason_of(error)})") from error


def reason_of(error: Exception) -> str:
    """Why Redis could not be used, in words."""
    return str(error) or ("it took too long" if isinstance(error, TimeoutError) else type(error).__name__)


def text(reply: bytes | str) -> str:
    """A reply of ours, which are all UTF-8, as text (redis-py types replies as either)."""
    return reply.decode() if isinstance(reply, bytes) else reply
