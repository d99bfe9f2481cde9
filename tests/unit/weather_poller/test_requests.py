from __future__ import annotations

import pytest

from weather_poller.requests import Request, request_of


def test_a_request_says_what_is_wanted_by_whom_and_for_how_long() -> None:
    fields = {b"city": "Köln".encode(), b"token": b"t", b"reply": b"r", b"within_ms": b"15000", b"id": b"2886242"}
    assert request_of(fields) == Request("Köln", "t", "r", 15_000, 2_886_242)


@pytest.mark.parametrize("text", [b"", b"x", b"1.5", b"--1", "٣".encode(), b"1" * 5_000, b"\xff"])
def test_what_is_no_number_is_left_out(text: bytes) -> None:
    assert request_of({b"within_ms": text, b"id": text}) == Request("", "", "")


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert request_of({b"\xff": b"\xfe", b"city": b"\xfe"}).city == "\ufffd"
