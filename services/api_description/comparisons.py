"""`/api/compare`, and what the topics `compare:…` carry: a device's value beside the weather outside."""

from __future__ import annotations

from services.api_description.area import Area, answer, integer, json, nullable, obj, operation, parameter, ref, text
from services.api_description.schemas import DEVICE, METRIC, MS, VALUE
from services.api_description.security import TOKENS
from services.topics import COMPARED_METRIC

_MEMBERS = {
    "device": text(),
    "place": text("The place's name in topics."),
    "metric": text(),
    "value": nullable(VALUE),
    "unit": nullable(text("Of `value`.")),
    "unit_assumed": {"type": "boolean", "description": "Whether the device tells no unit: the weather's is assumed."},
    "ts": nullable(integer("When the device measured it, by its clock.")),
    "age_s": nullable(integer("Seconds since then.", minimum=0)),
    "outside": nullable(VALUE | {"description": "The weather's value, in the device's unit where that can be."}),
    "outside_unit": nullable(text("Of `outside`.")),
    "outside_ts": nullable(MS | {"description": "When it was observed."}),
    "outside_age_s": nullable(integer("Seconds since then.", minimum=0)),
    "difference": nullable({"type": "number", "description": "`value` less `outside`, in `unit`."}),
    "reason": nullable(text("Why there is no difference.")),
    "stale": nullable({"type": "boolean", "description": "Whether the observation is older than twice its interval."}),
    "stale_reason": nullable(text("Why there is no newer one, where that is known.")),
}
COMPARISON = obj(
    _MEMBERS
    | {
        "city": text(),
        "provider": text("Whose observation it is."),
        "attribution": text("To be shown beside it."),
        "attribution_url": text(),
        "licence": text(),
        "grid": text("The centre of the grid cell: latitude and longitude."),
        "station": text("The station."),
        "fetched": text("When the provider was asked."),
    },
    list(_MEMBERS),
    "A device's value beside that of the weather. What an observation does not say of its source is missing.",
)

AREA = Area(
    "Inside and outside",
    "A device's value beside the weather of a place; live as the topic `compare:<device>:<place>` (docs/weather.md).",
    {
        "/api/compare": {
            "get": operation(
                "compare",
                "A device's value, the weather's, and the difference",
                {200: answer("What is known of both.", json(ref("Comparison")))},
                (400, 401, 403, 404, 503),
                about="A token must open the topics `device:<device>` and `weather:<place>`. Who asks is interested in "
                "the place: it is polled. A place that nobody asked for yet is not known (404).",
                parameters=[
                    parameter("query", "device", "The device's name.", DEVICE, required=True),
                    parameter("query", "metric", "Which metric.", METRIC | {"default": COMPARED_METRIC}),
                    parameter(
                        "query",
                        "place",
                        "The place's name in topics, or a city's name under which it is known.",
                        text(minLength=1, maxLength=100),
                        required=True,
                    ),
                ],
                security=TOKENS,
            )
        }
    },
    {"Comparison": COMPARISON},
)
