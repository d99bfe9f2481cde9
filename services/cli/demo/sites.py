"""All devices of the demo, by site. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.cli.demo import airports, greenhouse, home, many, van
from services.cli.demo.device import Device, Lapse
from services.cli.demo.sky import Sky

HUB_DEVICES = 500
"""Devices whose readings go through one connection."""
DEVICES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Site:
    """Devices that share a connection, as behind one hub. `pause_s` is how often the hub looks what is due."""

    name: str
    devices: Sequence[Device]
    pause_s: float = 0.25


def sites(*, seed: int, lapse: Lapse, zone_ms: int, more: int) -> list[Site]:
    """The greenhouse, the home, the van, the airports, and `more` plain sensors."""
    sky = Sky(seed, zone_ms)
    plain = many.devices(more, seed, sky, lapse)
    return [
        Site(greenhouse.SITE, greenhouse.devices(seed, sky, lapse)),
        Site(home.SITE, home.devices(seed, sky, lapse)),
        Site(van.SITE, van.devices(seed, sky, lapse)),
        Site(airports.SITE, airports.devices(lapse)),
        *(
            Site(f"{many.SITE} {at // HUB_DEVICES + 1}", plain[at : at + HUB_DEVICES], 1.0)
            for at in range(0, more, HUB_DEVICES)
        ),
    ]
