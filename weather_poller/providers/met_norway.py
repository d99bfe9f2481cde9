"""MET Norway's Locationforecast: the forecast's hour that is now, anywhere on earth. Pure apart from its memory.

It has no observations; what is told is the entry of the forecast that began last. Terms: api.met.no/doc/TermsOfService
(a User-Agent with a contact, no question before `Expires`, `If-Modified-Since`, at most 4 decimals);
shapes: docs.api.met.no/doc/ForecastJSON. Data: CC BY 4.0 (api.met.no/doc/License).
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from services import logs
from services.places import Place
from weather_poller.providers.observation import HOUR_S, cell, checked_s, object_of, observation, unix_s
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
from weather_poller.providers.units import UNITS, in_ours

SOURCE = Source("met-norway", "Data from MET Norway", "https://api.met.no/", "CC BY 4.0")
PATH = "/weatherapi/locationforecast/2.0/compact"
MOST_REMEMBERED = 1_000
HOURS_KEPT = 24
"""Hours of a forecast that are kept, from which a forecast that did not change is told."""
LONGEST_S = 86_400
"""`Expires` further ahead is not believed."""

_INSTANT = {
    "air_temperature": "temperature",
    "relative_humidity": "humidity",
    "cloud_area_fraction": "cloud_cover",
    "air_pressure_at_sea_level": "pressure",
    "wind_speed": "wind_speed",
    "wind_from_direction": "wind_direction",
    "wind_speed_of_gust": "wind_gusts",
    "dew_point_temperature": "dew_point",
}
_UNITS = {"temperature": "celsius", "dew_point": "celsius", "wind_direction": "degrees"}
"""What the service documents where its name of a unit is not ours."""

_SKY = {"clearsky": 0, "fair": 1, "partlycloudy": 2, "cloudy": 3, "fog": 45}
_FALLING = {
    ("rain", False): (61, 63, 65),
    ("rain", True): (80, 81, 82),
    ("sleet", False): (68, 69, 69),
    ("sleet", True): (83, 84, 84),
    ("snow", False): (71, 73, 75),
    ("snow", True): (85, 85, 86),
}
"""What falls and whether in showers → WMO codes of light, moderate and heavy."""
# Two symbols of the service's have one s too many: lightssleetshowersandthunder, lightssnowshowersandthunder.
_SYMBOL = re.compile(r"(light|heavy|)s?(rain|sleet|snow)(showers|)(andthunder|)\Z")

log = logs.get("met_norway")


@dataclass(frozen=True, slots=True)
class _Entry:
    """An hour of a forecast: when it begins, and its values in our units."""

    at_s: float
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Forecast:
    modified: str
    entries: Sequence[_Entry]
    where: Mapping[str, str]


class MetNorway:
    """Asks for one place at a time; remembers the last forecast of each, so that one that did not change is no load.

    It is asked every `interval_s`, or as often as its data change.
    """

    name = SOURCE.provider
    places_per_request = 1

    def __init__(self, url: str, calls: Calls, interval_s: float = 0.0) -> None:
        self.url = url
        self.calls = calls
        self._interval_s = max(HOUR_S, interval_s)
        self._forecasts: OrderedDict[str, _Forecast] = OrderedDict()
        self._warned = False

    def covers(self, place: Place) -> bool:
        return True

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        (place,) = places
        spot = {"lat": _truncated(place.latitude), "lon": _truncated(place.longitude)}
        key = f"{spot['lat']},{spot['lon']}"
        known = self._forecasts.get(key)
        headers = {"If-Modified-Since": known.modified} if known else {}
        answer = yield Ask(self.url + PATH, spot, headers)
        forecast = known if answer.status == 304 and known is not None else _forecast(answer)
        self._remember(key, forecast)
        if answer.status == 203 and not self._warned:
            self._warned = True
            log.warning(
                "MET Norway calls this version of its service deprecated; Windsock needs a newer one", path=PATH
            )
        try:
            entry = _present(forecast.entries, place, answer.fetched_ms)
            reading = observation(
                place,
                SOURCE,
                entry.values,
                observed_s=checked_s(entry.at_s, place, answer.fetched_ms),
                fetched_ms=answer.fetched_ms,
                interval_s=self._interval_s,
                where=forecast.where,
            )
        except NothingToldError as why:
            return [Found(place.place, fault=str(why))]
        return [Found(place.place, [reading], self._interval_s, _expires_ms(answer))]

    def _remember(self, key: str, forecast: _Forecast) -> None:
        self._forecasts.pop(key, None)
        if forecast.modified:
            self._forecasts[key] = forecast
        if len(self._forecasts) > MOST_REMEMBERED:
            self._forecasts.popitem(last=False)


def _truncated(degrees: float) -> str:
    """Not rounded: the terms ask for truncation to at most 4 decimals."""
    return f"{math.trunc(degrees * 10_000) / 10_000 + 0.0:.4f}"


def _expires_ms(answer: Answer) -> int | None:
    """Until when there is nothing new, counted from the service's own `Date`: its clock may differ from ours."""
    expires = _date_s(answer.headers.get("expires", ""))
    if expires is None:
        return None
    now = answer.fetched_ms / 1000
    left_s = min(expires - (_date_s(answer.headers.get("date", "")) or now), LONGEST_S)
    return answer.fetched_ms + round(left_s * 1000) if left_s > 0 else None


