"""Which requests are the same."""

from __future__ import annotations

import msgspec
import pytest

from ingest.idempotency import HEADER, once_of
from services.errors import BadRequest
from services.lane import Post
from services.once import Once

POST = Post(b"q=1", {HEADER: b"k", b"ce-id": b"1"}, b"body", path="/v1/readings")


def once(post: Post = POST, sender: str = "-", form: str = "json") -> Once:
    found = once_of(post, sender, form)
    assert found is not None
    return found


def keyed(key: bytes) -> Post:
    return Post(b"", {HEADER: key}, b"")


def test_a_request_without_the_header_is_done_as_often_as_it_comes() -> None:
    assert once_of(Post(b"", {}, b"body"), "-", "json") is None


def test_quotes_make_no_difference() -> None:
    assert once(keyed(b'"8e03978e-40d5"')) == once(keyed(b" 8e03978e-40d5"))
    assert once().key == "windsock:request:-:k"


@pytest.mark.parametrize(
    "other",
    [
        {"query": b"q=2"},
        {"body": b"bodY"},
        {"path": "/v1/reading"},
        {"headers": {HEADER: b"k", b"ce-id": b"2"}},
        {"headers": {HEADER: b"k"}},
        {"query": b"q=1body", "body": b""},
    ],
)
def test_whatever_says_what_is_asked_for_tells_requests_apart(other: dict[str, object]) -> None:
    assert once(msgspec.structs.replace(POST, **other)).fingerprint != once().fingerprint
    assert once(form="lines").fingerprint != once().fingerprint
    assert " " not in once().fingerprint


def test_other_headers_do_not() -> None:
    again = msgspec.structs.replace(POST, headers={b"date": b"now", **POST.headers}, address="192.0.2.1")
    assert once(again) == once()


def test_another_sender_and_another_key_are_told_apart() -> None:
    assert len({once().key, once(keyed(b"l")).key, once(sender="s").key}) == 3


@pytest.mark.parametrize(
    "key", [b"", b" ", b'""', b'"', b"a b", b"k" * 256, b"\xc3\xa4", b'a"b', b"a\\b", b"k, k", b'"k", "l"']
)
def test_a_key_that_is_none_is_refused(key: bytes) -> None:
    with pytest.raises(BadRequest, match="Idempotency-Key"):
        once_of(keyed(key), "-", "json")
