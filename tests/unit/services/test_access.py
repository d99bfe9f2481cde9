from __future__ import annotations

import re
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access import Access, Patterns
from services.errors import Forbidden, SettingError, Unauthorized
from services.settings import AccessSettings
from services.tokens import Identity


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("device:a", "device:a", True),
        ("device:a", "device:ab", False),
        ("device:greenhouse-*", "device:greenhouse-7", True),
        ("device:greenhouse-*", "device:greenhouse-", True),
        ("device:greenhouse-*", "device:barn-7", False),
        ("*", "readings", True),
        ("*:a", "metric:a", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*b*b*", "abcb", True),
        ("*b*b*", "abc", False),
        ("device:[a-z]?", "device:x", False),
        ("DEVICE:a", "device:a", False),
        ("", "device:a", False),
    ],
)
def test_a_star_stands_for_anything_and_all_else_for_itself(pattern: str, name: str, matches: bool) -> None:
    assert Patterns([pattern]).match(name) is matches


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_patterns_match_as_the_same_regular_expression_does(pattern: str, name: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert Patterns([pattern]).match(name) is bool(re.fullmatch(expression, name))


@pytest.mark.parametrize(
    ("allow", "opens"),
    [
        (["device:a", "weather:berlin"], True),
        (["*"], True),
        (["device:*", "weather:*"], True),
        (["compare:*"], False),
        (["compare:a:berlin", "device:a"], False),
        (["compare:a:berlin", "weather:berlin"], False),
        (["device:b", "weather:berlin"], False),
        ([], False),
    ],
)
def test_a_comparison_is_for_whom_both_topics_beneath_it_are(allow: list[str], opens: bool) -> None:
    access = Access(AccessSettings(anonymous="on", anonymous_allow=" ".join(allow)), "127.0.0.1")
    for identity in (None, Identity("7", allow=tuple(allow))):
        for topic in ("compare:a:berlin", "compare:a:berlin/humidity"):
            assert access.of(identity)(topic) is opens
    assert access.welcomes("compare:a:berlin") is opens
    with nullcontext() if opens else pytest.raises(Forbidden):
        access.admit(Identity("7", allow=tuple(allow)), "compare:a:berlin")


@pytest.mark.parametrize(
    ("setting", "host", "open_to_all"),
    [
        ("auto", "127.0.0.1", True),
        ("auto", "localhost", True),
        ("auto", "::1", True),
        ("auto", "0.0.0.0", False),
        ("auto", "::", False),
        ("auto", "192.0.2.1", False),
        ("auto", "example.org", False),
        ("on", "0.0.0.0", True),
        ("off", "127.0.0.1", False),
    ],
)
def test_clients_without_a_token_are_let_in_on_this_machine_or_where_it_is_said(
    setting: str, host: str, open_to_all: bool
) -> None:
    access = Access(AccessSettings(anonymous=setting), host)  # type: ignore[arg-type]
    assert access.anonymous is access.welcomes(None) is access.of(None)("readings") is open_to_all


def test_the_settings_say_what_is_open_to_whom() -> None:
    access = Access(AccessSettings("on", "weather:* device:public-*", "device:* feed:news"), "127.0.0.1")
    anonymous, user = access.of(None), access.of(Identity("7"))
    assert [anonymous(one) for one in ("weather:berlin", "device:public-1", "device:a", "readings")] == [
        True,
        True,
        False,
        False,
    ]
    assert [user(one) for one in ("device:a", "feed:news", "weather:berlin")] == [True, True, False]


def test_what_a_token_allows_counts_instead_of_the_settings() -> None:
    access = Access(AccessSettings(allow="device:*"), "127.0.0.1")
    permits = access.of(Identity("7", allow=("weather:*",)))
    assert permits("weather:berlin")
    assert not permits("device:a")
    assert not access.of(Identity("7", allow=()))("device:a")


def test_who_needs_a_token_is_told_apart_from_whose_token_is_not_enough() -> None:
    access = Access(AccessSettings("on", "weather:*"), "127.0.0.1")
    with pytest.raises(Unauthorized):
        access.admit(None, "readings")
    with pytest.raises(Forbidden):
        access.admit(Identity("7", allow=("weather:*",)), "readings")
    access.admit(None, "weather:berlin")
    access.admit(Identity("7"), "readings")
    access.admit(Identity("7", allow=()))


def test_a_pattern_that_is_none_is_told() -> None:
    with pytest.raises(SettingError, match="WINDSOCK_ALLOW"):
        Access(AccessSettings(allow="device:é"), "127.0.0.1")
