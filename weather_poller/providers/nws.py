"""The US National Weather Service: what the nearest station measured. Pure apart from its memory.

Shapes: www.weather.gov/documentation/services-web-api and api.weather.gov/openapi.json; a User-Agent is demanded.
Flags of quality: madis.ncep.noaa.gov/madis_sfc_qc_notes.shtml. Data: public domain (www.weather.gov/disclaimer).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from services.places import Place
from services.reading import Reading
from weather_poller.fetch import FetchError
from weather_poller.providers.nws_weather import code_of
from weather_poller.providers.observation import (
    HOUR_S,
    checked_s,
    degrees,
    object_of,
    observation,
    unix_s,
)
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

T = TypeVar("T")

SOURCE = Source("nws", "Data from the US National Weather Service", "https://www.weather.gov/", "public domain")
INTERVAL_S = 3_600.0
"""Stations report once an hour (and more often when the weather changes)."""
MOST_REMEMBERED = 1_000
MOST_STATIONS = 3
MOST_SILENT = 10
"""So often in a row the stations of a place tell nothing before others are looked for."""
MOST_OBSERVATIONS = 500
"""Of the past; the service gives no more at once."""

_FIELDS = {
    "temperature": ("temperature",),
    "dew_point": ("dewpoint",),
    "humidity": ("relativeHumidity",),
    "apparent_temperature": ("heatIndex", "windChill"),
    "precipitation": ("precipitationLastHour",),
    "pressure": ("seaLevelPressure",),
    "wind_speed": ("windSpeed",),
    "wind_direction": ("windDirection",),
    "wind_gusts": ("windGust",),
    "visibility": ("visibility",),
}
"""Metric → the service's names, of which the first that has a value counts."""
_REJECTED = ("X", "B")
"""Failed a check; subjectively bad."""

_STATION = re.compile(r"[A-Za-z0-9_-]{1,32}\Z")
_OFFICE = re.compile(r"[A-Z]{3}\Z")
_COUNTRIES = ("US", "PR", "GU", "VI", "AS", "MP", "UM")
_BOXES = (
    (24.0, 49.5, -125.0, -66.5),
    (51.0, 71.5, -180.0, -129.5),
    (51.0, 53.5, 172.0, 180.0),
    (18.5, 28.6, -178.5, -154.5),
    (17.5, 18.7, -68.0, -64.4),
    (13.1, 20.7, 144.5, 146.2),
    (-14.7, -11.0, -171.2, -168.0),
)
"""South, north, west, east of the contiguous states, Alaska (on both sides of 180°), Hawaii, Puerto Rico and the Virgin
Islands, Guam and the Marianas, American Samoa: roughly, for places of which the country is not known."""


@dataclass(frozen=True, slots=True)
class _Station:
    id: str
    name: str


@dataclass(slots=True)
class _Near:
    """The stations near a spot, the nearest first, and how often in a row they told nothing."""

    stations: tuple[_Station, ...]
    silent: int = 0


