"""Where a request came from, and as what that counts."""

from __future__ import annotations

from typing import Any

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from services.addresses import Proxies, counted, is_this_machine


@pytest.mark.parametrize("host", ["127.0.0.1", "127.5.5.5", "::1", "localhost"])
def test_addresses_of_this_machine_are_known(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("a name", "a name"),
    ],
)
def test_an_address_counts_as_its_household_and_this_machine_does_not_count(address: str, home: str) -> None:
    assert counted(address) == home


FORWARDED: list[list[tuple[bytes, bytes]]] = [
    [],
    [(b"x-forwarded-for", b"")],
    [(b"x-forwarded-for", b"198.51.100.7")],
    [(b"x-forwarded-for", b"198.51.100.7, 10.0.0.2")],
    [(b"x-forwarded-for", b"1.1.1.1, 198.51.100.7"), (b"x-forwarded-for", b"10.0.0.2")],
    [(b"x-forwarded-for", b"10.0.0.3, 10.0.0.2")],
    [(b"x-forwarded-for", b"[2001:db8::1]:4711")],
    [(b"forwarded", b"for=198.51.100.7")],
]


@pytest.mark.parametrize("headers", FORWARDED)
@pytest.mark.parametrize("peer", ["10.0.0.1", "192.0.2.1"])
@pytest.mark.parametrize("trusted", [["10.0.0.0/8"], ["10.0.0.1"], ["*"]])
async def test_a_proxy_is_believed_as_uvicorn_believes_it(
    headers: list[tuple[bytes, bytes]], peer: str, trusted: list[str]
) -> None:
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    scope: Any = {"type": "http", "client": (peer, 1), "headers": headers, "scheme": "http"}
    nothing: Any = None
    await ProxyHeadersMiddleware(application, trusted)(scope, nothing, nothing)
    assert [Proxies(trusted).client(peer, headers)] == seen


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert Proxies().client("192.0.2.1", [(b"x-forwarded-for", b"198.51.100.7")]) == "192.0.2.1"
