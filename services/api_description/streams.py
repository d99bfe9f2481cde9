"""Long HTTP responses: Server-Sent Events, and the Centrifuge protocol where WebSockets are blocked."""

from __future__ import annotations

from services.api_description.area import (
    Area,
    Part,
    answer,
    array,
    body,
    json,
    media,
    obj,
    operation,
    parameter,
    text,
)
from services.api_description.schemas import TOPIC
from services.api_description.security import TOKENS

EVENTS = media("text/event-stream", text())
JSON_LINES = media("application/json", text("One reply or push per line."))
PROTOBUF: Part = media("application/octet-stream", text(format="binary"))
COMMANDS = media("application/json", text("Commands of the protocol, one per line; the first is connect."))
CONNECT = json(obj({}, about="A connect request of the protocol."))
REFUSALS = (400, 403, 408, 413, 503)


def _asks(name: str, about: str) -> list[Part]:
    return [parameter("query", name, about, text())]


AREA = Area(
    "Streams",
    "What is pushed over HTTP, as long as the client stays (docs/clients.md). Pages of other origins need "
    "`WINDSOCK_ORIGINS`.",
    {
        "/sse": {
            "get": operation(
                "followTopics",
                "Topics as Server-Sent Events",
                {200: answer('Events with `{"topic":…,"data":…}`; `lost` where something is gone.', EVENTS)},
                (400, 401, 403, 413, 503),
                about="An event's id is the position in each topic; a browser resumes with it by itself. One without "
                "an id repeats an observation of the weather that has become stale, or fresh again.",
                parameters=[
                    parameter("query", "topic", "One or more.", array(TOPIC, minItems=1), required=True),
                    parameter("query", "last_event_id", "The same as the header, the first time.", text()),
                    parameter("header", "Last-Event-ID", "Where to resume.", text()),
                ],
                security=TOKENS,
            )
        },
        "/connection/sse": {
            "get": operation(
                "centrifugeSse",
                "The Centrifuge protocol as events",
                {200: answer("Replies and pushes.", EVENTS)},
                REFUSALS,
                parameters=_asks("cf_connect", "The connect command."),
            )
        },
        "/connection/http_stream": {
            "post": operation(
                "centrifugeHttpStream",
                "The Centrifuge protocol as one long response",
                {200: answer("Replies and pushes.", JSON_LINES | PROTOBUF)},
                REFUSALS,
                sends=body(COMMANDS | PROTOBUF),
            )
        },
        "/emulation": {
            "post": operation(
                "centrifugeEmulation",
                "What a client of such a stream says later",
                {204: answer("Its gateway has taken it.")},
                (*REFUSALS, 404),
                sends=body(
                    json(obj({"session": text(), "node": text(), "data": text()}, ["session", "node", "data"]))
                    | PROTOBUF
                ),
            )
        },
        "/connection/uni_sse": {
            "get": operation(
                "centrifugeUniSse",
                "Pushes only, as events",
                {200: answer("Pushes.", EVENTS)},
                REFUSALS,
                parameters=_asks("cf_connect", "The connect request."),
            ),
            "post": operation(
                "centrifugeUniSsePost",
                "The same, with the connect request as body",
                {200: answer("Pushes.", EVENTS)},
                REFUSALS,
                sends=body(CONNECT, required=False),
            ),
        },
        "/connection/uni_http_stream": {
            "post": operation(
                "centrifugeUniHttpStream",
                "Pushes only, one per line",
                {200: answer("Pushes.", JSON_LINES)},
                REFUSALS,
                sends=body(CONNECT, required=False),
            )
        },
    },
)
