"""`/v1/readings`: how devices post."""

from __future__ import annotations

from services.api_description.area import (
    Area,
    answer,
    array,
    body,
    integer,
    json,
    media,
    nullable,
    obj,
    operation,
    parameter,
    ref,
    text,
)
from services.api_description.formats import READINGS_CONTENT
from services.api_description.posting import COMPRESSED, IDEMPOTENCY_KEY
from services.api_description.security import DEVICE_KEYS

LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
EXAMPLE = {"device": "greenhouse-7", "values": {"temperature": 21.4}}
CONTENT = (
    json({"anyOf": [ref("Reading"), ref("Readings")]}, EXAMPLE)
    | media(LINES, text("One reading per line."), '{"device":"greenhouse-7","values":{"temperature":21.4}}\n')
    | READINGS_CONTENT
)
"""What `/v1/readings` takes, by media type."""

RECEIPT = obj(
    {
        "accepted": integer("How many readings were taken.", minimum=0),
        "duplicates": integer("How many of them had been stored before, by their `id`.", minimum=0),
        "positions": array(
            nullable(ref("Position")), description="Where reading i of the body went on its device's topic."
        ),
        "rejected": array(ref("Fault"), description="What was left out (with `on_error=skip`)."),
    },
    ["accepted", "duplicates", "positions"],
    "What became of the readings: all of them are stored.",
)

AREA = Area(
    "Readings",
    "Devices post what they measure. What is answered with 202 is stored.",
    {
        "/v1/readings": {
            "post": operation(
                "postReadings",
                "Post one reading, an array, or one per line",
                {202: answer("Stored.", json(ref("Receipt")))},
                (400, 401, 403, 408, 409, 413, 415, 422, 429, 431, 503),
                about="A batch is stored whole or not at all; with `on_error=skip` the good ones are stored and the "
                "bad ones listed, also those that the key or a limit of devices or metrics does not let in. "
                "With headers `ce-…` the body is the data of a CloudEvent in binary mode.",
                parameters=[
                    parameter(
                        "query",
                        "on_error",
                        "What to do if some readings are wrong.",
                        text(enum=["fail", "skip"], default="fail"),
                    ),
                    IDEMPOTENCY_KEY,
                ],
                sends=body(CONTENT, about=COMPRESSED),
                security=DEVICE_KEYS,
            )
        }
    },
    {"Receipt": RECEIPT},
)
