from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.centrifuge.replies import REPLY_BYTES
from gateway.server_api import requests
from gateway.server_api.requests import Publish, RefusedError, Target
from gateway.server_api.texts import json_of
from services.errors import MalformedBody

PUBLISH = msgspec.json.Decoder(Publish)


def publish(body: bytes) -> Publish:
    return requests.as_request(PUBLISH, requests.read(body))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b'{"a":\xff}', b'{"a":"\xff"}', b"[" * 9_999])
def test_what_is_no_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        requests.read(body)


@given(st.binary())
def test_no_body_raises_anything_else(body: bytes) -> None:
    with suppress(MalformedBody, RefusedError):
        publish(body)


def test_null_is_absent_except_as_data() -> None:
    asked = publish(b'{"channel":"a","data":null,"tags":null,"b64data":null,"unknown":[null]}')
    assert (asked.channel, bytes(asked.data), asked.tags, asked.b64data) == ("a", b"null", None, "")


def test_a_wrong_type_is_told_with_its_place() -> None:
    with pytest.raises(RefusedError, match="channel") as told:
        publish(b'{"channel":["a"]}')
    assert told.value.error.code == 107


@pytest.mark.parametrize(("user", "client", "code"), [("7", "", 0), ("", "c", 0), ("7", "c", 0), ("", "", 107)])
def test_somebody_must_be_named(user: str, client: str, code: int) -> None:
    target = Target(user=user, client=client)
    if code:
        with pytest.raises(RefusedError):
            target.check()
    else:
        target.check()


def test_data_is_one_line_of_json_as_it_stands_or_in_base64() -> None:
    assert json_of("data", msgspec.Raw(b'{"a":\n1.50}'), "") == b'{"a": 1.50}'
    assert json_of("data", msgspec.Raw(b"1"), "eyJhIjoxfQ==") == b'{"a":1}'
    assert json_of("data", msgspec.Raw(b""), "") == b""


@pytest.mark.parametrize(
    ("text", "encoded", "word"),
    [
        (b"", "e", "Base64"),
        (b"", "ü", "Base64"),
        (b"", "====", "b64data"),
        (b"", "YQ==", "JSON"),
        (b'"\\ud800"', "", "JSON"),
        (b"1" * (REPLY_BYTES + 1), "", "bytes"),
    ],
)
def test_other_data_is_refused(text: bytes, encoded: str, word: str) -> None:
    with pytest.raises(RefusedError, match=word):
        json_of("data", msgspec.Raw(text), encoded)