def _date_s(header: str) -> float | None:
    try:
        return parsedate_to_datetime(header).timestamp()
    except (ValueError, OverflowError):
        return None


def _forecast(answer: Answer) -> _Forecast:
    """The hours that have values; raises GarbledAnswerError for what is no forecast."""
    properties = object_of(object_of(answer.body).get("properties"))
    units = object_of(object_of(properties.get("meta")).get("units"))
    series = properties.get("timeseries")
    if not isinstance(series, list):
        raise GarbledAnswerError("its answer has no timeseries")
    entries = []
    for one in series[:HOURS_KEPT]:
        at_s = unix_s(object_of(one).get("time"))
        values = _values(object_of(object_of(one).get("data")), units)
        if at_s is not None and values:
            entries.append(_Entry(at_s, values))
    spot = object_of(object_of(answer.body).get("geometry")).get("coordinates")
    longitude, latitude, *_ = [*spot, None, None] if isinstance(spot, list) else [None, None]
    # A service of which a version is deprecated (203) does not answer conditional questions.
    modified = answer.headers.get("last-modified", "") if answer.status == 200 else ""
    return _Forecast(modified, sorted(entries, key=lambda entry: entry.at_s), cell(latitude, longitude))


def _present(entries: Sequence[_Entry], place: Place, now_ms: int) -> _Entry:
    """The entry that began last, by our clock; the first if all are yet to come. Raises NothingToldError."""
    if not entries:
        raise NothingToldError(f"no forecast for {place.name}")
    begun = [entry for entry in entries if entry.at_s * 1000 <= now_ms]
    return begun[-1] if begun else entries[0]


def _values(data: Mapping[str, Any], units: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    details = object_of(object_of(data.get("instant")).get("details"))
    for theirs, metric in _INSTANT.items():
        values[metric] = in_ours(metric, details.get(theirs), _unit(units, theirs, metric))
    hour = object_of(data.get("next_1_hours"))
    told = object_of(hour.get("details")).get("precipitation_amount")
    values["precipitation"] = in_ours("precipitation", told, units.get("precipitation_amount", "mm"))
    summary = object_of((hour or object_of(data.get("next_6_hours"))).get("summary"))
    values |= _weather(summary.get("symbol_code"))
    return {metric: value for metric, value in values.items() if value is not None}


def _unit(units: Mapping[str, Any], theirs: str, metric: str) -> Any:
    return units.get(theirs, _UNITS.get(metric, UNITS[metric]))


def _weather(symbol: Any) -> dict[str, Any]:
    """The WMO code of a symbol (api.met.no/weatherapi/weathericon/2.0/documentation), and whether it is day there."""
    if not isinstance(symbol, str):
        return {}
    name, _, light = symbol.partition("_")
    told: dict[str, Any] = {"day": {"is_day": True}, "night": {"is_day": False}}.get(light, {})
    if name in _SKY:
        return told | {"weather_code": _SKY[name]}
    if (falls := _SYMBOL.match(name)) is None:
        return told
    how, what, showers, thunder = falls.groups()
    strength = ("light", "", "heavy").index(how)
    return told | {"weather_code": 95 if thunder else _FALLING[what, bool(showers)][strength]}
