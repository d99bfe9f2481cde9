from __future__ import annotations

from contextlib import nullcontext

import pytest

from services.admission import Origins, Seats
from services.errors import Forbidden, Overloaded, SettingError, Unavailable


def seats(most: int = 10, most_per_address: int = 10, per_s: int = 1_000) -> Seats:
    return Seats(most, most_per_address, per_s, lambda: 0.0)


def test_seats_are_bounded_and_come_back() -> None:
    hall = seats(1)
    with hall.one():
        with pytest.raises(Overloaded), hall.one():
            pass
        assert (hall.taken, hall.refused["seats"]) == (1, 1)
    with hall.one():
        assert hall.taken == 1


def test_a_seat_comes_back_when_its_client_fails() -> None:
    hall = seats(1)
    with pytest.raises(ValueError, match="broken"), hall.one():
        raise ValueError("broken")
    assert hall.taken == 0


def test_nobody_gets_a_seat_once_they_are_closed() -> None:
    hall = seats(1)
    hall.close()
    with pytest.raises(Unavailable), hall.one():
        pass


def test_one_address_gets_its_share_and_leaves_the_others_theirs() -> None:
    hall = seats(most_per_address=1)
    with hall.one("192.0.2.1"):
        with pytest.raises(Overloaded, match="has its 1 connections"), hall.one("192.0.2.1"):
            pass
        with hall.one("192.0.2.2"):
            pass
    with hall.one("192.0.2.1"):
        assert hall.refused == {"address": 1}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_this_machine_is_not_counted_by_address(address: str) -> None:
    hall = seats(most_per_address=1)
    with hall.one(address), hall.one(address):
        assert hall.taken == 2


@pytest.mark.parametrize(
    ("one", "other"), [("2001:db8::1", "2001:db8::2:3:4:5"), ("192.0.2.1", "::ffff:192.0.2.1"), ("odd", "odd")]
)
def test_addresses_of_one_household_are_one(one: str, other: str) -> None:
    hall = seats(most_per_address=1)
    with hall.one(one), pytest.raises(Overloaded), hall.one(other):
        pass
    with hall.one("2001:db8:0:1::1"), hall.one("2001:db8::1"):
        pass


def test_clients_who_come_all_at_once_are_let_in_at_a_pace() -> None:
    now = 0.0
    hall = Seats(100, 100, 10, lambda: now)
    for _ in range(20):
        with hall.one():
            pass
    with pytest.raises(Overloaded), hall.one():
        pass
    now = 0.1
    with hall.one():
        assert hall.refused == {"pace": 1}


@pytest.mark.parametrize(
    ("listens", "origin", "host", "allowed"),
    [
        ("0.0.0.0", None, "windsock.example", True),
        ("0.0.0.0", "https://windsock.example", "windsock.example", True),
        ("0.0.0.0", "http://windsock.example:3000", "windsock.example:8080", True),
        ("0.0.0.0", "https://evil.example", "windsock.example", False),
        ("0.0.0.0", "null", "windsock.example", False),
        ("0.0.0.0", "https://[", "windsock.example", False),
        ("0.0.0.0", "", "", False),
        ("0.0.0.0", "https://windsock.example", None, False),
        ("127.0.0.1", None, "127.0.0.1:8080", True),
        ("127.0.0.1", "http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("127.0.0.1", "http://localhost:3000", "127.0.0.1:8080", True),
        ("localhost", "http://[::1]:3000", "localhost:8080", True),
        ("127.0.0.1", "https://evil.example", "127.0.0.1:8080", False),
        # Its name may resolve to this machine for a moment.
        ("127.0.0.1", "http://evil.example:8080", "evil.example:8080", False),
        ("127.0.0.1", "null", "127.0.0.1:8080", False),
    ],
)
def test_without_a_list_pages_may_come_in_that_belong_here(
    listens: str, origin: str | None, host: str | None, allowed: bool
) -> None:
    with nullcontext() if allowed else pytest.raises(Forbidden):
        Origins("", listens).check(origin, host)


def test_with_a_list_only_its_pages_and_programs_may() -> None:
    origins = Origins("https://example.org http://127.0.0.1:3000", "127.0.0.1")
    for origin in (None, "https://example.org", "http://127.0.0.1:3000"):
        origins.check(origin, "127.0.0.1:8080")
    for origin in (
        "null",
        "",
        "http://127.0.0.1:8080",
        "http://example.org",
        "https://example.org.evil.example",
        "https://example.org:444",
    ):
        with pytest.raises(Forbidden):
            origins.check(origin, "127.0.0.1:8080")


def test_a_list_may_hold_files_or_any_page() -> None:
    Origins("null", "127.0.0.1").check("null", "127.0.0.1:8080")
    for origin in ("null", "https://evil.example"):
        Origins("*", "0.0.0.0").check(origin, "windsock.example")


@pytest.mark.parametrize("wrong", ["example.org", "https://example.org/", "https://a@b", "https://*.example"])
def test_what_is_no_origin_is_refused_on_start(wrong: str) -> None:
    with pytest.raises(SettingError, match="WINDSOCK_ORIGINS"):
        Origins(wrong, "127.0.0.1")
