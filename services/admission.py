"""How many clients there may be, and how fast one may talk. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NoReturn
from urllib.parse import urlsplit

from services.access import is_this_machine
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

    @contextmanager
    def one(self, address: str = "") -> Iterator[None]:
        """Hold one while the context is open; those of this machine are not counted by address.

        Raises Overloaded when there is none for the address, Unavailable once closed.
        """
        if self._closed:
            raise Unavailable("this service is stopping")
        counted = bool(address) and not is_this_machine(address)
        address = _household(address)
        if self.taken >= self._most:
            self._refuse("seats", f"this service has its {self._most} connections")
        if counted and self._from[address] >= self._most_per_address:
            self._refuse("address", f"{address} has its {self._most_per_address} connections already")
        if not self._pace.allows(self._clock()):
            self._refuse("pace", "too many clients connect at once")
        self.taken += 1
        if counted:
            self._from[address] += 1
        try:
            yield
        finally:
            self.taken -= 1
            if counted:
                self._from[address] -= 1
                if not self._from[address]:
                    del self._from[address]

    def _refuse(self, reason: str, words: str) -> NoReturn:
        self.refused[reason] += 1
        raise Overloaded(words, retry_after_s=5)


@lru_cache(1_024)
def _household(address: str) -> str:
    """What counts as one address: of IPv6 the network that one customer gets (RFC 6177), however IPv4 is written."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


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
