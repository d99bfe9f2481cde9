"""How many clients there may be, and how fast one may talk. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NoReturn
from urllib.parse import urlsplit

from services.addresses import counted, is_this_machine
from services.errors import Forbidden, Overloaded, SettingError, Unavailable
from services.pace import Pace

ANY = "*"
OPAQUE = "null"
"""The origin of files and sandboxed frames."""


class Seats:
    """A bounded number of connections: in all, from one address, and new ones in a second."""

    def __init__(self, most: int, most_per_address: int, per_s: int, clock: Callable[[], float]) -> None:
        """`clock` tells seconds."""
        self._most = most
        self._most_per_address = most_per_address
        self._clock = clock
        self._pace = Pace(per_s, clock())
        self._from: Counter[str] = Counter()
        self.taken = 0
        self.refused: Counter[str] = Counter()
        """How many there was none for, by reason: `seats`, `address` or `pace`."""
        self._closed = False

    def close(self) -> None:
        """Give out no more."""
        self._closed = True

    def one(self, address: str = "") -> Seat:
        """Take one, which is given back at the end of its context; those of this machine are not counted by address.

        Raises Overloaded when there is none for the address, Unavailable once closed.
        """
        if self._closed:
            raise Unavailable("this service is stopping")
        home = counted(address)
        if self.taken >= self._most:
            self._refuse("seats", f"this service has its {self._most} connections")
        if home and self._from[home] >= self._most_per_address:
            self._refuse("address", f"{home} has its {self._most_per_address} connections already")
        if not self._pace.allows(self._clock()):
            self._refuse("pace", "too many clients connect at once")
        self.taken += 1
        if home:
            self._from[home] += 1
        return Seat(self, home)

    def give_back(self, home: str) -> None:
        """One is free again; `home` is whose it was, empty if that was not counted."""
        self.taken -= 1
        if home:
            self._from[home] -= 1
            if not self._from[home]:
                del self._from[home]

    def _refuse(self, reason: str, words: str) -> NoReturn:
        self.refused[reason] += 1
        raise Overloaded(words, retry_after_s=5)


class Seat(AbstractContextManager["Seat"]):
    """One that is taken. Not a generator: each connect takes one."""

    def __init__(self, seats: Seats, home: str) -> None:
        self._seats = seats
        self._home = home

    def __exit__(self, *_: object) -> None:
        self._seats.give_back(self._home)


class Origins:
    """Which pages may connect: an exact list; without one, those of the host that they connect to.

    A page of any site can make its visitor's browser connect to what only the visitor's machine reaches. Where
    that is all who reach us, pages must be of this machine whatever they call it.
    """

    def __init__(self, allowed: str, host: str) -> None:
        """`allowed` holds origins (RFC 6454), by spaces, `null` or `*`; `host` is the address that is listened on.

        Raises SettingError for what is no origin.
        """
        self._allowed = frozenset(allowed.split())
        self._local = is_this_machine(host)
        for origin in self._allowed - {ANY, OPAQUE}:
            if not re.fullmatch(r"https?://[^/?#@\s*]+", origin):
                raise SettingError(f"WINDSOCK_ORIGINS: {origin!r} is not an origin such as 'https://example.org'")

    def check(self, origin: str | None, host: str | None) -> None:
        """Raises Forbidden for a page whose `Origin` may not connect to `Host`; programs send no origin."""
        if origin is None or ANY in self._allowed or origin in self._allowed:
            return
        if not self._allowed:
            page, here = _host_of(origin), _host_of(f"//{host}")
            if page is not None and ((page == here and not self._local) or (is_this_machine(page) and self._local)):
                return
        raise Forbidden(f"pages of {origin[:100]!r} may not connect here (WINDSOCK_ORIGINS)")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:
        return None
