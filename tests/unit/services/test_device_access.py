from __future__ import annotations

from typing import Any

import pytest

from services.device_access import DeviceAccess
from services.settings import DeviceSettings, TokenSettings


@pytest.mark.parametrize(
    ("auth", "host", "tokens", "needs_key"),
    [
        ("auto", "127.0.0.1", {}, False),
        ("auto", "localhost", {"token_secret": "s"}, False),
        ("auto", "0.0.0.0", {}, True),
        ("open", "0.0.0.0", {"token_secret": "s"}, False),
        ("required", "127.0.0.1", {}, True),
        ("with-secret", "0.0.0.0", {}, False),
        ("with-secret", "127.0.0.1", {"token_secret": "s"}, True),
        ("with-secret", "127.0.0.1", {"token_public_key": "k.pem"}, True),
        ("with-secret", "127.0.0.1", {"token_jwks_url": "https://example.org/jwks"}, True),
    ],
)
def test_whether_devices_need_keys(auth: Any, host: str, tokens: dict[str, str], needs_key: bool) -> None:
    assert DeviceAccess(DeviceSettings(auth=auth), TokenSettings(**tokens), host).needs_key is needs_key
