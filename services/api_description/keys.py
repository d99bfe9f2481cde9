"""`/v1/keys`: the keys of devices, for admins."""

from __future__ import annotations

from services.api_description.area import (
    Area,
    Part,
    answer,
    array,
    body,
    integer,
    json,
    nullable,
    obj,
    operation,
    parameter,
    ref,
    text,
)

ADMIN = ("serverKey",)
ID = parameter("path", "id", "The key's id.", text(minLength=1))
SCOPE: dict[str, Part] = {
    "devices": array(text(), description="Devices that it may post for, as patterns."),
    "metrics": array(text(), description="Metrics that it may post, as patterns."),
    "rate": nullable({"type": "number", "description": "Readings a second.", "exclusiveMinimum": 0}),
    "expires": nullable(integer("Unix milliseconds.", minimum=0)),
}
KEY = obj(
    SCOPE | {"id": text(), "created": integer(), "last_used": nullable(integer())}, ["id"], "A key, without itself."
)
SHOWN = obj(KEY["properties"] | {"key": text("The key; shown this once.")}, ["id", "key"])
REFUSALS = (400, 401, 403, 404, 408, 413, 415, 422, 503)

AREA = Area(
    "Device keys",
    "What devices say who they are with.",
    {
        "/v1/keys": {
            "post": operation(
                "createKey",
                "Make a key",
                {201: answer("It is shown this once.", json(ref("ShownKey")))},
                REFUSALS,
                sends=body(json(obj(SCOPE), {"devices": ["greenhouse-7"]})),
                security=ADMIN,
            ),
            "get": operation(
                "listKeys",
                "The keys",
                {200: answer("Without themselves.", json(obj({"keys": array(ref("Key"))}, ["keys"])))},
                (400, 401, 403, 503),
                security=ADMIN,
            ),
        },
        "/v1/keys/{id}": {
            "delete": operation(
                "revokeKey",
                "Revoke a key",
                {204: answer("It is good no more.")},
                (401, 403, 404, 503),
                parameters=[ID],
                security=ADMIN,
            )
        },
        "/v1/keys/{id}/rotate": {
            "post": operation(
                "rotateKey",
                "A new secret; the one before stays good for a while",
                {200: answer("The new key, shown this once.", json(ref("ShownKey")))},
                REFUSALS,
                parameters=[ID],
                security=ADMIN,
            )
        },
    },
    {"Key": KEY, "ShownKey": SHOWN},
)
