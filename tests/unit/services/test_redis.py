from __future__ import annotations

import pytest

from services.redis import shown


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://me:secret@host:1/0", "redis://me:***@host:1/0"),
        ("unix:///run/redis.sock?db=2&password=secret", "unix:///run/redis.sock?db=2&password=***"),
        ("rediss://host/0?ssl_password=secret&ssl_ca_certs=/a/b", "rediss://host/0?ssl_password=***&ssl_ca_certs=/a/b"),
    ],
)
def test_no_password_is_shown(url: str, told: str) -> None:
    assert shown(url) == told
