"""A delivery van on a closed route: it drives from stop to stop, waits with its door open, and charges. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from services.cli.demo.chance import Chance
from services.cli.demo.device import Device, Lapse, switch
from services.cli.demo.sky import MINUTE_MS, Sky, between
from services.cli.values import Plain

SITE = "van"
STOPS = (
    (52.51628, 13.37770),
    (52.51451, 13.35011),
    (52.51280, 13.32190),
    (52.50720, 13.33250),
    (52.50370, 13.35300),
    (52.50960, 13.37590),
)
"""Latitude and longitude of the stops, around the Tiergarten in Berlin; the last leads back to the first."""
METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6,371 km."""
CRUISE_M_PER_S = 12.5
PULL_M_PER_S2 = 1.1
STOPPED_S = 25.0
LAPS = 4
CHARGING_S = 600.0
FULL, LOW = 96.0, 58.0
"""Charge of the battery before its laps and after them, %."""
REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class Leg:
    """The straight way from one stop to the next: there the van speeds up, cruises, brakes, and then stands."""

    start: tuple[float, float]
    end: tuple[float, float]

    @property
    def north_east_m(self) -> tuple[float, float]:
        """How far the end lies in the north and in the east of the start."""
        shrink = math.cos(math.radians((self.start[0] + self.end[0]) / 2))
        return (
            (self.end[0] - self.start[0]) * METRES_PER_DEGREE,
            (self.end[1] - self.start[1]) * METRES_PER_DEGREE * shrink,
        )

    @property
    def length_m(self) -> float:
        return math.hypot(*self.north_east_m)

    @property
    def heading(self) -> float:
        """Degrees clockwise from north."""
        north, east = self.north_east_m
        return math.degrees(math.atan2(east, north)) % 360

    @property
    def driving_s(self) -> float:
        """How long it drives; all legs are long enough to reach the cruising speed."""
        return self.length_m / CRUISE_M_PER_S + CRUISE_M_PER_S / PULL_M_PER_S2

    def at(self, seconds: float) -> tuple[float, float]:
        """Metres from the start, and speed in m/s, so long after leaving."""
        pulling_s, left_s = CRUISE_M_PER_S / PULL_M_PER_S2, self.driving_s - seconds
        if left_s <= 0:
            return self.length_m, 0.0
        if seconds < pulling_s:
            return PULL_M_PER_S2 * seconds**2 / 2, PULL_M_PER_S2 * seconds
        if left_s < pulling_s:
            return self.length_m - PULL_M_PER_S2 * left_s**2 / 2, PULL_M_PER_S2 * left_s
        return CRUISE_M_PER_S * (seconds - pulling_s / 2), CRUISE_M_PER_S


class Van:
    """Where it is, and in what state."""

    def __init__(self, seed: int, sky: Sky, stops: Sequence[tuple[float, float]] = STOPS) -> None:
        self._chance = Chance(seed, SITE)
        self._sky = sky
        self._legs = [Leg(start, end) for start, end in pairwise((*stops, stops[0]))]
        self._ends_s = list(accumulate(leg.driving_s + STOPPED_S for leg in self._legs))
        self._switched: deque[tuple[int, bool]] = deque(maxlen=REMEMBERED)

    @property
    def lap_s(self) -> float:
        """How long one lap takes."""
        return self._ends_s[-1]

    def switch_lights(self, args: Any, at_ms: int) -> dict[str, bool]:
        """`{"on":true}`: the headlights, by hand; ten minutes later they follow the clock again."""
        on = switch(args)
        self._switched.append((at_ms, on))
        return {"on": on}

    def measure(self, at_ms: int) -> Mapping[str, Plain]:
        """What the van tells."""
        working_s = LAPS * self.lap_s
        into_s = at_ms / 1000 % (working_s + CHARGING_S)
        charging = into_s >= working_s
        number, leg, seconds = self._leg(0.0 if charging else into_s % self.lap_s)
        metres, speed = (0.0, 0.0) if charging else leg.at(seconds)
        share = metres / leg.length_m
        gps = [4e-6 * self._chance.noise(at_ms + axis) for axis in (0, 1)]
        worked = 1 - (into_s - working_s) / CHARGING_S if charging else into_s / working_s
        standing = not charging and seconds > leg.driving_s
        stop = (number + 1) % len(self._legs) + 1
        return {
            "lat": round(leg.start[0] + (leg.end[0] - leg.start[0]) * share + gps[0], 6),
            "lon": round(leg.start[1] + (leg.end[1] - leg.start[1]) * share + gps[1], 6),
            "speed": round(max(0.0, speed * 3.6 + (0.6 * self._chance.noise(at_ms) if speed else 0.0)), 1),
            "heading": round(leg.heading, 1),
            "battery": round(FULL - (FULL - LOW) * worked, 1),
            "door": standing and 6 < seconds - leg.driving_s < 20,
            "lights": self._lights(at_ms),
            "status": "charging" if charging else f"at stop {stop}" if standing else "driving",
        }

    def _leg(self, lap_s: float) -> tuple[int, Leg, float]:
        """The leg on which the van is so long after a lap began, its number, and how long it has been on it."""
        number = min(bisect_right(self._ends_s, lap_s), len(self._legs) - 1)
        leg = self._legs[number]
        return number, leg, lap_s - (self._ends_s[number] - leg.driving_s - STOPPED_S)

    def _lights(self, at_ms: int) -> bool:
        by_hand = next((on for then, on in reversed(self._switched) if 0 <= at_ms - then < 10 * MINUTE_MS), None)
        return bool(between(self._sky.hour(at_ms), 18, 7)) if by_hand is None else by_hand


def devices(seed: int, sky: Sky, lapse: Lapse) -> list[Device]:
    """The van."""
    van = Van(seed, sky)
    return [
        Device(
            "van-1",
            van.measure,
            {"lat": "°", "lon": "°", "speed": "km/h", "heading": "°", "battery": "%"},
            {"site": SITE, "kind": "vehicle"},
            lapse,
            1_000,
            60_000,
            commands={"lights": van.switch_lights},
        )
    ]
