from __future__ import annotations

import pytest
from starlette.requests import Request

from services.api_key import ApiKey
from services.errors import Unauthorized
from services.settings import ApiSettings

KEY = ApiKey(ApiSettings(api_key="schlüssel", api_previous_key="before"))


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
        request(("authorization", "Bearer before")),
        request(query="api_key=schl%C3%BCssel"),
    ],
)
def test_a_key_opens(good: Request) -> None:
    KEY.check(good)


@pytest.mark.parametrize(
    "bad",
    [
        request(),
        request(("x-api-key", "wrong")),
        request(("x-api-key", "schlüsse")),
        request(("authorization", "apikey")),
        request(("authorization", "Basic before")),
        request(query="api_key="),
        request(query="api_key=%FF"),
        request(("x-api-key", "wrong"), query="api_key=before"),
    ],
)
def test_nothing_else_does(bad: Request) -> None:
    with pytest.raises(Unauthorized):
        KEY.check(bad)


@pytest.mark.parametrize("settings", [ApiSettings()])
def test_without_a_key_nothing_opens_and_the_setting_is_named(settings: ApiSettings) -> None:
    for one in (request(), request(("x-api-key", "")), request(("x-api-key", "before"))):
        with pytest.raises(Unauthorized, match="WINDSOCK_API_KEY"):
            ApiKey(settings).check(one)
