"""What the time of day does to everything: hour, sunshine, temperature outside. Pure."""

from __future__ import annotations

import math

from services.cli.demo.chance import Chance

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Sky:
    """Over a place whose clocks are `zone_ms` ahead of UTC."""

    def __init__(self, seed: int, zone_ms: int) -> None:
        self._clouds = Chance(seed, "clouds")
        self._weather = Chance(seed, "weather")
        self._zone_ms = zone_ms

    def hour(self, at_ms: int) -> float:
        """The hour of the day, 0 to below 24, by the clocks of the place."""
        return (at_ms + self._zone_ms) % DAY_MS / HOUR_MS

    def midnight_ms(self, at_ms: int) -> int:
        """When the day of `at_ms` began."""
        return at_ms - (at_ms + self._zone_ms) % DAY_MS

    def sun(self, at_ms: int) -> float:
        """Sunshine from 0 (night) to 1: most at 13 o'clock, less under clouds that come and go."""
        height = max(0.0, math.cos((self.hour(at_ms) - 13) / 15 * math.pi) if 5.5 < self.hour(at_ms) < 20.5 else 0.0)
        return height * (0.8 + 0.2 * self._clouds.drift(at_ms, 9 * MINUTE_MS))

    def outside(self, at_ms: int) -> float:
        """Temperature in the open, °C: warmest at 15 o'clock."""
        wave = math.cos((self.hour(at_ms) - 15) / 24 * 2 * math.pi)
        return 11 + 5 * wave + 2.5 * self._weather.drift(at_ms, 7 * HOUR_MS)


def between(hour: float, begin: float, end: float, edge: float = 0.25) -> float:
    """1 from `begin` to `end`, 0 outside, rising and falling within `edge` hours; a span may go over midnight."""
    length, passed = (end - begin) % 24, (hour - begin) % 24
    return max(0.0, min(1.0, passed / edge, (length - passed) / edge))


def clamped(value: float, low: float, high: float) -> float:
    """`value`, or the bound that it is beyond."""
    return max(low, min(high, value))
