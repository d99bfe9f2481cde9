from __future__ import annotations

import pytest
from starlette.requests import Request

from gateway.server_api.keys import Keys
from services.errors import Unauthorized
from services.settings import ApiSettings

KEYS = Keys(ApiSettings(api_key="schlüssel", api_previous_key="before"))


def request(*headers: tuple[str, str], query: str = "") -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "headers": raw, "query_string": query.encode()})


@pytest.mark.parametrize(
    "good",
    [
        request(("x-api-key", "schlüssel")),
        request(("x-api-key", "before")),
        request(("authorization", "apikey schlüssel")),
        request(("authorization", "ApiKey  before ")),
        request(query="api_key=schl%C3%BCssel"),
    ],
)
def test_a_key_opens(good: Request) -> None:
    KEYS.check(good)


@pytest.mark.parametrize(
    "bad",
    [
        request(),
        request(("x-api-key", "wrong")),
        request(("x-api-key", "schlüsse")),
        request(("authorization", "apikey")),
        request(("authorization", "Bearer before")),
        request(query="api_key="),
        request(query="api_key=%FF"),
        request(("x-api-key", "wrong"), query="api_key=before"),
    ],
)
def test_nothing_else_does(bad: Request) -> None:
    with pytest.raises(Unauthorized):
        KEYS.check(bad)


@pytest.mark.parametrize("settings", [ApiSettings()])
def test_without_a_key_nothing_opens_and_the_setting_is_named(settings: ApiSettings) -> None:
    for one in (request(), request(("x-api-key", "")), request(("x-api-key", "before"))):
        with pytest.raises(Unauthorized, match="WINDSOCK_API_KEY"):
            Keys(settings).check(one)
