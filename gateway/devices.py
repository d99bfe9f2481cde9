"""The devices that a client may see, by name, in pages. A name that it may not see is in none of them."""

from __future__ import annotations

from services import topics
from services.access import Permits
from services.errors import Overloaded
from services.stream import Latest, Stream

MOST_READ = 20
"""Most pages of names that are read for one of a client who may see few of them."""


class Devices:
    """`page_size` is the most devices of one page."""

    def __init__(self, stream: Stream, page_size: int) -> None:
        self._stream = stream
        self.page_size = page_size

    async def page(self, after: str, prefix: str, limit: int, permits: Permits) -> tuple[list[Latest], str | None]:
        """At most `limit` devices above `after` whose names begin with `prefix`, and after which name it goes on.

        Raises Unavailable; Overloaded if too many have to be looked at to find those that the client may see.
        """
        names: list[str] = []
        size = limit
        for _ in range(MOST_READ):
            found = await self._stream.devices(after, prefix, size)
            names += [name for name in found if permits(topics.DEVICE + name)]
            if len(names) >= limit or len(found) < size:
                break
            after, size = found[-1], self.page_size
        else:
            raise Overloaded(f"few of the devices are for you; name a prefix of theirs beside {prefix!r}")
        del names[limit:]
        latest = await self._stream.latest(names)
        await self._stream.forget_devices([name for name, one in zip(names, latest, strict=True) if one is None])
        return [one for one in latest if one is not None], names[-1] if len(names) == limit else None
