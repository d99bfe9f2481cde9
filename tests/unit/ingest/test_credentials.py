from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.credentials import LONGEST, credentials_of


def basic(text: str) -> bytes:
    return b"Basic " + base64.b64encode(text.encode())


@pytest.mark.parametrize(
    ("headers", "query", "found"),
    [
        ({}, b"", None),
        ({b"authorization": b"Bearer k"}, b"", "k"),
        ({b"authorization": b"bearer  k "}, b"", "k"),
        ({b"authorization": b"Token k"}, b"", "k"),
        ({b"authorization": b"Token user:k"}, b"", "k"),
        ({b"authorization": basic("user:k")}, b"", "k"),
        ({b"authorization": basic("user:k:l")}, b"", "k:l"),
        ({b"authorization": basic(":k")}, b"", "k"),
        ({b"x-api-key": b" k "}, b"", "k"),
        ({}, b"u=user&p=k", "k"),
        ({}, b"db=x&p=a%20b", "a b"),
        ({b"authorization": b"Bearer k", b"x-api-key": b"l"}, b"p=m", "k"),
        ({b"authorization": b"Digest k", b"x-api-key": b"l"}, b"", "l"),
        ({b"authorization": b"Bearer"}, b"", None),
        ({b"authorization": b"Bearer "}, b"", None),
        ({b"authorization": b"Token user:"}, b"", None),
        ({b"authorization": basic("user")}, b"", None),
        ({b"authorization": b"Basic ?"}, b"", None),
        ({b"authorization": b"Basic \xff"}, b"", None),
        ({b"x-api-key": b" "}, b"p=", None),
        ({b"authorization": b"Token user:", b"x-api-key": b"k"}, b"", "k"),
        ({b"authorization": b"Bearer jwt", b"x-api-key": b"wsk_k"}, b"", "wsk_k"),
        ({b"authorization": basic("proxy:pw"), b"x-api-key": b"wsk_k"}, b"", "wsk_k"),
        ({b"authorization": basic("proxy:pw"), b"x-api-key": b"other"}, b"p=wsk_k", "wsk_k"),
        ({b"authorization": b"Bearer wsk_j", b"x-api-key": b"wsk_k"}, b"", "wsk_j"),
        ({b"x-api-key": b"k" * (LONGEST + 1)}, b"", None),
    ],
)
def test_a_key_is_found_wherever_clients_put_it(headers: dict[bytes, bytes], query: bytes, found: str | None) -> None:
    assert credentials_of(headers, query) == found


@given(st.binary(max_size=80), st.sampled_from([b"", b"Bearer ", b"Token ", b"Basic "]), st.binary(max_size=40))
def test_nothing_that_is_sent_is_an_error(header: bytes, scheme: bytes, query: bytes) -> None:
    credentials_of({b"authorization": scheme + header, b"x-api-key": header}, query)
