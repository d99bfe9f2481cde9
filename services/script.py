"""A Lua script on a connection of its own, for who runs one by the thousand a second.

redis-py's usual way through its pool, retries and measurements takes longer than to send a commit of one reading and
to read the answer (benchmark "intake"). One call at a time. Promise: a call is sent at most once; after one that
failed or was cancelled, the next begins on a new connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import hiredis
from redis.exceptions import NoScriptError

from services.redis import Client


class Script:
    """Calls `text` with KEYS and ARGV. Raises what redis-py raises."""

    def __init__(self, redis: Client, text: str) -> None:
        self._connection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        self._text = text
        self._sha = sha1(text.encode()).hexdigest()

    async def __call__(self, keys: Sequence[str], args: Sequence[bytes]) -> Any:
        """The script's reply."""
        words = ("EVALSHA", self._sha, len(keys), *keys, *args)
        try:
            return await self._ask(*words)
        except NoScriptError:
            await self._ask("SCRIPT", "LOAD", self._text)
            return await self._ask(*words)

    async def _ask(self, *words: object) -> Any:
        connection = self._connection
        if connection.is_connected and await connection.can_read():
            # Redis has closed it: to send now would lose the commit.
            await connection.disconnect(nowait=True)
        # redis-py's own packing looks at each word twice more.
        packed = hiredis.pack_command(words)  # type: ignore[arg-type]  # any number of words
        await connection.send_packed_command(packed, check_health=False)
        return await connection.read_response()

    async def close(self) -> None:
        """End the connection."""
        await self._connection.disconnect(nowait=True)
