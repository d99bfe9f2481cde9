"""Makes room in a Redis that is full: what is past its retention goes before something new is refused."""

from __future__ import annotations

from importlib.resources import files

from redis.exceptions import ResponseError

from services.commit import Commit
from services.redis import Client

FULL = "used memory > 'maxmemory'"
"""What Redis says when it is full; 6.2 and 7 wrap it differently."""


class Trimming:
    """Trims the topics of commits that were refused."""

    def __init__(self, redis: Client) -> None:
        self._script = redis.register_script(files("services").joinpath("lua/trim.lua").read_text())

    async def made_room(self, error: ResponseError, commit: Commit) -> bool:
        """Whether `commit`, refused with `error`, may be sent again: Redis was full, and now something is gone."""
        if FULL not in str(error):
            return False
        streams, retentions = commit.retentions()
        return bool(await self._script(keys=streams, args=retentions))
