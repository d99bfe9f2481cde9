"""`/v1/devices/{device}/commands`: how a device that speaks HTTP gets commands and answers them."""

from __future__ import annotations

from services.api_description.area import (
    Area,
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
from services.api_description.posting import COMPRESSED
from services.api_description.schemas import DEVICE
from services.api_description.security import DEVICE_KEYS

ANY = {"description": "Any JSON."}
COMMAND = obj(
    {
        "id": text(format="uuid"),
        "name": text(),
        "args": ANY,
        "ts": integer("When it was sent, in Unix milliseconds by the sender's clock."),
        "expires": integer("Until when it is good, by the same clock."),
    },
    ["id", "name", "args", "ts", "expires"],
)
STATUS = text("`done` and `failed` acknowledge by themselves.", enum=["acknowledged", "done", "failed"])
STATEMENT = obj(
    {
        "status": STATUS,
        "answer": ANY | {"description": "What came of it: any JSON. Only with `done`."},
        "error": text("Why not. Needed with `failed`, and only there.", minLength=1, maxLength=1_000),
    },
    ["status"],
    "What a device says about a command.",
    additionalProperties=False,
)
OF_DEVICE = parameter("path", "device", "The device's name.", DEVICE)

AREA = Area(
    "Commands",
    "Devices fetch their commands, acknowledge and answer them (docs/devices.md).",
    {
        "/v1/devices/{device}/commands": {
            "get": operation(
                "fetchCommands",
                "The commands that the device has not acknowledged",
                {
                    200: answer(
                        "Oldest first; an empty list when the time is up.",
                        json(obj({"commands": array(ref("Command"))}, ["commands"])),
                        {"Cache-Control": "`no-store`"},
                    )
                },
                (400, 401, 403, 429, 503),
                parameters=[
                    OF_DEVICE,
                    parameter(
                        "query",
                        "wait",
                        "Seconds to wait if there is no command; `WINDSOCK_COMMAND_WAIT_S` are granted at most.",
                        {"type": "number", "minimum": 0, "maximum": 60, "multipleOf": 0.001, "default": 0},
                    ),
                ],
                security=DEVICE_KEYS,
            )
        },
        "/v1/devices/{device}/commands/{command}": {
            "post": operation(
                "answerCommand",
                "Acknowledge a command, or say what came of it",
                {
                    200: answer(
                        "Taken.", json(obj({"command": text(format="uuid"), "status": STATUS}, ["command", "status"]))
                    )
                },
                (400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503),
                about="The same may be said twice, as after a lost connection.",
                parameters=[OF_DEVICE, parameter("path", "command", "The command's `id`.", text(minLength=1))],
                sends=body(json(ref("Statement"), {"status": "done", "answer": {"open": 40}}), about=COMPRESSED),
                security=DEVICE_KEYS,
            )
        },
    },
    {"Command": COMMAND, "Statement": STATEMENT},
)
