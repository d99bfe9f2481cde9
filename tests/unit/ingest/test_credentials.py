from __future__ import annotations

import base64

import pytest

from ingest.credentials import credentials_of


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "query", "credentials"),
    [
        ({}, "", None),
        ({"authorization": "Bearer k1"}, "", "k1"),
        ({"authorization": "bearer  k1 "}, "", "k1"),
        ({"authorization": "Token k1"}, "", "k1"),
        ({"authorization": "Token user:k1"}, "", "k1"),
        ({"authorization": basic("user:k1")}, "", "k1"),
        ({"authorization": basic("user:k:1")}, "", "k:1"),
        ({"authorization": "Basic ?"}, "", None),
        ({"authorization": "Digest x"}, "", None),
        ({"authorization": "Bearer"}, "", None),
        ({"x-api-key": "k1"}, "", "k1"),
        ({"authorization": "Bearer k1", "x-api-key": "k2"}, "p=k3", "k1"),
        ({}, "db=x&u=user&p=k%311", "k11"),
        ({}, "db=x", None),
    ],
)
def test_where_a_key_may_stand(headers: dict[str, str], query: str, credentials: str | None) -> None:
    named = {name.encode(): value.encode() for name, value in headers.items()}
    assert credentials_of(named, query.encode()) == credentials
