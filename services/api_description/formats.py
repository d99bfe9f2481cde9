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
from services.api_description.posting import COMPRESSED, IDEMPOTENCY_KEY
from services.api_description.security import DEVICE_KEYS

LINES = "temperature,host=greenhouse-7 value=21.4 1760000000123000000\n"
SENML = [{"bn": "greenhouse-7:", "n": "temperature", "u": "Cel", "v": 21.4}]
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "greenhouse-7",
    "type": "reading",
    "data": {"temperature": 21.4},
}
READINGS_CONTENT = (
    media("application/senml+json", array(obj({}), minItems=1, description="A pack (RFC 8428)."), SENML)
    | media("application/cloudevents+json", obj({}, about="An event; its `data` is a reading."), CLOUD_EVENT)
    | media("application/cloudevents-batch+json", array(obj({})), [CLOUD_EVENT])
)
"""What `/v1/readings` takes beside our own form."""

V1_ERROR = obj({"error": text()}, ["error"], "As InfluxDB 1 tells errors.")
V2_ERROR = obj(
    {"code": text(), "message": text(), "line": integer("Which line is wrong first, from 1.", minimum=1)},
    ["code", "message"],
    "As InfluxDB 2 tells errors.",
)
HEALTH = obj(
    {"name": text(), "message": text(), "status": text(enum=["pass", "fail"]), "version": text()},
    ["name", "message", "status", "version"],
)
ABOUT = {"X-Influxdb-Version": "The version of InfluxDB whose API this is.", "X-Influxdb-Build": "`Windsock`"}
RETRY_AFTER: Part = {
    "Retry-After": {"description": "Seconds to wait; left out after a body that came too slowly.", "schema": integer()}
}
RETRYABLE = (429, 503)


def _refusals(statuses: dict[int, str], error: Part, headers: dict[str, str] | None = None) -> dict[int, Part]:
    found = {status: answer(about, json(error), headers) for status, about in statuses.items()}
    for status in set(statuses).intersection(RETRYABLE):
        found[status]["headers"] = found[status].get("headers", {}) | RETRY_AFTER
    return found


def _write(name: str, summary: str, error: Part, statuses: dict[int, str], parameters: list[Part]) -> Part:
    return operation(
        name,
        summary,
        {204: answer("All lines are stored.", headers=ABOUT)} | _refusals(REFUSED | statuses, error, ABOUT),
        (431,),
        about="The media type does not matter. Lines that are wrong, or that the key or a limit of devices or metrics "
        "does not let in, are left out and told; the others are stored.",
        parameters=[*parameters, IDEMPOTENCY_KEY],
        sends=body(media("text/plain", text("Line protocol."), LINES), required=False, about=COMPRESSED),
        security=DEVICE_KEYS,
    )


def _query(name: str, about: str, schema: Part | None = None, *, required: bool = False) -> Part:
    return parameter("query", name, about, schema or text(), required=required)


REFUSED = {
    400: "No line is good, or a parameter is wrong; nothing is stored.",
    401: "The key is missing or wrong.",
    403: "Nothing of it with this key; nothing is stored.",
    413: "More than a limit allows.",
    415: "A content encoding that is not read, or a web page that names no media type of its own.",
    422: "The `Idempotency-Key` came with another request before; nothing is stored.",
    503: "Try again.",
}
PRECISIONS_V1 = text(enum=["", "n", "ns", "u", "us", "ms", "s", "m", "h"], default="ns")
PRECISIONS_V2 = text(enum=["", "ns", "us", "ms", "s"], default="ns")
STATEMENT = "The statement, `CREATE DATABASE <name>`."
CREATED = {200: answer("It is there.", json(obj({"results": array(obj({"statement_id": integer()}))}, ["results"])))}
QUERY_REFUSED = {400: "No statement, or another one."}

AREA = Area(
    "Other formats",
    "For clients that are there already: Telegraf, InfluxDB's libraries, ThingsBoard's devices.",
    {
        "/write": {
            "post": _write(
                "writeV1",
                "Line protocol, as InfluxDB 1 takes it",
                ref("InfluxV1Error"),
                {
                    400: REFUSED[400] + " Or some lines are left out (`partial write`).",
                    503: "Try again. Also where too much came with the key: such clients drop data on 429.",
                },
                [
                    _query("db", "Not looked at."),
                    _query("rp", "Not looked at."),
                    _query("precision", "Of the times.", PRECISIONS_V1),
                    _query("u", "Not looked at."),
                    _query("p", "The device's key, where no header names it."),
                ],
            )
        },
        "/api/v2/write": {
            "post": _write(
                "writeV2",
                "Line protocol, as InfluxDB 2 takes it",
                ref("InfluxV2Error"),
                {
                    422: "Some lines are left out. Or: " + REFUSED[422],
                    429: "Too much comes with the key, or from the address.",
                },
                [
                    _query("org", "Not looked at."),
                    _query("bucket", "Not looked at."),
                    _query("precision", "Of the times.", PRECISIONS_V2),
                ],
            )
        },
        "/ping": {"get": operation("pingInflux", "Whether it is there", {204: answer("It is.", headers=ABOUT)})},
        "/health": {
            "get": operation(
                "influxHealth",
                "Whether lines could be stored now",
                {200: answer("They could.", json(HEALTH)), 503: answer("They could not.", json(HEALTH))},
            )
        },
        "/query": {
            "get": operation(
                "askInflux",
                "CREATE DATABASE, as agents ask before they write",
                CREATED | _refusals(QUERY_REFUSED, ref("InfluxV1Error"), ABOUT),
                parameters=[_query("q", STATEMENT, required=True)],
            ),
            "post": operation(
                "askInfluxByForm",
                "The same as a form",
                CREATED
                | _refusals(
                    QUERY_REFUSED
                    | {
                        413: "The form is too large.",
                        415: "A content encoding that is not read.",
                        503: "The form came too slowly.",
                    },
                    ref("InfluxV1Error"),
                    ABOUT,
                ),
                parameters=[_query("q", STATEMENT)],
                sends=body(
                    media("application/x-www-form-urlencoded", obj({"q": text(STATEMENT)})),
                    required=False,
                    about=COMPRESSED,
                ),
            ),
        },
        "/api/v1/{token}/telemetry": {
            "post": operation(
                "postTelemetry",
                "Telemetry, as ThingsBoard takes it",
                {200: answer("Stored.")},
                (400, 401, 403, 408, 413, 415, 422, 429, 431, 503),
                about='`{"key": value}`, `{"ts": ms, "values": {…}}`, or an array of either. What is refused with 422 '
                "elsewhere is 400 here, but for an `Idempotency-Key` of another request.",
                parameters=[
                    parameter(
                        "path",
                        "token",
                        "The key, which is for one device; where nobody needs a key, the device's name.",
                        text(minLength=1),
                    ),
                    IDEMPOTENCY_KEY,
                ],
                sends=body(json({"anyOf": [obj({}), array(obj({}))]}, {"temperature": 21.4}), about=COMPRESSED),
            )
        },
    },
    {"InfluxV1Error": V1_ERROR, "InfluxV2Error": V2_ERROR},
)
