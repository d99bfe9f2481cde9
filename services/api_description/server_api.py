"""`POST /api/<method>`: what backends ask of the gateways (docs/server-api.md)."""

from __future__ import annotations

from typing import Any

from services.api_description.area import (
    Area,
    Part,
    answer,
    array,
    body,
    integer,
    json,
    obj,
    operation,
    parameter,
    ref,
    text,
)

SERVER_KEY = ("serverKey",)
ANY: Part = {"description": "Any JSON."}
BASE64 = "The same as JSON in Base64."
FLAG: Part = {"type": "boolean", "default": False}
SECONDS = integer("Unix seconds; 0: for ever.", minimum=0, maximum=100_000_000_000)
CHANNEL = text("A channel: `feed:<name>`, one of a namespace, or a topic.")
OFFSET = integer(minimum=0)
NOTHING = obj({}, about="Done.")

CONTENT: dict[str, Part] = {
    "data": ANY,
    "b64data": text(BASE64),
    "skip_history": FLAG | {"description": "Only for who is subscribed at this moment."},
    "tags": obj({}, additionalProperties=text()),
    "idempotency_key": text("The same key stores nothing twice.", maxLength=255),
    "version": integer("Not there: error 108."),
    "version_epoch": text("Not there: error 108."),
}
TARGET: dict[str, Part] = {
    "user": text("Whose connections."),
    "client": text("Only this one."),
    "session": text("Not there: error 108."),
}
SINCE = obj({"offset": OFFSET, "epoch": text()})
PUBLISHED = obj({"offset": OFFSET, "epoch": text()}, about="Where it is stored; nothing where there is no history.")
CLIENT = obj({"user": text(), "client": text(), "conn_info": ANY, "chan_info": ANY}, ["user", "client"])
NODE = obj(
    {
        "uid": text(),
        "name": text(),
        "version": text(),
        **{name: integer() for name in ("num_clients", "num_users", "num_subs", "num_channels", "uptime")},
    },
    ["uid", "name"],
)
PUBLICATION = obj({"data": ANY, "offset": OFFSET, "tags": obj({}, additionalProperties=text())}, ["data"])
OUTCOME = obj({"result": obj({}), "error": ref("ApiError")})

REQUESTS: dict[str, tuple[dict[str, Part], tuple[str, ...]]] = {
    "publish": (CONTENT | {"channel": CHANNEL}, ("channel",)),
    "broadcast": (CONTENT | {"channels": array(CHANNEL, maxItems=1_000)}, ("channels",)),
    "presence": ({"channel": CHANNEL}, ("channel",)),
    "presence_stats": ({"channel": CHANNEL}, ("channel",)),
    "history": (
        {
            "channel": CHANNEL,
            "limit": integer("0: the position only; -1: as many as there may be.", minimum=-1, default=0),
            "since": SINCE,
            "reverse": FLAG,
        },
        (),
    ),
    "history_remove": ({"channel": CHANNEL}, ("channel",)),
    "disconnect": (
        TARGET
        | {
            "whitelist": array(text(), description="Clients that stay."),
            "disconnect": obj({"code": integer(), "reason": text()}),
        },
        ("user",),
    ),
    "unsubscribe": (TARGET | {"channel": text("Empty: all.", maxLength=255)}, ("user",)),
    "subscribe": (
        TARGET
        | {
            "channel": CHANNEL,
            "info": ANY,
            "b64info": text(BASE64),
            "data": ANY,
            "b64data": text(BASE64),
            "recover_since": SINCE,
            "override": {"description": "Not there: error 108."},
        },
        ("user", "channel"),
    ),
    "refresh": (TARGET | {"expired": FLAG, "expire_at": SECONDS}, ("user",)),
    "revoke_token": ({"uid": text("The token's `jti`."), "expire_at": SECONDS}, ("uid",)),
    "invalidate_user_tokens": (
        {
            "user": text(),
            "issued_before": SECONDS | {"description": "Unix seconds; 0: now."},
            "expire_at": SECONDS,
        },
        ("user",),
    ),
    "rpc": ({"method": text("A procedure (docs/clients.md)."), "params": ANY}, ("method",)),
    "info": ({}, ()),
    "channels": ({"pattern": text("`*` stands for anything.", maxLength=255)}, ()),
    "batch": (
        {
            "commands": array(
                obj({}, about="One member: a method, with what it asks."),
                maxItems=1_000,
            ),
            "parallel": FLAG,
        },
        ("commands",),
    ),
}
"""Method → the members of its request, and those that it needs."""

