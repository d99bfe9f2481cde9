"""A stand-in for MET Norway's Locationforecast, made from its documented shape and its terms."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stand_ins.service import StandIn

UNITS = {
    "air_pressure_at_sea_level": "hPa",
    "air_temperature": "celsius",
    "cloud_area_fraction": "%",
    "precipitation_amount": "mm",
    "relative_humidity": "%",
    "wind_from_direction": "degrees",
    "wind_speed": "m/s",
}
DETAILS: dict[str, Any] = {
    "air_pressure_at_sea_level": 1009.3,
    "air_temperature": -4.4,
    "cloud_area_fraction": 98.4,
    "relative_humidity": 76.2,
    "wind_from_direction": 18.2,
    "wind_speed": 2.6,
}


class MetNorwayService(StandIn):
    """The stand-in. `details`, `symbol`, `modified` (Unix seconds) and `lasts_s` (to `Expires`) are what it says."""

    def __init__(self) -> None:
        self.details = dict(DETAILS)
        self.symbol = "lightsnow"
        self.modified = time.time() // 60 * 60
        self.lasts_s = 1_800
        self.deprecated = False
        super().__init__({"/weatherapi/locationforecast/2.0/compact": self._compact})

    def _compact(self, request: Request) -> Response:
        if "@" not in request.headers.get("user-agent", "") and "http" not in request.headers.get("user-agent", ""):
            return Response("403 Forbidden: tell us how to reach you", 403, media_type="text/plain")
        spot = [request.query_params.get(name, "") for name in ("lat", "lon")]
        if any(len(number.partition(".")[2]) > 4 for number in spot):
            return Response("403 Forbidden: at most 4 decimals", 403, media_type="text/plain")
        headers = {
            "Expires": formatdate(self.now_s() + self.lasts_s, usegmt=True),
            "Last-Modified": formatdate(self.modified, usegmt=True),
        }
        if request.headers.get("if-modified-since") == headers["Last-Modified"] and not self.deprecated:
            return Response(status_code=304, headers=headers)
        hour = int(self.now_s()) // 3_600 * 3_600
        body = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(spot[1]), float(spot[0]), 5]},
            "properties": {
                "meta": {"updated_at": _iso(self.modified), "units": UNITS},
                "timeseries": [self._hour(hour + 3_600 * ahead) for ahead in range(48)],
            },
        }
        return JSONResponse(body, 203 if self.deprecated else 200, headers)

    def _hour(self, at_s: float) -> dict[str, Any]:
        following = {"summary": {"symbol_code": self.symbol}, "details": {"precipitation_amount": 0.2}}
        return {
            "time": _iso(at_s),
            "data": {"instant": {"details": self.details}, "next_1_hours": following, "next_6_hours": following},
        }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