class Nws:
    """Asks for one place at a time; remembers the stations near each.

    It is asked every `interval_s`, or as often as its data change.
    """

    name = SOURCE.provider
    places_per_request = 1

    def __init__(self, url: str, calls: Calls, interval_s: float = 0.0) -> None:
        self.url = url
        self.calls = calls
        self._interval_s = max(INTERVAL_S, interval_s)
        self._near: OrderedDict[str, _Near] = OrderedDict()

    def covers(self, place: Place) -> bool:
        if place.country_code:
            return place.country_code.upper() in _COUNTRIES
        return any(s <= place.latitude <= n and w <= place.longitude <= e for s, n, w, e in _BOXES)

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        (place,) = places
        spot = f"{degrees(place.latitude)},{degrees(place.longitude)}"
        try:
            near = self._near.get(spot) or _Near((yield from self._found_near(spot, place)))
            self._remember(spot, near)
            station, present = yield from self._latest(near, place)
        except FetchError as error:
            if error.status == 404:
                return [Found(place.place, fault=f"the National Weather Service does not cover {place.name}")]
            raise
        except NothingToldError as why:
            return [Found(place.place, fault=str(why))]
        observed_s = present.at_ms // 1000
        past = (yield from self._past(station, place, observed_s, past_h)) if past_h else []
        return [Found(place.place, [*past, present], self._interval_s)]

    def _remember(self, spot: str, near: _Near) -> None:
        self._near.pop(spot, None)
        if near.silent < MOST_SILENT:
            self._near[spot] = near
        if len(self._near) > MOST_REMEMBERED:
            self._near.popitem(last=False)

    def _found_near(self, spot: str, place: Place) -> Question[tuple[_Station, ...]]:
        """The stations near a spot, the nearest first. Raises NothingToldError."""
        answer = yield Ask(f"{self.url}/points/{spot}")
        grid = _part(answer, "properties", dict)
        office, x, y = grid.get("gridId"), grid.get("gridX"), grid.get("gridY")
        if not (isinstance(office, str) and _OFFICE.match(office) and is_number(x) and is_number(y)):
            raise NothingToldError(f"no grid cell for {place.name}")
        answer = yield Ask(f"{self.url}/gridpoints/{office}/{int(x)},{int(y)}/stations")
        stations: list[_Station] = []
        for feature in _part(answer, "features", list):
            told = object_of(object_of(feature).get("properties"))
            id, name = told.get("stationIdentifier"), told.get("name")
            if isinstance(id, str) and _STATION.match(id):
                stations.append(_Station(id, name if isinstance(name, str) else ""))
        if not stations:
            raise NothingToldError(f"no stations near {place.name}")
        return tuple(stations[:MOST_STATIONS])

    def _latest(self, near: _Near, place: Place) -> Question[tuple[_Station, Reading]]:
        """The newest observation of the first station that tells a temperature; of another if none does.

        Raises NothingToldError if none tells anything, and GarbledAnswerError if all answers are of another shape.
        """
        second_best = None
        garbled: list[GarbledAnswerError] = []
        for station in near.stations:
            try:
                answer = yield Ask(f"{self.url}/stations/{station.id}/observations/latest")
                _part(answer, "properties", dict)
                reading = self._reading(answer.body, station, place, answer.fetched_ms)
            except GarbledAnswerError as error:
                garbled.append(error)
                continue
            except NothingToldError:
                continue
            except FetchError as error:
                if error.status == 404:
                    continue  # a station that has reported nothing of late
                raise
            if "temperature" in reading.values:
                near.silent = 0
                return station, reading
            second_best = second_best or (station, reading)
        if len(garbled) == len(near.stations):
            raise garbled[0]
        if second_best is None:
            near.silent += 1
            raise NothingToldError(f"no station near {place.name} tells anything")
        near.silent = 0
        return second_best

    def _past(self, station: _Station, place: Place, observed_s: int, past_h: int) -> Question[list[Reading]]:
        """The last observation in each of the hours before the present one; none where they cannot be had."""
        begin_s = observed_s - past_h * HOUR_S
        start = datetime.fromtimestamp(begin_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            answer = yield Ask(
                f"{self.url}/stations/{station.id}/observations",
                {"start": start, "limit": f"{MOST_OBSERVATIONS}"},
            )
        except FetchError:
            return []
        features = object_of(answer.body).get("features")
        hours: dict[int, Reading] = {}
        for feature in features[:MOST_OBSERVATIONS] if isinstance(features, list) else []:
            try:
                reading = self._reading(feature, station, place, answer.fetched_ms)
            except NothingToldError:
                continue
            at_s = reading.at_ms // 1000
            hour = (observed_s - at_s - 1) // HOUR_S
            if begin_s <= at_s < observed_s and (hour not in hours or reading.at_ms > hours[hour].at_ms):
                hours[hour] = reading
        return sorted(hours.values(), key=lambda reading: reading.at_ms)

    def _reading(self, feature: Any, station: _Station, place: Place, fetched_ms: int) -> Reading:
        """An observation; raises NothingToldError if it has no time or no value."""
        properties = object_of(object_of(feature).get("properties"))
        values: dict[str, Any] = {}
        for metric, names in _FIELDS.items():
            told = (_value(metric, properties.get(name)) for name in names)
            values[metric] = next((value for value in told if value is not None), None)
        text = properties.get("textDescription")
        if isinstance(text, str) and text.strip():
            values["weather_text"] = text.strip().lower()[:256]
            values["weather_code"] = code_of(values["weather_text"])
        return observation(
            place,
            SOURCE,
            values,
            observed_s=checked_s(unix_s(properties.get("timestamp")), place, fetched_ms),
            fetched_ms=fetched_ms,
            interval_s=self._interval_s,
            where={"station": f"{station.id} {station.name}".strip()},
        )


def _part(answer: Answer, name: str, kind: type[T]) -> T:
    """A member that every answer of its kind has. Raises GarbledAnswerError."""
    part = object_of(answer.body).get(name)
    if not isinstance(part, kind):
        raise GarbledAnswerError(f"its answer has no {name}")
    return part


def _value(metric: str, told: Any) -> float | None:
    quantity = object_of(told)
    if quantity.get("qualityControl") in _REJECTED:
        return None
    return in_ours(metric, quantity.get("value"), quantity.get("unitCode"))
