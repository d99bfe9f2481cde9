"""What several areas speak of: readings, names, positions, times."""

from __future__ import annotations

from typing import Any

import msgspec

from services import topics
from services.api_description.area import Part, array, integer, nullable, obj, ref, text
from services.places import Place
from services.reading import SECONDS, Reading


def ecma(pattern: str) -> str:
    """`pattern` as JSON Schema writes it, which knows no end of text but `$`."""
    return pattern.replace(r"\Z", "$")


DEVICE = text("1–128 characters, a letter or digit first.", pattern=ecma(topics.DEVICE_PATTERN))
METRIC = text("1–64 characters, a letter or `_` first.", pattern=ecma(topics.METRIC_PATTERN))
_STORED = "readings|(device|metric|weather|feed):[A-Za-z0-9_][A-Za-z0-9._:~-]{0,127}"
STORED_TOPIC = text(
    "`readings`, or `device:`, `metric:`, `weather:` or `feed:` and a name.",
    pattern=f"^({_STORED})$",
    examples=["device:greenhouse-7"],
)
TOPIC = text(
    f"{STORED_TOPIC['description'][:-1]}; or `compare:<device>:<place>`, perhaps with `/<metric>` behind it.",
    pattern=f"^({_STORED}|compare:[A-Za-z0-9][A-Za-z0-9._:~-]{{2,192}}(/[A-Za-z_][A-Za-z0-9_.-]{{0,63}})?)$",
    examples=["device:greenhouse-7", "compare:greenhouse-7:berlin"],
)
POSITION = text("A place in a topic: its epoch and an offset.", pattern=r"^[A-Za-z]{0,32}\.[0-9]{1,15}$")
MS = integer("Unix time in milliseconds.", minimum=0)
MOMENT = {"anyOf": [integer("Unix milliseconds", minimum=0, maximum=10**15 - 1), text(format="date-time")]}
VALUE = {"type": ["boolean", "number", "string"], "description": "A number, a boolean or a text of 1–256 characters."}

SHOWN_VALUE = obj({"value": VALUE, "ts": integer("The device's own time."), "unit": text()}, ["value", "ts"])
LATEST = obj(
    {
        "device": text(),
        "last_seen": integer("When its last reading was stored, by our clock."),
        "ts": integer("Its newest time, by its own clock."),
        "latest": obj({}, about="Metric → newest value by the device's clock.", additionalProperties=SHOWN_VALUE),
        "tags": obj({}, additionalProperties=text()),
    },
    ["device", "last_seen", "ts", "latest", "tags"],
    "The newest values of a device.",
)
PUBLICATION = obj(
    {
        "offset": integer(minimum=1),
        "position": ref("Position"),
        "stored": MS | {"description": "When it was stored, in Unix milliseconds."},
        "data": {"description": "What was published: a reading, a metric's value, an observation, or any JSON."},
    },
    ["offset", "position", "stored", "data"],
)


def reading() -> Part:
    """The schema of a reading, from its type, with what the type leaves to `services.reading.decode`."""
    schema = _of(Reading, "Reading")
    properties = schema["properties"]
    properties["device"] = DEVICE
    properties["values"] |= {"minProperties": 1, "propertyNames": {"pattern": ecma(topics.METRIC_PATTERN)}}
    properties["values"]["description"] = "Metric → number, boolean or text."
    properties["ts"]["description"] = (
        "Unix milliseconds (seconds are refused), or RFC 3339 with a time zone; the time of receipt if left out."
    )
    numbers = properties["ts"]["anyOf"]
    numbers[:1] = [integer(minimum=0, maximum=SECONDS.start - 1), integer(minimum=SECONDS.stop)]
    properties["id"]["description"] = "Makes a retry store nothing twice."
    properties["id"]["anyOf"][0]["pattern"] = "^[!-~]{1,128}$"
    properties["units"]["description"] = "Metric → unit."
    properties["units"]["anyOf"][0]["propertyNames"] = {"pattern": ecma(topics.METRIC_PATTERN)}
    schema["description"] = "One device's values at one moment."
    schema["examples"] = [{"device": "greenhouse-7", "values": {"temperature": 21.4}}]
    return schema


def place() -> Part:
    """The schema of a place with weather."""
    return _of(Place, "Place")


def _of(kind: type, name: str) -> Part:
    _, described = msgspec.json.schema_components([kind])
    found = msgspec.json.decode(msgspec.json.encode(described))  # a default may be a tuple
    schema: dict[str, Any] = found[name]
    return schema


SCHEMAS = {
    "Position": POSITION,
    "Ms": MS,
    "Reading": reading(),
    "Readings": array(ref("Reading"), minItems=1),
    "Latest": LATEST,
    "Publication": PUBLICATION,
    "Place": place(),
}
NEXT = nullable(text("The address of the next page.", pattern="^/api/"))
