"""OpenWeatherMap's current weather, which demands a key. Pure.

Shapes: openweathermap.org/current; weather ids: openweathermap.org/weather-conditions; errors and how often to ask:
openweathermap.org/faq. Data: CC BY-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.places import Place
from weather_poller.fetch import FetchError
from weather_poller.providers.observation import checked_s, object_of, observation
from weather_poller.providers.provider import (
    Answer,
    Ask,
    Calls,
    Found,
    GarbledAnswerError,
    NothingToldError,
    Question,
    Source,
)
from weather_poller.providers.units import in_ours, is_number

SOURCE = Source("openweathermap", "Weather data provided by OpenWeather", "https://openweathermap.org/", "CC BY-SA 4.0")
PATH = "/data/2.5/weather"
INTERVAL_S = 600.0

_FIELDS = {
    "temperature": ("main", "temp", "°C"),
    "apparent_temperature": ("main", "feels_like", "°C"),
    "humidity": ("main", "humidity", "%"),
    "cloud_cover": ("clouds", "all", "%"),
    "wind_speed": ("wind", "speed", "m/s"),
    "wind_direction": ("wind", "deg", "°"),
    "wind_gusts": ("wind", "gust", "m/s"),
}
"""Metric → where it stands, and its unit with units=metric."""

_CODES = {
    **{id: 95 for id in (200, 201, 202, 210, 211, 212, 221, 230, 231, 232)},
    **{300: 51, 301: 53, 302: 55, 310: 51, 311: 53, 312: 55, 313: 80, 314: 81, 321: 80},
    **{500: 61, 501: 63, 502: 65, 503: 65, 504: 65, 511: 66, 520: 80, 521: 81, 522: 82, 531: 81},
    **{600: 71, 601: 73, 602: 75, 611: 69, 612: 83, 613: 84, 615: 68, 616: 69, 620: 85, 621: 85, 622: 86},
    **{741: 45, 800: 0, 801: 1, 802: 2, 803: 2, 804: 3},
}
"""Weather id → WMO code; mist, smoke, dust and the like have their text alone."""


class OpenWeatherMap:
    """Asks for one place at a time, every `interval_s` or as often as the data change."""

    name = SOURCE.provider
    places_per_request = 1

    def __init__(self, url: str, key: str, calls: Calls, interval_s: float = 0.0) -> None:
        self.url = url
        self.calls = calls
        self._interval_s = max(INTERVAL_S, interval_s)
        self._key = key

    def covers(self, place: Place) -> bool:
        return True

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        (place,) = places
        spot = {"lat": f"{place.latitude:.4f}", "lon": f"{place.longitude:.4f}"}
        try:
            answer = yield Ask(self.url + PATH, spot | {"units": "metric", "appid": self._key})
        except FetchError as error:
            if error.status == 401:
                raise error.reworded("it refuses the key in WINDSOCK_OPENWEATHERMAP_KEY") from None
            raise
        try:
            return [_found(answer, place, self._interval_s)]
        except NothingToldError as why:
            return [Found(place.place, fault=str(why))]


def _found(answer: Answer, place: Place, interval_s: float) -> Found:
    body = object_of(answer.body)
    if "message" in body and str(body.get("cod")) != "200":
        raise GarbledAnswerError(f"it refused: {str(body['message'])[:200]}")
    if not isinstance(body.get("main"), dict):
        raise GarbledAnswerError("its answer has no conditions")
    time = body.get("dt")
    observed_s = checked_s(time if is_number(time) else None, place, answer.fetched_ms)
    reading = observation(
        place,
        SOURCE,
        _values(body),
        observed_s=observed_s,
        fetched_ms=answer.fetched_ms,
        interval_s=interval_s,
        where=_station(body),
    )
    return Found(place.place, [reading], interval_s)


def _values(body: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        metric: in_ours(metric, object_of(body.get(part)).get(name), unit)
        for metric, (part, name, unit) in _FIELDS.items()
    }
    main = object_of(body.get("main"))
    values["pressure"] = in_ours("pressure", main.get("sea_level", main.get("pressure")), "hPa")
    values["visibility"] = in_ours("visibility", body.get("visibility"), "m")
    fallen = [object_of(body.get(what)).get("1h") for what in ("rain", "snow")]
    amounts = [amount for amount in fallen if is_number(amount)]
    values["precipitation"] = round(sum(amounts), 2) if amounts else None
    return values | _weather(body.get("weather"))


def _weather(told: Any) -> dict[str, Any]:
    first = object_of(told[0]) if isinstance(told, list) and told else {}
    weather: dict[str, Any] = {}
    id, text, icon = first.get("id"), first.get("description"), first.get("icon")
    if is_number(id):
        weather["weather_code"] = _CODES.get(int(id))
    if weather.get("weather_code") is None and isinstance(text, str) and text:
        weather["weather_text"] = text[:256]
    if isinstance(icon, str) and icon[-1:] in ("d", "n"):
        weather["is_day"] = icon[-1] == "d"
    return weather


def _station(body: Mapping[str, Any]) -> dict[str, str]:
    told = [str(part) for part in (body.get("id"), body.get("name")) if isinstance(part, int | str) and part]
    return {"station": " ".join(told)} if told else {}
