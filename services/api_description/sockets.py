"""The WebSockets, for AsyncAPI: one per topic, weather, echo, and the Centrifuge protocol."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.api_description import comparisons
from services.api_description.area import Part, integer, nullable, obj, ref, text
from services.api_description.commands import COMMAND, STATEMENT
from services.api_description.commands import STATUS as STATUS_OF_COMMAND
from services.api_description.problems import FAULT, FAULTS, FAULTS_OMITTED
from services.api_description.readings import RECEIPT
from services.api_description.schemas import DEVICE, METRIC, POSITION, ecma, reading
from services.places import LEAST_NAME, MOST_NAME
from services.topics import NAME_PATTERN

ABOUT = (
    "Plain JSON, one topic per URL, and the Centrifuge protocol, which official SDKs speak. What is wrong before the "
    "handshake is answered with an HTTP status and problem details; afterwards with `Error`: the socket stays open. "
    "Paths are served with and without the slash at their end. Close codes: 1009 message too large, 1013 try again, "
    "3000 a device was silent for too long, 3001 the service stops, 3005 token expired, 3008 too slow, 3013 too fast, "
    "3500 token or key not believed, 3502 no token in time, 3507 topic not allowed."
)
CANDIDATE = obj(
    {
        "id": integer("The geocoder's, to ask with."),
        "name": text(),
        "admin1": nullable(text("State or region.")),
        "country": nullable(text()),
        "country_code": nullable(text()),
        "latitude": {"type": "number"},
        "longitude": {"type": "number"},
        "population": nullable(integer()),
        "city": text("What to ask for to get this one."),
    },
    ["id", "name", "city"],
    "A place that may be meant.",
)
ERROR = obj(
    {
        "error": obj(
            {
                "code": text(),
                "message": text(),
                "index": integer("Which reading of the message is wrong first, from 0."),
                "field": text("Which field is wrong first."),
                "reason": text("What is wrong with it."),
                "errors": FAULTS,
                "errors_omitted": FAULTS_OMITTED,
            },
            ["code", "message"],
        ),
        "city": text("Which city it is about."),
        "candidates": {
            "type": "array",
            "items": ref("Candidate"),
            "description": "With the code `ambiguous`: which places are called so, for who may use all of them.",
        },
        "recovered": {"const": False},
        "position": ref("Position"),
    },
    ["error"],
    "What was wrong with a message, or that publications after `since` can no longer be had.",
)
STATUS = obj(
    {"status": text(enum=["live", "stale"]), "position": ref("Position")},
    ["status"],
    "With `?status=1`: whether the gateway hears Redis, and at first where to resume.",
)
TOKEN = obj({"token": text()}, ["token"], "Who the client is, where no token came with the handshake; or a newer one.")
AUTHENTICATED = obj({"authenticated": {"const": True}}, ["authenticated"], "The token is believed.")
VALUES = obj({"device": DEVICE, "ts": integer(), "position": ref("Position")}, ["device", "ts"])
OBSERVATION = obj(
    {
        "city": text(),
        "place": text(),
        "asked": text("Your words."),
        "ts": integer(),
        "units": obj({}),
        "age_s": integer("Seconds since it was made.", minimum=0),
        "stale": {"type": "boolean", "description": "Whether that is more than twice its interval."},
        "reason": nullable(text("Why no weather service can tell anything newer; null: again they can.")),
    },
    ["place", "ts", "age_s", "stale"],
    "An observation; its values are members by their metrics. The same one comes again when it becomes stale or fresh.",
)
DUPLICATE = obj(
    {"duplicate": obj({"id": text(), "position": ref("Position")}, ["id", "position"])},
    ["duplicate"],
    "A reading that you sent was stored before.",
)
MESSAGE = integer("Which of the messages of this connection, from 1.", minimum=1)
COMMAND_ID = text("The command's id.", format="uuid")
ACKNOWLEDGEMENT = obj(
    {"ack": MESSAGE, **RECEIPT["properties"]}, ["ack", *RECEIPT["required"]], "The readings of a message are stored."
)
TAKEN = obj(
    {"ack": MESSAGE, "command": COMMAND_ID, "status": STATUS_OF_COMMAND},
    ["ack", "command", "status"],
    "What the device said about a command is taken.",
)
REFUSAL = obj(
    {
        "message": MESSAGE,
        "error": obj(
            ERROR["properties"]["error"]["properties"]
            | {
                "retryable": {"type": "boolean", "description": "Whether to send the message again."},
                "retry_after": integer("In how many seconds.", minimum=0),
            },
            ["code", "message", "retryable"],
        ),
    },
    ["message", "error"],
    "Nothing of a message is taken.",
)
CITY = obj(
    {
        "city": text(minLength=LEAST_NAME, maxLength=MOST_NAME),
        "id": integer("Of the candidate that is meant.", minimum=1),
    },
    ["city"],
    "A city to follow.",
)
ANY: Part = {"description": "Any JSON."}
STORED = reading() | {"description": "A reading; its `ts` is Unix milliseconds.", "additionalProperties": True}
STORED["properties"] = STORED["properties"] | {"position": ref("Position")}

SCHEMAS: dict[str, Part] = {
    "Position": POSITION,
    "Fault": FAULT,
    "Reading": reading(),
    "StoredReading": STORED,
    "Error": ERROR,
    "Candidate": CANDIDATE,
    "Status": STATUS,
    "Token": TOKEN,
    "Authenticated": AUTHENTICATED,
    "MetricValue": VALUES
    | {"description": "One value, under the metric's name; its `unit` and the reading's `tags`, if it has any."},
    "Observation": OBSERVATION,
    "Comparison": comparisons.COMPARISON,
    "Duplicate": DUPLICATE,
    "City": CITY,
    "Anything": ANY,
    "Readings": {"anyOf": [ref("Reading"), {"type": "array", "items": ref("Reading"), "minItems": 1}]},
    "Acknowledgement": ACKNOWLEDGEMENT,
    "StatementTaken": TAKEN,
    "Refusal": REFUSAL,
    "DeviceCommand": obj({"command": COMMAND}, ["command"], "A command to the device."),
    "CommandStatement": obj(
        {"command": COMMAND_ID, **STATEMENT["properties"]},
        ["command", "status"],
        "What the device says about a command.",
        additionalProperties=False,
    ),
    "CentrifugeCommand": ANY | {"description": "A command of the Centrifuge protocol, as JSON or Protobuf."},
    "CentrifugeReply": ANY | {"description": "A reply or push of the Centrifuge protocol."},
}
EVERY_SOCKET = ("Error", "Status", "Authenticated")
SINCE = text("Send what came after this position first; empty: begin now, with positions.")
QUERY: dict[str, Part] = {
    "status": text("1: tell every `WINDSOCK_STATUS_S` seconds whether the gateway hears Redis.", enum=["0", "1"]),
    "token": text("Who the client is."),
}
RESUMABLE = QUERY | {"since": SINCE}


@dataclass(frozen=True, slots=True)
class Socket:
    """One path: what the server sends (`pushes`) and what it takes (`takes`), by schema."""

    path: str
    about: str
    pushes: tuple[str, ...]
    takes: tuple[str, ...] = ("Token",)
    query: dict[str, Part] = field(default_factory=lambda: QUERY)
    parameters: dict[str, str] = field(default_factory=dict)
    """Name of a part of the path → what it is."""

    @property
    def name(self) -> str:
        """The path as an identifier."""
        return re.sub(r"[^a-z]+", "_", self.path).strip("_")

    def channel(self) -> Part:
        """Its channel."""
        messages = {name: {"payload": ref(name)} for name in dict.fromkeys((*self.pushes, *self.takes))}
        found: Part = {"address": self.path, "description": self.about, "messages": messages}
        if self.parameters:
            found["parameters"] = {name: {"description": about} for name, about in self.parameters.items()}
        if self.query:
            found["bindings"] = {"ws": {"method": "GET", "query": obj(self.query)}}
        return found

    def operations(self) -> dict[str, Part]:
        """What the server does there."""
        return {
            f"{self.name}_{action}": {
                "action": action,
                "channel": {"$ref": f"#/channels/{self.name}"},
                "messages": [{"$ref": f"#/channels/{self.name}/messages/{name}"} for name in names],
            }
            for action, names in (("send", self.pushes), ("receive", self.takes))
        }


SOCKETS = (
    Socket(
        "/ws/sensor/",
        "Every reading; a reading that you send is stored and goes to all.",
        ("StoredReading", "Duplicate", *EVERY_SOCKET),
        ("Readings", "Token"),
        RESUMABLE,
    ),
    Socket(
        "/ws/temperature/", "The metric `temperature` of all devices.", ("MetricValue", *EVERY_SOCKET), query=RESUMABLE
    ),
    Socket(
        "/ws/metric/{name}/",
        "One metric of all devices; first the latest of each.",
        ("MetricValue", *EVERY_SOCKET),
        query=RESUMABLE,
        parameters={"name": f"The metric: {METRIC['pattern']}"},
    ),
    Socket(
        "/ws/device/{name}/",
        "Readings of one device, each with its position.",
        ("StoredReading", *EVERY_SOCKET),
        query=RESUMABLE,
        parameters={"name": f"The device: {DEVICE['pattern']}"},
    ),
    Socket(
        "/ws/weather/",
        "Send a city; its observation comes, each new one, and word of it when the newest becomes stale.",
        ("Observation", *EVERY_SOCKET),
        ("City", "Token"),
    ),
    Socket(
        "/ws/compare/{device}/{place}/",
        "A device's value beside the weather of a place: what is known now, and each change. Nothing of it is stored.",
        ("Comparison", *EVERY_SOCKET),
        query=QUERY | {"metric": METRIC | {"description": "Which metric; `temperature` if left out."}},
        parameters={"device": f"The device: {DEVICE['pattern']}", "place": f"The place: {ecma(NAME_PATTERN)}"},
    ),
    Socket(
        "/ws/feed/{name}/",
        "Any JSON: what one sends, all get.",
        ("Anything", *EVERY_SOCKET),
        ("Anything", "Token"),
        parameters={"name": f"The feed: {ecma(NAME_PATTERN)}"},
    ),
    Socket("/ws/echo/", "Your own messages back.", ("Anything", "Status"), ("Anything",)),
    Socket("/ws/my-websocket/", "The same as `/ws/echo/`.", ("Anything", "Status"), ("Anything",)),
    Socket(
        "/ws/ingest",
        "A device posts readings and takes commands. Each message gets one answer, in their order; what is "
        "acknowledged is stored.",
        ("Acknowledgement", "StatementTaken", "Refusal", "DeviceCommand"),
        ("Readings", "CommandStatement"),
        {
            "device": DEVICE | {"description": "Whose commands to send; a key for one device says it as well."},
            "on_error": text("Whether wrong readings of an array refuse all of it.", enum=["fail", "skip"]),
            "token": text("The device's key, where no header can be sent."),
        },
    ),
    Socket(
        "/connection/websocket",
        "The Centrifuge protocol: many topics on one connection. The subprotocol `centrifuge-protobuf`, or "
        "`?format=protobuf`, asks for Protobuf.",
        ("CentrifugeReply",),
        ("CentrifugeCommand",),
        {"format": text(enum=["json", "protobuf"])},
    ),
)
