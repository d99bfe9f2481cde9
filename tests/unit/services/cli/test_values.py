from __future__ import annotations

import pytest

from services.cli.values import is_local, local_url, parse_pairs, parse_time, parse_url, parse_value
from services.errors import BadRequest


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("21.4", 21.4),
        ("-3", -3),
        ("+7", 7),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("007", 7),
        ("true", True),
        ("False", False),
        ("on", "on"),
        ("two words", "two words"),
        ("1_000", "1_000"),
        ("2013-01-01", "2013-01-01"),
        ('"42"', "42"),
        ('"say \\"hi\\""', 'say "hi"'),
        ("", ""),
    ],
)
def test_a_value_is_a_number_or_a_boolean_or_else_text(text: str, value: object) -> None:
    parsed = parse_value(text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize("text", ["nan", "NaN", "-inf", "Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_value(text)


def test_a_quoted_text_that_does_not_end_where_it_should_is_refused() -> None:
    with pytest.raises(ValueError, match="not a quoted text"):
        parse_value('"a"b"')


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2013-01-01T06:00:00Z", 1357020000000),
        ("2013-01-01T06:00:00", 1357020000000),
        ("2013-01-01 07:00:00+01:00", 1357020000000),
        ("2013-01-01T06:00:00.250Z", 1357020000250),
        ("2013-01-01", 1356998400000),
        ("1357020000", 1357020000000),
        ("1357020000.5", 1357020000500),
        ("1357020000000", 1357020000000),
        (" 1357020000 ", 1357020000000),
        ("0", 0),
    ],
)
def test_a_time_is_iso_8601_or_unix_seconds_or_milliseconds(text: str, ms: int) -> None:
    assert parse_time(text) == ms


@pytest.mark.parametrize("text", ["", "yesterday", "2013-13-01", "NA"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither an ISO 8601 nor a Unix time"):
        parse_time(text)


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert parse_pairs(["a=1", "b=x=y", "c="], "--tag") == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("words", [["a"], ["=1"], ["a=1", "a=2"]])
def test_what_is_no_pair_or_comes_twice_is_refused_by_the_options_name(words: list[str]) -> None:
    with pytest.raises(BadRequest, match=r"^--tag: "):
        parse_pairs(words, "--tag")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://localhost/", True),
        ("http://[::1]:8080", True),
        ("https://windsock.example", False),
        ("http://10.0.0.1", False),
        ("nonsense", False),
    ],
)
def test_an_address_of_this_machine_is_known_as_such(url: str, local: bool) -> None:
    assert is_local(url) is local


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775809"])
def test_an_integer_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        parse_value(text)


@pytest.mark.parametrize("url", ["http://[::1", "http://h:99999", "http://a..b", "ftp://h", "h", ""])
def test_what_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(BadRequest, match="--url"):
        parse_url(url)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"WINDSOCK_HOST": "0.0.0.0", "WINDSOCK_PORT": "9"}, "http://127.0.0.1:9"),
        ({"WINDSOCK_HOST": "::"}, "http://[::1]:8080"),
        ({"WINDSOCK_HOST": "10.0.0.1"}, "http://10.0.0.1:8080"),
    ],
)
def test_the_windsock_of_these_settings_is_meant(environ: dict[str, str], url: str) -> None:
    assert local_url(environ) == url