RESULTS: dict[str, Part] = {
    "publish": PUBLISHED,
    "broadcast": obj({"responses": array(OUTCOME)}, ["responses"]),
    "presence": obj({"presence": obj({}, additionalProperties=CLIENT)}, ["presence"]),
    "presence_stats": obj({"num_clients": integer(), "num_users": integer()}, ["num_clients", "num_users"]),
    "history": obj(
        {"publications": array(PUBLICATION), "offset": OFFSET, "epoch": text()}, ["publications", "offset", "epoch"]
    ),
    "info": obj({"nodes": array(NODE)}, ["nodes"]),
    "channels": obj(
        {"channels": obj({}, additionalProperties=obj({"num_clients": integer()}, ["num_clients"]))}, ["channels"]
    ),
    "rpc": obj({"data": ANY}, ["data"]),
}
SUMMARIES = {
    "publish": "Publish on a channel",
    "broadcast": "Publish the same on many channels",
    "presence": "Who is in a channel",
    "presence_stats": "How many are in a channel",
    "history": "What a channel keeps",
    "history_remove": "Forget what a channel keeps",
    "disconnect": "Close connections of a user",
    "unsubscribe": "End subscriptions of a user",
    "subscribe": "Subscribe connections of a user",
    "refresh": "Renew connections of a user, or let them expire",
    "revoke_token": "Revoke a token",
    "invalidate_user_tokens": "Revoke the tokens of a user",
    "rpc": "Call a procedure, such as a command to a device",
    "info": "The gateways",
    "channels": "Channels that somebody is subscribed to",
    "batch": "Several calls at once",
}
ERROR = obj(
    {"code": integer("docs/server-api.md lists them.", minimum=100), "message": text()},
    ["code", "message"],
    "Why a call failed.",
)
TRANSPORT = parameter(
    "header",
    "X-Centrifugo-Error-Mode",
    "`transport`: errors are told by status, with the bare error as body.",
    text(examples=["transport"]),
)


def _answers(method: str) -> dict[int, Part]:
    members: dict[str, Any] = {"error": ref("ApiError")}
    if method == "batch":
        members["replies"] = array(obj({}), description="For each command its method's result, or an `error`.")
    else:
        members["result"] = RESULTS.get(method, NOTHING)
    return {
        200: answer("The result, or an error.", json(obj(members, minProperties=1, maxProperties=1))),
        404: answer("No such channel (in the mode `transport`).", json(ref("ApiError"))),
        416: answer("Another epoch (in the mode `transport`).", json(ref("ApiError"))),
        500: answer("Redis, or a gateway, does not answer (in the mode `transport`).", json(ref("ApiError"))),
    }


def _or_null(part: Part) -> Part:
    """Some client libraries write null for what is left out."""
    return part | {"type": [part["type"], "null"]} if "type" in part else part


def _operation(method: str) -> Part:
    members, needed = REQUESTS[method]
    shown = {name: part if name in needed else _or_null(part) for name, part in members.items()}
    found = operation(
        f"api_{method}",
        SUMMARIES[method],
        _answers(method),
        (401, 408, 413),
        parameters=[TRANSPORT],
        sends=body(json(obj(shown, needed))),
        security=SERVER_KEY,
    )
    problem: Part = {"application/problem+json": {"schema": ref("Problem")}}
    found["responses"]["400"] = answer(
        "The body is not a JSON object; or (in the mode `transport`) an error.", json(ref("ApiError")) | problem
    )
    return found


AREA = Area(
    "Server API",
    "For backends, in the shapes of Centrifugo's server API (docs/server-api.md). Off without `WINDSOCK_API_KEY`.",
    {f"/api/{method}": {"post": _operation(method)} for method in REQUESTS},
    {"ApiError": ERROR},
)
