"""A bounded number of distinct names, known in Redis to all processes and remembered here, so that almost every
question is answered at once.

Promise: together all processes let in at most `most` names at a time. A name that nobody used for `kept_s` is forgotten
and makes room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from importlib.resources import files

from services.errors import Fault, TooManyMetrics
from services.reading import Reading
from services.redis import Client, answered, text

REFRESH_S = 600.0
"""For so long, or a tenth of the time that names are kept, one that is known here is not noted in Redis again."""
METRICS_KEY = "windsock:metrics"
"""The metrics of all devices."""


class Names:
    """Those of one Redis key."""

    def __init__(self, redis: Client, key: str, most: int, kept_s: int, clock: Callable[[], float]) -> None:
        """`clock` tells seconds."""
        self._script = redis.register_script(files("services").joinpath("lua/note_names.lua").read_text())
        self._key = key
        self._most = most
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

    async def note(self, names: Collection[str]) -> str | None:
        """Let `names`, which are distinct, in; None, or the first for which there is no room: then none of them is.

        Raises Unavailable.
        """
        fresh = [name for name in names if name not in self.known(self._clock())]
        if len(fresh) > self._most:
            return fresh[self._most]
        if not fresh:
            return None
        async with answered():
            refused = await self._script(keys=[self._key], args=[self._kept_s, self._most, *fresh])
        if refused is not None:
            return text(refused)
        if len(self._known) + len(fresh) > self._most:
            self._known.clear()
        self._known.update(fresh)
        return None


def too_many_metrics(metric: str, readings: Sequence[Reading | None]) -> TooManyMetrics:
    """What is told to who sent `readings` with a `metric` for which there is no room."""
    index = next(i for i, one in enumerate(readings) if one is not None and metric in one.values)
    reason = "is new, and there are as many metrics as there may be (WINDSOCK_METRICS_MAX)"
    return TooManyMetrics([Fault(index, f"values.{metric}", reason)])
