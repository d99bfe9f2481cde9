"""Any number of plain sensors in the halls of a plant, to see what a page does with many devices. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from services.cli.demo.chance import Chance
from services.cli.demo.device import Device, Lapse
from services.cli.demo.sky import DAY_MS, HOUR_MS, MINUTE_MS, Sky
from services.cli.values import Plain

SITE = "plant"
PERIOD_MS = 10_000
PAST_READINGS = 60_000
"""Of all of them together; more devices tell less of their past each."""
HALL = 50
"""Devices in one hall."""


def devices(count: int, seed: int, sky: Sky, lapse: Lapse) -> list[Device]:
    """`count` of them: of each four one for temperature, pressure, vibration and current."""
    kinds: tuple[tuple[str, str, float, float], ...] = (
        ("temperature", "°C", 21.0, 6.0),
        ("pressure", "bar", 6.2, 0.4),
        ("vibration", "mm/s", 2.4, 1.1),
        ("current", "A", 14.0, 5.0),
    )
    step_ms = past_step_ms(count)
    made = []
    for number in range(1, count + 1):
        metric, unit, level, swing = kinds[number % len(kinds)]
        name = f"sensor-{number:04}"
        made.append(
            Device(
                name,
                _measure(metric, level, swing, Chance(seed, name), sky),
                {metric: unit},
                {"site": SITE, "room": f"hall {(number - 1) // HALL + 1}", "kind": metric},
                lapse,
                PERIOD_MS,
                step_ms,
                step_ms,
            )
        )
    return made


def past_step_ms(count: int) -> int:
    """How far apart their past readings are: five minutes or more, in whole minutes."""
    return max(5, -(-count * (DAY_MS // MINUTE_MS) // PAST_READINGS)) * MINUTE_MS


def _measure(metric: str, level: float, swing: float, chance: Chance, sky: Sky) -> Callable[[int], Mapping[str, Plain]]:
    own = level + swing * (chance.uniform(0) - 0.5)

    def measure(at_ms: int) -> Mapping[str, Plain]:
        work = 0.3 * sky.sun(at_ms) + 0.2 * chance.drift(at_ms, 3 * HOUR_MS) + 0.02 * chance.noise(at_ms)
        return {metric: round(own + swing * work, 3)}

    return measure
