from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import httpx
import orjson
import pytest

from weather_poller import reasons

DATE = "Thu, 09 Oct 2025 09:00:00 GMT"


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (caused(httpx.ConnectError("all failed"), ConnectionRefusedError()), "it refuses connections"),
        (httpx.RemoteProtocolError("peer closed"), "the connection broke off (peer closed)"),
        (caused(httpx.ReadError(""), ConnectionResetError()), "the connection broke off (ReadError)"),
        (httpx.ConnectError("no route"), "it cannot be reached (ConnectError: no route)"),
    ],
)
def test_what_goes_wrong_below_http_is_told_by_its_cause(error: Exception, words: str) -> None:
    assert reasons.of_error(error) == words


def test_an_error_that_causes_itself_is_told_all_the_same() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert reasons.of_error(one) == "it cannot be reached (ValueError: one)"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "status 500"),
        (b"out of order", "status 500: out of order"),
        (orjson.dumps({"reason": "", "detail": "Daily limit exceeded."}), "status 500: Daily limit exceeded."),
        (orjson.dumps(["a list"]), "status 500"),
        (b"\xff\x1b[31m red\r\nlines\x00", "status 500: \ufffd [31m red lines"),
    ],
)
def test_a_status_is_told_with_the_services_own_words_in_one_plain_line(body: bytes, words: str) -> None:
    assert reasons.of_status(500, body) == words


def test_a_redirect_is_told_as_one_and_long_words_are_cut() -> None:
    assert reasons.of_status(302, b"elsewhere") == "status 302: it redirects, which is not followed"
    assert len(reasons.plain(b"x" * 10_000)) == reasons.MOST_WORDS


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "Thu, 09 Oct 2025 09:02:00 GMT", "date": DATE}, 120.0),
        ({"retry-after": "Thu, 09 Oct 2025 08:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 40}, None),
        ({"retry-after": DATE, "date": "yesterday"}, None),
    ],
)
def test_a_pause_is_a_number_of_seconds_or_a_date_by_the_services_own_clock(headers: Any, seconds: Any) -> None:
    assert reasons.retry_after_s(headers) == seconds


def test_a_date_without_the_services_clock_counts_by_ours() -> None:
    told = reasons.retry_after_s({"retry-after": formatdate(time.time() + 3_600, usegmt=True)})
    assert told is not None
    assert 3_000 < told <= 3_600
