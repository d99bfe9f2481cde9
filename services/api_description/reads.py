"""`/api/devices`, `/api/history`, `/api/places`: what is stored."""

from __future__ import annotations

from services.api_description.area import (
    Area,
    Part,
    answer,
    array,
    integer,
    json,
    obj,
    operation,
    parameter,
    ref,
    text,
)
from services.api_description.schemas import DEVICE, LATEST, MOMENT, NEXT, POSITION, STORED_TOPIC
from services.api_description.security import TOKENS

ONE = obj(
    LATEST["properties"] | {"topic": text(), "position": ref("Position")},
    [*LATEST["required"], "topic", "position"],
    "The newest values of a device, and the position of its topic.",
)
HISTORY = obj(
    {
        "topic": text(),
        "epoch": text(),
        "order": text(enum=["asc", "desc", "ts", "ts-desc"]),
        "publications": array(ref("Publication")),
        "missed": integer("How many publications after the position `since` are no longer kept.", minimum=0),
        "as_of": ref("Position"),
        "truncated": {"type": "boolean", "description": "Whether older publications are kept that were not looked at."},
        "next": NEXT,
    },
    ["topic", "epoch", "order", "publications", "next"],
    "A page of a topic's publications; `missed` in the order of storage, `as_of` and `truncated` in that of `ts`.",
)
PREFIX = text(pattern="^[!-~]{0,128}$")


def _limit(setting: str) -> Part:
    return parameter("query", "limit", f"At most `{setting}`.", integer(minimum=1, default=100))


AREA = Area(
    "Stored readings",
    "Latest values and history. What a token does not open is not shown.",
    {
        "/api/devices": {
            "get": operation(
                "listDevices",
                "Devices by name, with their latest values",
                {
                    200: answer(
                        "A page.", json(obj({"devices": array(ref("Latest")), "next": NEXT}, ["devices", "next"]))
                    )
                },
                (400, 401, 403, 503),
                parameters=[
                    parameter("query", "prefix", "What the names begin with.", PREFIX),
                    parameter("query", "after", "The last name of the page before.", PREFIX),
                    _limit("WINDSOCK_DEVICES_PAGE"),
                ],
                security=TOKENS,
            )
        },
        "/api/devices/{device}": {
            "get": operation(
                "getDevice",
                "One device",
                {200: answer("Its latest values.", json(ref("Device")))},
                (400, 401, 403, 404, 503),
                parameters=[parameter("path", "device", "The device's name.", DEVICE)],
                security=TOKENS,
            )
        },
        "/api/history": {
            "get": operation(
                "readHistory",
                "A topic's publications",
                {200: answer("A page.", json(ref("History")))},
                (400, 401, 403, 410, 503),
                about="In the order of storage (`asc`, `desc`), or of the readings' own `ts` (`ts`, `ts-desc`), where "
                "late ones are in their place; of those the newest `WINDSOCK_SNAPSHOT_PUBLICATIONS` are looked at.",
                parameters=[
                    parameter("query", "topic", "Which topic.", STORED_TOPIC, required=True),
                    parameter(
                        "query",
                        "order",
                        "Newest first if left out. By `ts` only topics of readings and observations.",
                        text(enum=["asc", "desc", "ts", "ts-desc"], default="desc"),
                    ),
                    parameter(
                        "query",
                        "since",
                        "After a position, or from a time of storage on; with `order=ts` from a time of the device on.",
                        {"anyOf": [POSITION, *MOMENT["anyOf"]]},
                    ),
                    parameter(
                        "query",
                        "until",
                        "Before a position or time of storage; with `order=ts` before a time of the device.",
                        {"anyOf": [POSITION, *MOMENT["anyOf"]]},
                    ),
                    parameter("query", "as_of", "With `order=ts`: show the topic up to this position.", POSITION),
                    parameter(
                        "query",
                        "after",
                        "With `order=ts` and `as_of`: the place in the answer where the page begins.",
                        text(pattern=r"^[0-9]{1,15}\.[0-9]{1,15}$"),
                    ),
                    _limit("WINDSOCK_HISTORY_PAGE"),
                ],
                security=TOKENS,
            )
        },
        "/api/places": {
            "get": operation(
                "listPlaces",
                "The places with weather",
                {200: answer("By name.", json(obj({"places": array(ref("Place"))}, ["places"])))},
                (401, 403, 503),
                about="The topic of one is `weather:` and its `place`.",
                security=TOKENS,
            )
        },
    },
    {"Device": ONE, "History": HISTORY},
)
