"""A greenhouse: climate, soil, light, vents and irrigation, which depend on each other. Pure.

What commands do is kept (the last of them, with their times), and every value follows from it and the time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.cli.demo.chance import Chance
from services.cli.demo.device import Device, Lapse, Outages, number
from services.cli.demo.sky import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Sky, clamped
from services.cli.values import Plain

SITE = "greenhouse"
WATERED_AT_H = (6.5, 19.0)
WATERED_MS = 150 * SECOND_MS
FLOW_L_PER_MIN = 12.0
MOISTURE_PER_S = 0.1
DRIES_MS = 10 * HOUR_MS
VENT_MOVES_MS = 8 * SECOND_MS
VENT_HELD_MS = 10 * MINUTE_MS
VENT_RETURNS_MS = 60 * SECOND_MS
REMEMBERED = 50
"""Commands of each kind whose effect lasts; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Watering:
    """The valve was open from `begin_ms` to `end_ms`."""

    begin_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Opening:
    """At `at_ms` the vents were told to go from `before` to `percent`."""

    at_ms: int
    before: float
    percent: float


class Greenhouse:
    """The air, the beds, and what moves in it."""

    def __init__(self, seed: int, sky: Sky) -> None:
        self._sky = sky
        self._seed = seed
        self._air = Chance(seed, SITE)
        self._waterings: deque[Watering] = deque(maxlen=REMEMBERED)
        self._openings: deque[Opening] = deque(maxlen=REMEMBERED)

    def irrigate(self, args: Any, at_ms: int) -> dict[str, float]:
        """`{"seconds":60}`: open the valve, from 1 to 600 seconds."""
        seconds = number(args, "seconds", 1, 600, 60)
        self._waterings.append(Watering(at_ms, at_ms + round(seconds * 1000)))
        return {"seconds": seconds, "litres": round(seconds / 60 * FLOW_L_PER_MIN, 1)}

    def vent(self, args: Any, at_ms: int) -> dict[str, float]:
        """`{"percent":80}`: open the vents so far; ten minutes later they follow the sun again."""
        percent = number(args, "percent", 0, 100, 100)
        self._openings.append(Opening(at_ms, self.vents(at_ms), percent))
        return {"vents": percent}

    def vents(self, at_ms: int) -> float:
        """How far the vents are open, %."""
        by_the_sun = clamped((self._sky.sun(at_ms) - 0.3) * 100, 0, 70)
        last = next((one for one in reversed(self._openings) if one.at_ms <= at_ms), None)
        if last is None:
            return by_the_sun
        since_ms = at_ms - last.at_ms
        moved = last.percent + (last.before - last.percent) * math.exp(-since_ms / VENT_MOVES_MS)
        if since_ms <= VENT_HELD_MS:
            return moved
        return by_the_sun + (moved - by_the_sun) * math.exp(-(since_ms - VENT_HELD_MS) / VENT_RETURNS_MS)

    def watering(self, at_ms: int) -> bool:
        """Whether the valve is open."""
        return any(one.begin_ms <= at_ms < one.end_ms for one in self._all_waterings(at_ms))

    def moisture(self, at_ms: int) -> float:
        """Water in the soil, % of volume: rises while the valve is open, then dries."""
        water = 0.0
        for one in self._all_waterings(at_ms):
            if one.begin_ms <= at_ms:
                seconds = (min(at_ms, one.end_ms) - one.begin_ms) / 1000
                water += seconds * MOISTURE_PER_S * math.exp(-max(0, at_ms - one.end_ms) / DRIES_MS)
        return min(16 + water, 60.0)

    def temperature(self, at_ms: int) -> float:
        """°C: heated at night, by the sun at day, cooled by what the vents let in."""
        outside = self._sky.outside(at_ms)
        closed = max(outside + 2 + 13 * self._sky.sun(at_ms), 17.0)
        drift = 0.6 * self._air.drift(at_ms, 25 * MINUTE_MS)
        return closed - 0.5 * self.vents(at_ms) / 100 * (closed - outside) + drift

    def climate(self, place: str, *, co2: bool) -> Any:
        """What a climate sensor at `place` measures."""
        chance = Chance(self._seed, place)
        offset = 1.5 * chance.uniform(0) - 0.75

        def measure(at_ms: int) -> Mapping[str, Plain]:
            temperature, open_share = self.temperature(at_ms) + offset, self.vents(at_ms) / 100
            wet = 7 if self.watering(at_ms) else 0
            humidity = 86 - 1.7 * (temperature - 16) - 14 * open_share + wet + 2 * chance.drift(at_ms, 18 * MINUTE_MS)
            values = {
                "temperature": round(temperature + 0.08 * chance.noise(at_ms), 2),
                "humidity": round(clamped(humidity + 0.3 * chance.noise(at_ms + 1), 25, 99), 1),
            }
            if co2:
                breath = 230 - 330 * self._sky.sun(at_ms)
                gas = 425 + (1 - open_share) * breath + 18 * chance.drift(at_ms, 12 * MINUTE_MS)
                values["co2"] = round(gas + 3 * chance.noise(at_ms + 2))
            return values

        return measure

    def soil(self, bed: str) -> Any:
        """What a probe in the soil of `bed` measures."""
        chance = Chance(self._seed, bed)
        offset = 6 * chance.uniform(0) - 3

        def measure(at_ms: int) -> Mapping[str, Plain]:
            moisture = self.moisture(at_ms) + offset + 0.8 * chance.drift(at_ms, 2 * HOUR_MS)
            # The soil follows the air of two hours ago, dampened.
            warmth = 17 + 0.35 * (self.temperature(at_ms - 2 * HOUR_MS) - 17)
            return {
                "soil_moisture": round(moisture + 0.1 * chance.noise(at_ms), 2),
                "soil_temperature": round(warmth + 0.05 * chance.noise(at_ms + 1), 2),
                "battery": round(3.28 - 0.02 * (at_ms % (7 * DAY_MS)) / DAY_MS + 0.003 * chance.noise(at_ms + 2), 3),
            }

        return measure

    def light(self, at_ms: int) -> Mapping[str, Plain]:
        """What the light sensor under the roof measures."""
        return {"light": round(52_000 * self._sky.sun(at_ms) * (1 + 0.02 * self._air.noise(at_ms)))}

    def valve(self, at_ms: int) -> Mapping[str, Plain]:
        """What the irrigation tells."""
        is_open = self.watering(at_ms)
        flow = FLOW_L_PER_MIN + 0.2 * self._air.noise(at_ms) if is_open else 0.0
        return {"irrigating": is_open, "flow": round(flow, 2)}

    def _all_waterings(self, at_ms: int) -> list[Watering]:
        """Those of the timer in the day before `at_ms`, and those of commands."""
        midnight_ms = self._sky.midnight_ms(at_ms)
        days = (midnight_ms - DAY_MS, midnight_ms)
        begins = (day_ms + round(hour * HOUR_MS) for day_ms in days for hour in WATERED_AT_H)
        return [*(Watering(begin_ms, begin_ms + WATERED_MS) for begin_ms in begins), *self._waterings]


