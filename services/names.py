"""A bounded number of distinct names, known in Redis to all processes and remembered here, so that almost every
question is answered at once.

Promise: together all processes let in at most `most` names at a time. A name that nobody used for `kept_s` is forgotten
and makes room. Of those that are new, one who brings names may be bounded, so that nobody takes all the room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib.resources import files

from services.redis import Client, answered, text

REFRESH_S = 600.0
"""For so long, or a tenth of the time that names are kept, one that is known here is not noted in Redis again."""


class Names:
    """Those of one Redis key."""

    def __init__(
        self, redis: Client, key: str, most: int, kept_s: int, clock: Callable[[], float], most_of_one: int = 0
    ) -> None:
        """`clock` tells seconds; `most_of_one` is how many one may bring."""
        self._script = redis.register_script(files("services").joinpath("lua/note_names.lua").read_text())
        self._key = key
        self._most = most
        self._most_of_one = most_of_one
        self._kept_s = kept_s
        self._clock = clock
        self._refresh_s = min(REFRESH_S, kept_s / 10)
        self._forgotten_at = clock() + self._refresh_s
        self._known: set[str] = set()

    def known(self, now: float) -> set[str]:
        """Those that are known here; for looking only. `now` is the clock's time."""
        if now >= self._forgotten_at:
            self._known.clear()
            self._forgotten_at = now + self._refresh_s
        return self._known

    async def note(self, names: Collection[str], by: str = "") -> str | None:
        """Let `names`, which are distinct, in; None, or the first for which there is no room: then none of them is.

        `by` is who brings them, empty if that is not bounded.
        Raises Unavailable.
        """
        fresh = [name for name in names if name not in self.known(self._clock())]
        if len(fresh) > self._most:
            return fresh[self._most]
        if not fresh:
            return None
        async with answered():
            keys = [self._key, f"{self._key}:by:{by}"] if by else [self._key]
            refused = await self._script(keys=keys, args=[self._kept_s, self._most, self._most_of_one, *fresh])
        if refused is not None:
            return text(refused)
        if len(self._known) + len(fresh) > self._most:
            self._known.clear()
        self._known.update(fresh)
        return None
