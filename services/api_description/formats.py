"""What other systems' clients post, in their own forms: InfluxDB's line protocol, ThingsBoard, SenML, CloudEvents."""

from __future__ import annotations

from services.api_description.area import (
    Area,
    Part,
    answer,
    array,
    body,
    integer,
    json,
    media,
    obj,
    operation,
    parameter,
    ref,
    text,
)
from services.api_description.security import DEVICE_KEYS

LINES = "temperature,host=greenhouse-7 value=21.4 1760000000123000000\n"
SENML = [{"bn": "greenhouse-7:", "n": "temperature", "u": "Cel", "v": 21.4}]
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "greenhouse-7",
    "type": "reading",
    "data": {"device": "greenhouse-7", "values": {"temperature": 21.4}},
}
READINGS_CONTENT = (
    media("application/senml+json", array(obj({}), minItems=1, description="A pack (RFC 8428)."), SENML)
    | media("application/cloudevents+json", obj({}, about="An event; its `data` are readings."), CLOUD_EVENT)
    | media("application/cloudevents-batch+json", array(obj({})), [CLOUD_EVENT])
)
"""What `/v1/readings` takes beside our own form."""

V1_ERROR = obj({"error": text()}, ["error"], "As InfluxDB 1 tells errors.")
V2_ERROR = obj({"code": text(), "message": text(), "line": integer()}, ["code", "message"], "As InfluxDB 2 tells them.")
LINE_PROTOCOL = body(media("text/plain", text("Line protocol."), LINES))
WAIT = {"Retry-After": "Seconds to wait."}


def _influx(name: str, summary: str, error: Part, statuses: dict[int, str], parameters: list[Part]) -> Part:
    answers = {204: answer("Stored.")} | {
        status: answer(about, json(error), WAIT if status in (429, 503) else None) for status, about in statuses.items()
    }
    return operation(name, summary, answers, parameters=parameters, sends=LINE_PROTOCOL, security=DEVICE_KEYS)


def _query(name: str, about: str, schema: Part | None = None) -> Part:
    return parameter("query", name, about, schema or text())


REFUSED = {
    400: "A line is wrong; nothing is stored.",
    401: "The key is wrong.",
    403: "Not with this key.",
    408: "The body came too slowly.",
    413: "More than a limit allows.",
    415: "A content encoding that is not read.",
}
PRECISIONS_V1 = text(enum=["n", "ns", "u", "us", "ms", "s", "m", "h"], default="n")
PRECISIONS_V2 = text(enum=["ns", "us", "ms", "s"], default="ns")

AREA = Area(
    "Other formats",
    "For clients that are there already: Telegraf, InfluxDB's libraries, ThingsBoard's devices.",
    {
        "/write": {
            "post": _influx(
                "writeV1",
                "Line protocol, as InfluxDB 1 takes it",
                ref("InfluxV1Error"),
                REFUSED | {503: "Try again; a quota that is used up as well, for such clients drop data on 429."},
                [
                    _query("db", "Not looked at, unless mapped."),
                    _query("rp", "Not looked at."),
                    _query("precision", "Of the times.", PRECISIONS_V1),
                    _query("u", "Not looked at."),
                    _query("p", "The key."),
                ],
            )
        },
        "/api/v2/write": {
            "post": _influx(
                "writeV2",
                "Line protocol, as InfluxDB 2 takes it",
                ref("InfluxV2Error"),
                REFUSED | {422: "Some points were left out.", 429: "Your quota is used up.", 503: "Try again."},
                [
                    _query("org", "Not looked at."),
                    _query("bucket", "Not looked at, unless mapped."),
                    _query("precision", "Of the times.", PRECISIONS_V2),
                ],
            )
        },
        "/ping": {
            "get": operation(
                "pingInflux", "Whether it is there", {204: answer("It is.", headers={"X-Influxdb-Version": "Ours."})}
            )
        },
        "/query": {
            "post": operation(
                "queryInflux",
                "CREATE DATABASE, which Telegraf asks first",
                {
                    200: answer("Done.", json(obj({"results": array(obj({"statement_id": integer()}))}, ["results"]))),
                    400: answer("Any other question.", json(ref("InfluxV1Error"))),
                },
                parameters=[_query("q", "The statement.")],
                sends=body(media("application/x-www-form-urlencoded", obj({"q": text()})), required=False),
            )
        },
        "/api/v1/{token}/telemetry": {
            "post": operation(
                "postTelemetry",
                "Telemetry, as ThingsBoard takes it",
                {200: answer("Stored.")},
                (400, 401, 403, 408, 413, 415, 422, 429, 503),
                about='`{"key": value}`, `{"ts": ms, "values": {…}}`, or an array of either.',
                parameters=[parameter("path", "token", "The device's key.", text(minLength=1))],
                sends=body(json({"anyOf": [obj({}), array(obj({}))]}, {"temperature": 21.4})),
            )
        },
    },
    {"InfluxV1Error": V1_ERROR, "InfluxV2Error": V2_ERROR},
)
