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
from services.api_description.schemas import MOMENT, ecma
from services.device_keys import DEVICES_PATTERN, METRICS_PATTERN, MOST_PATTERNS
from services.settings.bounds import SLOWEST_PER_S

ADMIN = ("serverKey",)
ID = parameter("path", "id", "The key's id.", text(minLength=1))
PATTERNS = "by name; `*` stands for any characters."
SCOPE: dict[str, Part] = {
    "name": text("What people know it by.", minLength=1, maxLength=100),
    "note": text(maxLength=1_000),
    "devices": array(
        text(pattern=ecma(DEVICES_PATTERN)),
        description=f"Devices that it is for, {PATTERNS}",
        minItems=1,
        maxItems=MOST_PATTERNS,
        default=["*"],
    ),
    "metrics": array(
        text(pattern=ecma(METRICS_PATTERN)),
        description=f"Metrics that it is for, {PATTERNS}",
        minItems=1,
        maxItems=MOST_PATTERNS,
        default=["*"],
    ),
    "readings_per_s": nullable(
        {
            "type": "number",
            "description": "Readings a second; null: `WINDSOCK_KEY_READINGS_PER_S`.",
            "minimum": SLOWEST_PER_S,
            "maximum": 10**9,
        }
    ),
    "devices_max": nullable(integer("Most devices; null: `WINDSOCK_KEY_DEVICES`.", minimum=1, maximum=100_000)),
}
NEW = obj(
    SCOPE | {"expires": nullable(MOMENT | {"description": "When it ends; null: never."})},
    ["name"],
    additionalProperties=False,
)
ROTATION = obj(
    {
        "overlap_s": nullable(
            {
                "type": "number",
                "description": "For how many seconds the secret before stays good; null: until it is revoked.",
                "minimum": 0,
                "maximum": 10 * 365 * 86400,
            }
        )
    },
    additionalProperties=False,
)
SECRET = obj({"created": ref("Ms"), "until": nullable(ref("Ms"))}, ["created", "until"])
PUBLIC: dict[str, Part] = {
    "id": text(),
    **SCOPE,
    "created": ref("Ms"),
    "expires": nullable(ref("Ms")),
    "secrets": array(SECRET, description="When each secret that is good now was made, and until when it is."),
}
KEY = obj(PUBLIC, list(PUBLIC), "A key, without its secrets.")
SHOWN = obj({"key": text("The key itself.", pattern="^wsk_"), **PUBLIC}, ["key", *PUBLIC], "A key with its new secret.")
NOT_STORED = {"Cache-Control": "`no-store`"}

AREA = Area(
    "Device keys",
    "What devices say who they are with. For who knows `WINDSOCK_API_KEY`.",
    {
        "/v1/keys": {
            "post": operation(
                "createKey",
                "Make a key",
                {201: answer("The key is shown this once.", json(ref("ShownKey")), NOT_STORED)},
                (400, 401, 408, 409, 413, 422, 503),
                sends=body(json(NEW, {"name": "greenhouses", "devices": ["greenhouse-*"]})),
                security=ADMIN,
            ),
            "get": operation(
                "listKeys",
                "All keys, the oldest first",
                {200: answer("Without secrets.", json(obj({"keys": array(ref("Key"))}, ["keys"])), NOT_STORED)},
                (401, 503),
                security=ADMIN,
            ),
        },
        "/v1/keys/{id}": {
            "get": operation(
                "showKey",
                "One key",
                {200: answer("Without secrets.", json(ref("Key")), NOT_STORED)},
                (401, 404, 503),
                parameters=[ID],
                security=ADMIN,
            ),
            "delete": operation(
                "revokeKey",
                "End a key, or the secret before its newest one",
                {
                    200: answer("The secret before is good no more.", json(ref("Key")), NOT_STORED),
                    204: answer("The key is good no more."),
                },
                (400, 401, 404, 409, 503),
                parameters=[
                    ID,
                    parameter(
                        "query", "secret", "End only the secret before the newest one.", text(enum=["", "previous"])
                    ),
                ],
                security=ADMIN,
            ),
        },
        "/v1/keys/{id}/rotate": {
            "post": operation(
                "rotateKey",
                "Give a key one more secret",
                {200: answer("The key with its new secret, shown this once.", json(ref("ShownKey")), NOT_STORED)},
                (400, 401, 404, 408, 409, 413, 422, 503),
                about="The secret before stays good for `overlap_s`, or until it is revoked.",
                parameters=[ID],
                sends=body(json(ROTATION, {"overlap_s": 86400}), required=False),
                security=ADMIN,
            )
        },
    },
    {"Key": KEY, "ShownKey": SHOWN},
)
