"""Which requests are the same."""

from __future__ import annotations

import pytest

from ingest.idempotency import HEADER, once_of
from services.errors import BadRequest
from services.once import Once


def once(key: bytes, *said: bytes, sender: str = "-") -> Once:
    found = once_of({HEADER: key}, sender, *said)
    assert found is not None
    return found


def test_a_request_without_the_header_is_done_as_often_as_it_comes() -> None:
    assert once_of({}, "-", b"body") is None


def test_quotes_make_no_difference() -> None:
    assert once(b'"8e03978e-40d5"', b"x") == once(b" 8e03978e-40d5", b"x")
    assert once(b"k").key == "windsock:request:-:k"


def test_another_body_another_sender_and_another_key_are_told_apart() -> None:
    assert (
        once(b"k", b"a", b"b").fingerprint == once(b"k", b"a", b"b").fingerprint != once(b"k", b"ab", b"").fingerprint
    )
    assert len({once(b"k").key, once(b"l").key, once(b"k", sender="s").key}) == 3
    assert " " not in once(b"k", b"a").fingerprint


@pytest.mark.parametrize("key", [b"", b" ", b'""', b'"', b"a b", b"k" * 256, b"\xc3\xa4", b'a"b', b"a\\b"])
def test_a_key_that_is_none_is_refused(key: bytes) -> None:
    with pytest.raises(BadRequest, match="Idempotency-Key"):
        once_of({HEADER: key}, "-")
