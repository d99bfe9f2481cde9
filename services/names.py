"""A bounded number of distinct names, known in Redis to all processes and remembered here, so that almost every
question is answered at once.

Promise: together all processes let in at most `most` names at a time. A name that nobody used for `kept_s` is forgotten
and makes room. Of those that are new, one who brings names may be bounded, so that nobody takes all the room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import chain

from services.redis import Client, answered, text

REFRESH_S = 600.0
"""For so long, or a tenth of the time that names are kept, one that is known here is not noted in Redis again."""

ASKED_AT_ONCE = 10_000
"""Names in one question to Redis, which does nothing else meanwhile."""

_Group = tuple[str, ...]


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

    async def note(
        self, groups: Sequence[Collection[str]], by: str = "", *, each_alone: bool = False
    ) -> Mapping[int, str]:
        """Let the names of `groups` in; those groups for which there is no room, each with the first name that is why.

        If there are any, none is let in; with `each_alone` only those are not, each of them whole. The names of a group
        are distinct. `by` is who brings them, empty if that is not bounded. Raises Unavailable.
        """
        known = self.known(self._clock())
        fresh: dict[tuple[str, ...], list[int]] = {}
        for number, group in enumerate(groups):
            new = tuple(name for name in group if name not in known)
            if new:
                fresh.setdefault(new, []).append(number)
        if not fresh:
            return {}
        refused = await (self._refused_alone(list(fresh), by) if each_alone else self._refused_of_all(list(fresh), by))
        return {number: name for group, name in refused.items() for number in fresh[group]}

    async def _refused_alone(self, groups: Sequence[_Group], by: str) -> dict[_Group, str]:
        refused: dict[_Group, str] = {}
        for some in _parts(groups):
            refused.update(await self._ask(some, by, all_or_none=False))
        return refused

    async def _refused_of_all(self, groups: Sequence[_Group], by: str) -> dict[_Group, str]:
        names = list(dict.fromkeys(chain.from_iterable(groups)))
        if len(names) > self._most:
            without_room = set(names[self._most :])
        else:
            refused = await self._ask([(name,) for name in names], by, all_or_none=True)
            without_room = set(refused.values())
        if not without_room:
            return {}
        first = {group: next((name for name in group if name in without_room), None) for group in groups}
        return {group: name for group, name in first.items() if name is not None}

    async def _ask(self, groups: Sequence[_Group], by: str, *, all_or_none: bool) -> dict[_Group, str]:
        """Have Redis let them in; those that it does not, with the name that is why."""
        keys = [self._key, f"{self._key}:by:{by}"] if by else [self._key]
        said = [word for group in groups for word in (str(len(group)), *group)]
        async with answered():
            bounds = [self._kept_s, self._most, self._most_of_one, int(all_or_none)]
            reply = await self._script(keys=keys, args=[*bounds, *said])
        refused = {groups[number]: text(name) for number, name in zip(reply[::2], reply[1::2], strict=True)}
        if not (all_or_none and refused):
            self._remember({name for group in groups if group not in refused for name in group})
        return refused

    def _remember(self, names: set[str]) -> None:
        if len(self._known) + len(names) > self._most:
            self._known.clear()
        self._known.update(names)


def _parts(groups: Sequence[_Group]) -> Iterator[list[_Group]]:
    """`groups` in their order, in parts of at most ASKED_AT_ONCE names, or one group."""
    part: list[_Group] = []
    size = 0
    for group in groups:
        if part and size + len(group) > ASKED_AT_ONCE:
            yield part
            part, size = [], 0
        part.append(group)
        size += len(group)
    if part:
        yield part
