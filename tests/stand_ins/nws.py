"""A stand-in for the API of the US National Weather Service, made from its documented shapes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stand_ins.service import StandIn


def quantity(value: float | None, unit: str, quality: str = "V") -> dict[str, Any]:
    """A value as it is told, with its unit and the verdict of its checks."""
    return {"unitCode": f"wmoUnit:{unit}", "value": value, "qualityControl": quality}


VALUES: dict[str, Any] = {
    "textDescription": "Mostly Cloudy",
    "temperature": quantity(7.2, "degC"),
    "dewpoint": quantity(1.1, "degC"),
    "windDirection": quantity(250, "degree_(angle)"),
    "windSpeed": quantity(14.4, "km_h-1"),
    "windGust": quantity(None, "km_h-1", "Z"),
    "seaLevelPressure": quantity(101_320, "Pa"),
    "visibility": quantity(16_090, "m"),
    "relativeHumidity": quantity(65.2, "percent"),
}


class NwsService(StandIn):
    """The stand-in. `values`, `observed` (Unix seconds) and `covered` are what it says, `silent` who tells nothing."""

    def __init__(self) -> None:
        self.values = dict(VALUES)
        self.observed = int(time.time()) // 3_600 * 3_600
        self.covered = True
        self.silent: set[str] = set()
        super().__init__(
            {
                "/stations/{station}/observations/latest": self._latest,
                "/stations/{station}/observations": self._observations,
                "/points/{spot}": self._points,
                "/gridpoints/{office}/{cell}/stations": self._stations,
            }
        )

    def refusal(self, status: int, reason: str, headers: Any = None) -> Response:
        body = {"type": "https://api.weather.gov/problems/Problem", "title": reason, "status": status, "detail": reason}
        return JSONResponse(body, status, headers, media_type="application/problem+json")

    def _points(self, request: Request) -> Any | Response:
        latitude, _, longitude = request.path_params["spot"].partition(",")
        for number in (latitude, longitude):
            if len(number.partition(".")[2]) > 4 or ("." in number and number.endswith("0")):
                return Response(status_code=301, headers={"Location": "/points/elsewhere"})
        if not self.covered:
            return self.refusal(404, "Data Unavailable For Requested Point")
        return {"properties": {"gridId": "BOU", "gridX": 62, "gridY": 61}}

    def _stations(self, request: Request) -> Any:
        named = {"KBKF": "Aurora, Buckley Space Force Base", "KAPA": "Denver, Centennial Airport", "KDEN": "Denver"}
        return {"features": [{"properties": {"stationIdentifier": id, "name": name}} for id, name in named.items()]}

    def _latest(self, request: Request) -> Any | Response:
        if request.path_params["station"] in self.silent:
            return self.refusal(404, "Not Found")
        return self._feature(self.observed)

    def _observations(self, request: Request) -> Any:
        start = datetime.fromisoformat(request.query_params["start"]).timestamp()
        hours = range(self.observed, int(start) - 1, -3_600)
        return {"features": [self._feature(at_s) for at_s in hours][: int(request.query_params["limit"])]}

    def _feature(self, at_s: float) -> dict[str, Any]:
        return {"properties": {"timestamp": datetime.fromtimestamp(at_s, UTC).isoformat(), **self.values}}
