"""A stand-in for Open-Meteo's forecast and geocoding services, made from their documented shapes.

In a test: `with OpenMeteo() as weather:` serves on `weather.url` from a thread; `weather.requests` tells what
was asked, `weather.next(fault, …)` makes the next answers go wrong. By hand:
`python -m tests.stand_ins.open_meteo 8099`, and set WINDSOCK_OPEN_METEO_URL and WINDSOCK_GEOCODING_URL to it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.stand_ins.cities import CITIES, names, plain, shown

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
PATHS = ("/v1/forecast", "/v1/search", "/v1/get")
FAULTS = ("400", "429", "500", "503", "garbage", "truncated", "drip", "redirect", "huge", "other shape", "one broken")


class OpenMeteo:
    """The stand-in. `values` and `observed` (Unix seconds) are what the forecast says; change them at will."""

    def __init__(self, port: int = 0) -> None:
        self.values = dict(VALUES)
        self.cities = [dict(city) for city in CITIES]
        self.observed = int(time.time()) // 900 * 900
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.retry_after: str | None = None
        self._faults: dict[str, deque[str]] = {path: deque() for path in PATHS}
        self._listener = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        endpoints = (self._forecast, self._search, self._get)
        application = Starlette(routes=[Route(*route) for route in zip(PATHS, endpoints, strict=True)])
        self._server = uvicorn.Server(
            uvicorn.Config(application, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        """Serve until stopped."""
        asyncio.run(self._server.serve(sockets=[self._listener]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._listener.close()

    def next(self, *faults: str, path: str = "/v1/forecast") -> None:
        """The next answers of `path` go wrong, one in each of these ways (see FAULTS)."""
        assert set(faults) <= set(FAULTS), faults
        self._faults[path].extend(faults)

    def forgive(self, path: str) -> None:
        """No more answers of `path` go wrong."""
        self._faults[path].clear()

    def forecasts(self) -> list[dict[str, str]]:
        """The queries of the requests for a forecast, in order."""
        return [query for path, query in self.requests if path == "/v1/forecast"]

    def searches(self) -> list[str]:
        """The names that were searched for, in order."""
        return [query.get("name", "") for path, query in self.requests if path == "/v1/search"]

    async def _forecast(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.requests.append((request.url.path, query))
        latitudes, longitudes = query.get("latitude", "").split(","), query.get("longitude", "").split(",")
        if len(latitudes) != len(longitudes):
            return _refusal(400, "Parameter 'latitude' and 'longitude' must have the same number of elements")
        asked = query.get("current", "").split(",")
        unknown = [name for name in asked if name not in self.values and name not in VALUES]
        if unknown:
            return _refusal(400, f"Cannot initialize a variable from invalid String value {unknown[0]}.")
        if query.get("timeformat") != "unixtime" or query.get("wind_speed_unit") != "ms":
            return _refusal(400, "The stand-in speaks timeformat=unixtime and wind_speed_unit=ms only")
        places = [self._place(i, *spot, asked) for i, spot in enumerate(zip(latitudes, longitudes, strict=True))]
        if "hourly" in query:
            places = [place | self._hours(query) for place in places]
        return self._answer(request.url.path, places if len(places) > 1 else places[0])

    def _place(self, index: int, latitude: str, longitude: str, asked: list[str]) -> dict[str, Any]:
        current = {name: self.values[name] for name in asked if name in self.values}
        place: dict[str, Any] = {
            "latitude": round(float(latitude), 2),
            "longitude": round(float(longitude), 2),
            "generationtime_ms": 0.05,
            "utc_offset_seconds": 0,
            "timezone": "GMT",
            "timezone_abbreviation": "GMT",
            "elevation": 38.0,
            "current_units": UNITS,
            "current": {"time": self.observed, "interval": 900} | current,
        }
        # The first of several places carries no location_id.
        return place if index == 0 else place | {"location_id": index}

    def _hours(self, query: dict[str, str]) -> dict[str, Any]:
        """Every hour from midnight of the first past day to the end of the last day that is forecast."""
        days = int(query["past_days"]) + int(query["forecast_days"])
        first = self.observed // 86_400 * 86_400 - int(query["past_days"]) * 86_400
        asked = [name for name in query["hourly"].split(",") if name in self.values]
        hours = {name: [self.values[name]] * days * 24 for name in asked}
        return {"hourly": {"time": [first + 3_600 * hour for hour in range(days * 24)]} | hours}

    async def _search(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.requests.append((request.url.path, query))
        # As the service does: two letters match whole names, more their beginnings; an area behind a comma narrows.
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
        return self._answer(request.url.path, {"generationtime_ms": 0.4} | ({"results": results} if results else {}))

    async def _get(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.requests.append((request.url.path, query))
        city = next((city for city in self.cities if str(city["id"]) == query.get("id")), None)
        if city is None:
            return _refusal(400, "Location ID not found.")
        return self._answer(request.url.path, shown(city))

    def _answer(self, path: str, body: Any) -> Response:
        fault = self._faults[path].popleft() if self._faults[path] else None
        text = json.dumps(body)
        match fault:
            case None:
                return JSONResponse(body)
            case "429":
                headers = {"Retry-After": self.retry_after} if self.retry_after is not None else None
                return _refusal(429, "Minutely API request limit exceeded. Please try again in one minute.", headers)
            case "400" | "500" | "503":
                return _refusal(int(fault), "The stand-in was told to refuse")
            case "garbage":
                return Response("<html>not the weather</html>", media_type="text/html")
            case "truncated":
                return Response(text[: len(text) // 2], media_type="application/json")
            case "drip":
                return StreamingResponse(_drip(text), media_type="application/json")
            case "redirect":
                return Response(status_code=302, headers={"Location": self.url + "/v1/elsewhere"})
            case "huge":
                return Response(b'{"padding": "' + b"x" * 4_000_000 + b'"}', media_type="application/json")
            case "one broken":
                body[0]["current"] = {"time": None}
                return JSONResponse(body)
            case _:
                return JSONResponse([{"temperature": 21}] * 3)


def _refusal(status: int, reason: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": True, "reason": reason}, status, headers)


async def _drip(text: str) -> AsyncIterator[str]:
    for character in text:
        yield character
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    stand_in = OpenMeteo(int(sys.argv[1]) if len(sys.argv) > 1 else 8099)
    print(f"Open-Meteo's stand-in listens on {stand_in.url}", flush=True)
    stand_in.run()
