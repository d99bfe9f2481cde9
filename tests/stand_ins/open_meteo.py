"""A stand-in for Open-Meteo's forecast and geocoding services, made from their documented shapes.

By hand: `python -m tests.stand_ins.open_meteo 8099`.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.stand_ins.cities import CITIES, names, plain, shown
from tests.stand_ins.service import StandIn, by_hand

UNITS = {"time": "unixtime", "interval": "seconds"}
VALUES: dict[str, Any] = {
    "temperature_2m": 3.4,
    "relative_humidity_2m": 81,
    "apparent_temperature": -0.6,
    "is_day": 1,
    "precipitation": 0.0,
    "weather_code": 61,
    "cloud_cover": 100,
    "pressure_msl": 1013.2,
    "wind_speed_10m": 4.2,
    "wind_direction_10m": 250,
    "wind_gusts_10m": 9.1,
}
HOUR_S, DAY_S = 3_600, 86_400


class OpenMeteo(StandIn):
    """The stand-in. `values`, `observed` (Unix seconds), `interval` (seconds) and `cities` are what it says."""

    def __init__(self, port: int = 0) -> None:
        self.values = dict(VALUES)
        self.cities = [dict(city) for city in CITIES]
        self.observed = int(time.time()) // 900 * 900
        self.interval = 900
        self.asked_for: Counter[str] = Counter()
        """Spot ("52.5200,13.4100") → how often its forecast was asked for."""
        super().__init__({"/v1/forecast": self._forecast, "/v1/search": self._search, "/v1/get": self._get}, port)

    def forecasts(self) -> list[dict[str, str]]:
        """The queries of the requests for a forecast, in order."""
        return [query for path, query in self.requests if path == "/v1/forecast"]

    def searches(self) -> list[str]:
        """The names that were searched for, in order."""
        return [query.get("name", "") for path, query in self.requests if path == "/v1/search"]

    def break_one(self, body: Any) -> Any:
        body[0]["current"] = {"time": None}
        return body

    def _forecast(self, request: Request) -> Any | Response:
        query = dict(request.query_params)
        latitudes, longitudes = query.get("latitude", "").split(","), query.get("longitude", "").split(",")
        if len(latitudes) != len(longitudes):
            return self.refusal(400, "Parameter 'latitude' and 'longitude' must have the same number of elements")
        asked = [name for part in ("current", "hourly") for name in query.get(part, "").split(",") if name]
        unknown = [name for name in asked if name not in self.values and name not in VALUES]
        if unknown:
            return self.refusal(400, f"Cannot initialize a variable from invalid String value {unknown[0]}.")
        if query.get("timeformat") != "unixtime" or query.get("wind_speed_unit") != "ms":
            return self.refusal(400, "The stand-in speaks timeformat=unixtime and wind_speed_unit=ms only")
        self.asked_for.update(map(",".join, zip(latitudes, longitudes, strict=True)))
        places = [self._place(i, *spot, query) for i, spot in enumerate(zip(latitudes, longitudes, strict=True))]
        return places if len(places) > 1 else places[0]

    def _place(self, index: int, latitude: str, longitude: str, query: dict[str, str]) -> dict[str, Any]:
        current = {name: self.values[name] for name in query.get("current", "").split(",") if name in self.values}
        place: dict[str, Any] = {
            "latitude": round(float(latitude), 2),
            "longitude": round(float(longitude), 2),
            "generationtime_ms": 0.05,
            "utc_offset_seconds": 0,
            "timezone": "GMT",
            "timezone_abbreviation": "GMT",
            "elevation": 38.0,
            "current_units": UNITS,
            "current": {"time": self.observed, "interval": self.interval} | current,
        }
        if "hourly" in query:
            place["hourly_units"] = {"time": "unixtime"}
            place["hourly"] = self._hourly(query)
        # The first of several places carries no location_id.
        return place if index == 0 else place | {"location_id": index}

    def _hourly(self, query: dict[str, str]) -> dict[str, list[Any]]:
        """Whole days, with those past and those to come; an hour further back is a tenth of a degree colder."""
        today = self.observed // DAY_S * DAY_S
        begin = today - int(query.get("past_days", "0")) * DAY_S
        times = list(range(begin, today + int(query.get("forecast_days", "7")) * DAY_S, HOUR_S))
        hourly: dict[str, list[Any]] = {
            name: [self.values.get(name)] * len(times) for name in query["hourly"].split(",")
        }
        warm = self.values.get("temperature_2m")
        if warm is not None and "temperature_2m" in hourly:
            hourly["temperature_2m"] = [round(warm + (at - self.observed) / HOUR_S / 10, 1) for at in times]
        return {"time": times} | hourly

    def _search(self, request: Request) -> Any:
        # As the service does: two letters match whole names, more their beginnings; an area behind a comma narrows.
        query = request.query_params
        name, *areas = (plain(part.strip()) for part in query.get("name", "").split(","))
        found = [
            city
            for city in self.cities
            if any(known == name or (len(name) > 2 and known.startswith(name)) for known in names(city))
            and (not areas or areas[0] in (plain(city.get("admin1", "")), plain(city.get("country", ""))))
        ]
        found.sort(key=lambda city: (name not in names(city), -city.get("population", 0)))
        results = [shown(city) for city in found[: int(query.get("count", "10"))]]
        # No results, no key.
        return {"generationtime_ms": 0.4} | ({"results": results} if results else {})

    def _get(self, request: Request) -> Any | Response:
        city = next((city for city in self.cities if str(city["id"]) == request.query_params.get("id")), None)
        return self.refusal(400, "Location ID not found.") if city is None else shown(city)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    by_hand(OpenMeteo(port), ["WINDSOCK_OPEN_METEO_URL", "WINDSOCK_GEOCODING_URL"])
