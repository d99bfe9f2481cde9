"""A home: rooms, doors, lights, a power meter and a thermostat that says what it does. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.cli.demo.chance import Chance
from services.cli.demo.device import Device, Lapse, number, switch
from services.cli.demo.sky import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Sky, between, clamped
from services.cli.values import Plain

SITE = "home"
WATTS = (
    110,
    95,
    90,
    90,
    95,
    120,
    260,
    520,
    380,
    210,
    190,
    240,
    460,
    300,
    210,
    200,
    240,
    420,
    760,
    690,
    520,
    430,
    300,
    170,
)
"""Use of electricity in each hour of a day, without the lights."""
LAMPS_W = 64
DOOR_SLOT_MS = 4 * MINUTE_MS
HELD_MS = 4 * HOUR_MS
REMEMBERED = 50

_PEOPLE: Mapping[str, tuple[tuple[float, float], ...]] = {
    "living room": ((18.5, 23.0), (13.0, 14.5)),
    "bedroom": ((23.0, 7.0),),
    "kitchen": ((7.0, 8.2), (12.2, 13.2), (18.0, 19.5)),
}
"""When somebody is in a room, from hour to hour."""


@dataclass(frozen=True, slots=True)
class Switched:
    """At `at_ms` somebody turned the lights on or off."""

    at_ms: int
    on: bool
    brightness: int


class Home:
    """The rooms and what people do in them."""

    def __init__(self, seed: int, sky: Sky) -> None:
        self._seed = seed
        self._sky = sky
        self._switched: deque[Switched] = deque(maxlen=REMEMBERED)
        self._grid = Chance(seed, "grid")

    def switch_lights(self, args: Any, at_ms: int) -> dict[str, Plain]:
        """`{"on":true,"brightness":80}`: by hand; four hours later they follow the clock again."""
        on, brightness = switch(args), round(number(args, "brightness", 1, 100, 80))
        self._switched.append(Switched(at_ms, on, brightness))
        return {"on": on, "brightness": brightness if on else 0}

    def brightness(self, at_ms: int) -> int:
        """Of the lights, %; 0 is off."""
        last = next((one for one in reversed(self._switched) if one.at_ms <= at_ms < one.at_ms + HELD_MS), None)
        if last is not None:
            return last.brightness if last.on else 0
        return 70 if between(self._sky.hour(at_ms), 18.0, 23.3) else 0

    def lights(self, at_ms: int) -> Mapping[str, Plain]:
        """What the lights tell."""
        brightness = self.brightness(at_ms)
        return {"on": brightness > 0, "brightness": brightness}

    def room(self, name: str) -> Callable[[int], Mapping[str, Plain]]:
        """What the sensor in a room measures."""
        chance = Chance(self._seed, name)
        offset = chance.uniform(0) - 0.5

        def measure(at_ms: int) -> Mapping[str, Plain]:
            hour = self._sky.hour(at_ms)
            people = max(between(hour, begin, end, 0.8) for begin, end in _PEOPLE[name])
            temperature = self.target(at_ms) + offset + 0.7 * people + 0.5 * chance.drift(at_ms, 35 * MINUTE_MS)
            humidity = 42 + 8 * people + 4 * chance.drift(at_ms, 50 * MINUTE_MS)
            co2 = 480 + 620 * people + 40 * chance.drift(at_ms, 14 * MINUTE_MS)
            return {
                "temperature": round(temperature + 0.04 * chance.noise(at_ms), 2),
                "humidity": round(humidity + 0.2 * chance.noise(at_ms + 1), 1),
                "co2": round(clamped(co2 + 4 * chance.noise(at_ms + 2), 410, 2_000)),
            }

        return measure

    def target(self, at_ms: int) -> float:
        """What the thermostat is set to, °C."""
        return 18.0 + 3.0 * between(self._sky.hour(at_ms), 6.0, 22.5, 1.0)

    def thermostat(self, at_ms: int) -> Mapping[str, Plain]:
        """What the thermostat tells; its status is a text."""
        hour, cold = self._sky.hour(at_ms), self.target(at_ms) > self._sky.outside(at_ms) + 4
        night = not between(hour, 6.0, 22.5)
        # It heats a third of the time, at night a tenth.
        fires = cold and self._grid.drift(at_ms, 3 * MINUTE_MS) > (0.7 if night else 0.2)
        status = "heating" if fires else "night" if night else "away" if between(hour, 9, 12) else "idle"
        return {"status": status, "heating": fires, "target": round(self.target(at_ms), 1)}

    def meter(self, at_ms: int) -> Mapping[str, Plain]:
        """What the power meter measures; the energy only ever rises."""
        hour = self._sky.hour(at_ms)
        kettle = 1_900 if self._grid.uniform(at_ms // (3 * MINUTE_MS)) > 0.97 - 0.03 * between(hour, 7, 22) else 0
        fridge = 85 if self._grid.drift(at_ms, 11 * MINUTE_MS) > 0 else 0
        lamps = LAMPS_W * self.brightness(at_ms) / 100
        watts = WATTS[int(hour)] * (1 + 0.1 * self._grid.drift(at_ms, 6 * MINUTE_MS)) + kettle + fridge + lamps
        return {
            "power": round(watts + 4 * self._grid.noise(at_ms), 1),
            "energy": round(self._energy_kwh(at_ms), 3),
            "voltage": round(230 + 1.5 * self._grid.drift(at_ms, 8 * MINUTE_MS) + 0.2 * self._grid.noise(at_ms + 1), 1),
        }

    def door(self, name: str, busy: float) -> Callable[[int], Mapping[str, Plain]]:
        """What the contact of a door tells; `busy` is how often in four minutes it is opened by day."""
        chance = Chance(self._seed, name)

        def measure(at_ms: int) -> Mapping[str, Plain]:
            slot, into_ms = divmod(at_ms, DOOR_SLOT_MS)
            begin_ms = int(chance.uniform(4 * slot) * 150 * SECOND_MS)
            length_ms = int((15 + 60 * chance.uniform(4 * slot + 1)) * SECOND_MS)
            often = busy * (0.1 + 0.9 * between(self._sky.hour(at_ms), 7, 22.5))
            is_open = chance.uniform(4 * slot + 2) < often and begin_ms <= into_ms < begin_ms + length_ms
            return {"open": is_open, "battery": round(2.98 - 0.01 * (at_ms % (30 * DAY_MS)) / DAY_MS, 3)}

        return measure

    def _energy_kwh(self, at_ms: int) -> float:
        hour = self._sky.hour(at_ms)
        whole = int(hour)
        days = self._sky.midnight_ms(at_ms) / DAY_MS - 20_000
        return (days * sum(WATTS) + sum(WATTS[:whole]) + (hour - whole) * WATTS[whole]) / 1000


def devices(seed: int, sky: Sky, lapse: Lapse) -> list[Device]:
    """The home's devices."""
    home = Home(seed, sky)
    air = {"temperature": "°C", "humidity": "%", "co2": "ppm"}

    def device(
        name: str, measure: Callable[[int], Mapping[str, Plain]], units: dict[str, str], room: str, kind: str
    ) -> Device:
        return Device(name, measure, units, {"site": SITE, "room": room, "kind": kind}, lapse)

    return [
        *(device(f"home-{room.replace(' ', '-')}", home.room(room), air, room, "climate") for room in _PEOPLE),
        Device(
            "home-meter",
            home.meter,
            {"power": "W", "energy": "kWh", "voltage": "V"},
            {"site": SITE, "room": "cellar", "kind": "power meter"},
            lapse,
            1_000,
        ),
        device("home-thermostat", home.thermostat, {"target": "°C"}, "hall", "thermostat"),
        device("home-door-front", home.door("front door", 0.5), {"battery": "V"}, "hall", "door contact"),
        device("home-door-balcony", home.door("balcony door", 0.3), {"battery": "V"}, "living room", "door contact"),
        Device(
            "home-lights",
            home.lights,
            {"brightness": "%"},
            {"site": SITE, "room": "living room", "kind": "actuator"},
            lapse,
            2_000,
            commands={"lights": home.switch_lights},
        ),
    ]
