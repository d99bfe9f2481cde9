"""Open-Meteo's forecast service: the present conditions of up to 100 places with one request. Pure.

Shapes, units and what counts as a call: open-meteo.com/en/docs and open-meteo.com/en/pricing. Data: CC BY 4.0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from services.places import Place
from services.reading import Reading
from weather_poller.providers.observation import HOUR_S, cell, checked_s, observation, told_interval_s
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

SOURCE = Source("open-meteo", "Weather data by Open-Meteo.com", "https://open-meteo.com/", "CC BY 4.0")
PATH = "/v1/forecast"
INTERVAL_S = 900.0

_FIELDS = {
    "temperature_2m": ("temperature", "°C"),
    "relative_humidity_2m": ("humidity", "%"),
    "apparent_temperature": ("apparent_temperature", "°C"),
    "is_day": ("is_day", None),
    "precipitation": ("precipitation", "mm"),
    "weather_code": ("weather_code", None),
    "cloud_cover": ("cloud_cover", "%"),
    "pressure_msl": ("pressure", "hPa"),
    "wind_speed_10m": ("wind_speed", "m/s"),
    "wind_direction_10m": ("wind_direction", "°"),
    "wind_gusts_10m": ("wind_gusts", "m/s"),
}
"""Open-Meteo's name → our metric, and the unit that we ask for. Each variable above ten makes every place cost more."""


class OpenMeteo:
    """Open-Meteo; with a `key`, its paid hosts. It is asked every `interval_s`, or as often as its data change."""

    name = SOURCE.provider
    places_per_request = 100
    """The service takes 1,000, but the address must stay short."""

    def __init__(self, url: str, key: str, calls: Calls, interval_s: float = 0.0) -> None:
        self.url = url
        self.calls = calls
        self._interval_s = interval_s
        self._key = key

    def covers(self, place: Place) -> bool:
        return True

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        answer = yield Ask(self.url + PATH, self._parameters(places, past_h), calls=len(places) * calls_each(past_h))
        return found(answer, places, past_h, self._interval_s)

    def _parameters(self, places: Sequence[Place], past_h: int) -> dict[str, str]:
        parameters = {
            "latitude": ",".join(f"{place.latitude:.4f}" for place in places),
            "longitude": ",".join(f"{place.longitude:.4f}" for place in places),
            "current": ",".join(_FIELDS),
            "wind_speed_unit": "ms",
            "timeformat": "unixtime",
        }
        if past_h:
            parameters |= {"hourly": ",".join(_FIELDS), "past_days": f"{_past_days(past_h)}", "forecast_days": "1"}
        return parameters | ({"apikey": self._key} if self._key else {})


def _past_days(past_h: int) -> int:
    return math.ceil(past_h / 24)


def calls_each(past_h: int) -> float:
    """What one place costs of the allowance: more than ten variables or two weeks count as more than one call."""
    if not past_h:
        return max(1.0, len(_FIELDS) / 10)
    variables, days = 2 * len(_FIELDS), _past_days(past_h) + 1
    return max(1.0, variables / 10, variables / 10 * days / 14)


def found(answer: Answer, places: Sequence[Place], past_h: int, least_s: float) -> list[Found]:
    """What an answer says of each of `places`, of which a newer one comes in `least_s` at the earliest.

    Raises GarbledAnswerError if it says nothing of any, not even that nothing is known.
    """
    body = answer.body
    if isinstance(body, dict) and body.get("error"):
        raise GarbledAnswerError(f"it refused: {str(body.get('reason'))[:200]}")
    each = body if isinstance(body, list) else [body]
    if len(each) != len(places):
        raise GarbledAnswerError(f"{len(each)} locations were answered, {len(places)} were asked for")
    told: list[Found] = []
    garbled: list[GarbledAnswerError] = []
    for index, (one, place) in enumerate(zip(each, places, strict=True)):
        try:
            told.append(_found(one, index, place, past_h, least_s, answer.fetched_ms))
        except NothingToldError as why:
            told.append(Found(place.place, fault=str(why)))
        except GarbledAnswerError as error:
            garbled.append(error)
            told.append(Found(place.place, fault=str(error)))
    if garbled and len(garbled) == len(places):
        raise garbled[0]
    return told


def _found(one: Any, index: int, place: Place, past_h: int, least_s: float, fetched_ms: int) -> Found:
    current = one.get("current") if isinstance(one, dict) else None
    if not isinstance(current, dict):
        raise GarbledAnswerError(f"no current conditions for {place.name}")
    # The first of several places carries no location_id.
    if one.get("location_id", index) != index:
        raise GarbledAnswerError(f"another place's conditions for {place.name}")
    time = current.get("time")
    observed_s = checked_s(time if is_number(time) else None, place, fetched_ms)
    interval_s = max(least_s, told_interval_s(current.get("interval"), INTERVAL_S))
    present = observation(
        place,
        SOURCE,
        _values(current, one.get("current_units")),
        observed_s=observed_s,
        fetched_ms=fetched_ms,
        interval_s=interval_s,
        where=cell(one.get("latitude"), one.get("longitude")),
    )
    past = _past(one, place, observed_s, past_h, least_s, fetched_ms) if past_h else []
    return Found(place.place, [*past, present], interval_s)


def _past(
    one: Mapping[str, Any], place: Place, observed_s: int, past_h: int, least_s: float, fetched_ms: int
) -> list[Reading]:
    """The last `past_h` full hours before the present conditions; those that cannot be read are left out."""
    hourly = one.get("hourly")
    times = hourly.get("time") if isinstance(hourly, dict) else None
    if not isinstance(hourly, dict) or not isinstance(times, list):
        return []
    series = {name: values for name, values in hourly.items() if isinstance(values, list)}
    past: dict[int, Reading] = {}
    for at, time in enumerate(times):
        if not is_number(time) or not max(1, observed_s - past_h * HOUR_S) <= time < observed_s:
            continue
        hour = {name: values[at] for name, values in series.items() if at < len(values)}
        try:
            past[int(time)] = observation(
                place,
                SOURCE,
                _values(hour, one.get("hourly_units")),
                observed_s=int(time),
                fetched_ms=fetched_ms,
                interval_s=max(least_s, HOUR_S),
                where=cell(one.get("latitude"), one.get("longitude")),
            )
        except NothingToldError:
            continue  # an hour without a single value
    return [past[time] for time in sorted(past)]


def _values(told: Mapping[str, Any], units: Any) -> dict[str, Any]:
    units = units if isinstance(units, dict) else {}
    values: dict[str, Any] = {}
    for theirs, (metric, unit) in _FIELDS.items():
        value = told.get(theirs)
        if unit:
            # What we asked for, unless the answer says that it is something else.
            values[metric] = in_ours(metric, value, units.get(theirs, unit))
        elif is_number(value):
            values[metric] = bool(value) if metric == "is_day" else int(value)
    return values
