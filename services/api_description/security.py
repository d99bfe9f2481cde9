"""How one says who one is."""

from __future__ import annotations

SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A client's token; `windsock token` makes one. Where clients need none it may be left out.",
    },
    "tokenInQuery": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "The same where no header can be sent, as by a browser's EventSource.",
    },
    "deviceKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "A device's key; `windsock keys create` and `POST /v1/keys` make one. "
        "`Authorization: Token <key>` is the same. Where devices need none (`WINDSOCK_AUTH`) it may be "
        "left out; one that is sent is held to.",
    },
    "deviceKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A device's key."},
    "deviceKeyBasic": {
        "type": "http",
        "scheme": "basic",
        "description": "A device's key as the password; the user's name says nothing.",
    },
    "serverKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "`WINDSOCK_API_KEY`, for backends and for who administers device keys. "
        "`Authorization: Bearer <key>` is the same.",
    },
}

TOKENS = ("token", "tokenInQuery")
DEVICE_KEYS = ("deviceKey", "deviceKeyHeader", "deviceKeyBasic")
