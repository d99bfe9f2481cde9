"""A stand-in for OpenWeatherMap's current weather, made from its documented shape."""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stand_ins.service import StandIn

KEY = "the-key"


class OpenWeatherMapService(StandIn):
    """The stand-in; it knows one key. `main` and `observed` (Unix seconds) are what it says."""

    def __init__(self) -> None:
        self.main: dict[str, Any] = {"temp": 21.4, "feels_like": 21.1, "pressure": 1015, "humidity": 64}
        self.observed = int(time.time()) // 600 * 600
        super().__init__({"/data/2.5/weather": self._weather})

    def refusal(self, status: int, reason: str, headers: Any = None) -> Response:
        return JSONResponse({"cod": status, "message": reason}, status, headers)

    def _weather(self, request: Request) -> Any | Response:
        if request.query_params.get("appid") != KEY:
            return self.refusal(401, "Invalid API key. Please see https://openweathermap.org/faq#error401.")
        if request.query_params.get("units") != "metric":
            return self.refusal(400, "The stand-in speaks units=metric only")
        return {
            "weather": [{"id": 803, "main": "Clouds", "description": "broken clouds", "icon": "04d"}],
            "main": self.main,
            "visibility": 10000,
            "wind": {"speed": 0.62, "deg": 349},
            "clouds": {"all": 75},
            "dt": self.observed,
            "id": 3163858,
            "name": "Zocca",
            "cod": 200,
        }