def devices(seed: int, sky: Sky, lapse: Lapse) -> list[Device]:
    """The greenhouse's devices. One falls silent now and then, one dies, and one has a clock that is fast."""
    house = Greenhouse(seed, sky)
    air = {"temperature": "°C", "humidity": "%", "co2": "ppm"}
    earth = {"soil_moisture": "%", "soil_temperature": "°C", "battery": "V"}

    def tags(room: str, kind: str) -> dict[str, str]:
        return {"site": SITE, "room": room, "kind": kind}

    return [
        Device(
            "greenhouse-climate-north", house.climate("north", co2=True), air, tags("north", "climate"), lapse, 2_000
        ),
        Device(
            "greenhouse-climate-south",
            house.climate("south", co2=False),
            {"temperature": "°C", "humidity": "%"},
            tags("south", "climate"),
            lapse,
            outages=Outages(every_ms=5 * MINUTE_MS, length_ms=75 * SECOND_MS),
        ),
        Device("greenhouse-soil-1", house.soil("bed 1"), earth, tags("bed 1", "soil"), lapse),
        Device(
            "greenhouse-soil-2",
            house.soil("bed 2"),
            earth,
            tags("bed 2", "soil"),
            lapse,
            dies_ms=lapse.began_ms + 3 * MINUTE_MS,
        ),
        Device(
            "greenhouse-soil-3",
            house.soil("bed 3"),
            earth,
            tags("bed 3", "soil"),
            lapse,
            clock_ahead_ms=2 * MINUTE_MS,
        ),
        Device("greenhouse-light", house.light, {"light": "lx"}, tags("roof", "light"), lapse),
        Device(
            "greenhouse-vents",
            lambda at_ms: {"vents": round(house.vents(at_ms), 1)},
            {"vents": "%"},
            tags("roof", "actuator"),
            lapse,
            2_000,
            commands={"vent": house.vent},
        ),
        Device(
            "greenhouse-irrigation",
            house.valve,
            {"flow": "l/min"},
            tags("beds", "actuator"),
            lapse,
            2_000,
            commands={"irrigate": house.irrigate},
        ),
    ]
