"""`/api/devices`, `/api/history`, `/api/places`: what is stored."""

from __future__ import annotations

from services.api_description.area import (
    Area,
    Part,
    answer,
    array,
    integer,
    json,
    nullable,
    obj,
    operation,
    parameter,
    ref,
    text,
)
from services.api_description.schemas import (
    DEVICE,
    LATEST,
    MOMENT,
    NEXT,
    PLACE_NAME,
    POSITION,
    STORED_TOPIC,
    place,
)
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
STATUS = obj(
    {
        "provider": nullable(text("Whose observation is the newest.")),
        "observed": nullable(integer("When it was made, in Unix milliseconds.")),
        "fetched": nullable(integer("When a weather service last answered.")),
        "age_s": nullable(integer("Seconds since it was made.", minimum=0)),
        "interval_s": {"type": "number", "description": "How often a newer one is expected."},
        "stale": {"type": "boolean", "description": "Whether it is older than twice that, or there is none."},
        "reason": nullable(text("Why no weather service could tell anything when they were asked last.")),
        "failing_since": nullable(integer("Since when none could.")),
        "next": nullable(integer("When they are asked next.")),
    },
    ["provider", "observed", "fetched", "age_s", "interval_s", "stale", "reason", "failing_since", "next"],
    "How fresh the weather of a place is.",
)
PLACE_PROPERTIES: dict[str, Part] = place()["properties"] | {
    "topic": text("`weather:` and the place."),
    "wanted_by": obj(
        {
            "settings": {"type": "boolean", "description": "Whether `WINDSOCK_PLACES` names it."},
            "gateways": integer("How many gateways have clients that follow it.", minimum=0),
            "poller": {"type": "boolean", "description": "Whether a poller has an interest of its own."},
        },
        ["settings", "gateways", "poller"],
    ),
    "status": nullable(ref("WeatherStatus")),
}
PLACE_MEMBERS = [*place()["required"], "topic", "wanted_by", "status"]
PLACE = obj(PLACE_PROPERTIES, PLACE_MEMBERS, "A place with weather; its status is null until a poller has told one.")
ONE_PLACE = obj(
    PLACE_PROPERTIES | {"position": ref("Position"), "latest": nullable(ref("Latest"))},
    [*PLACE_MEMBERS, "position", "latest"],
    "The same with the newest values, and the position of its topic.",
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
                about="Those of the settings, and those that somebody follows, by whatever way.",
                security=TOKENS,
            )
        },
        "/api/places/{place}": {
            "get": operation(
                "getPlace",
                "One place with weather",
                {200: answer("Its latest values, and how fresh they are.", json(ref("OnePlace")))},
                (400, 401, 403, 404, 503),
                about="Also one that nobody follows now, for a day.",
                parameters=[parameter("path", "place", "The place's name in its topic.", PLACE_NAME)],
                security=TOKENS,
            )
        },
    },
    {"Device": ONE, "History": HISTORY, "Place": PLACE, "OnePlace": ONE_PLACE, "WeatherStatus": STATUS},
)
