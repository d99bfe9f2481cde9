"""Where clients come from, as limits count them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, cast

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

FORWARDED_FOR = b"x-forwarded-for"
LONGEST = 64
"""Characters of an address that are looked at: where any proxy is believed, a client may send whatever it likes."""


@lru_cache(1_024)
def is_this_machine(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def household(address: str) -> str:
    """What counts as one address: of IPv6 the network that one customer gets (RFC 6177), however IPv4 is written."""
    return _household(address[:LONGEST])


@lru_cache(1_024)
def _household(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def counted(address: str) -> str:
    """As what an address counts; empty for this machine's own and unknown ones, which limits leave out."""
    return _counted(address[:LONGEST])


@lru_cache(1_024)
def _counted(address: str) -> str:
    return "" if is_this_machine(address) or is_this_machine(home := household(address)) else home


class Proxies:
    """Those whose `X-Forwarded-For` is believed, exactly as uvicorn does for the requests that it handles itself."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        """`trusted` are addresses and networks, or `*`."""
        # Its class for these hosts is private.
        self._trusted = ProxyHeadersMiddleware(cast(Any, None), list(trusted)).trusted_hosts if trusted else None

    def client(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """Where a request came from whose connection is with `peer`."""
        if self._trusted is None or peer not in self._trusted:
            return peer
        forwarded = b", ".join(value for name, value in headers if name == FORWARDED_FOR).decode("latin-1")
        return (forwarded and self._trusted.get_trusted_client_address(forwarded)[0]) or peer
