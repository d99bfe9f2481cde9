from __future__ import annotations

import csv
import itertools
import math
from pathlib import Path

import msgspec
import pytest

from services.cli.demo import airports, greenhouse, home, many, van
from services.cli.demo.device import Device, Lapse, NotPossibleError
from services.cli.demo.sites import DEVICES_MAX, HUB_DEVICES, sites
from services.cli.demo.sky import DAY_MS, HOUR_MS, MINUTE_MS, Sky
from services.reading import Reading

NOON = 20_000 * DAY_MS + 13 * HOUR_MS
NIGHT = 20_000 * DAY_MS + 2 * HOUR_MS
SOURCE = Path(__file__).parents[4] / "data" / "nycflights13-weather.csv"


def cast(seed: int = 1, more: int = 0, began_ms: int = NOON) -> dict[str, Device]:
    found = sites(seed=seed, lapse=Lapse(began_ms), zone_ms=0, more=more)
    return {device.name: device for site in found for device in site.devices}


def value(device: Device, at_ms: int, metric: str) -> float:
    found = device.reading(at_ms).values[metric]
    assert isinstance(found, int | float)
    return found


def test_every_reading_is_one_that_the_system_takes() -> None:
    for device in cast(more=8).values():
        assert device.step_ms % device.period_ms == device.recent_step_ms % device.period_ms == 0
        for reading in [*device.past(NOON - DAY_MS, NOON)[::20], *device.due(NOON, NOON + MINUTE_MS)]:
            msgspec.convert(reading.as_dict(), Reading)


def test_the_same_seed_gives_the_same_readings_and_another_others() -> None:
    def told(seed: int) -> list[object]:
        return [device.reading(NOON) for device in cast(seed).values() if device.tags["kind"] in ("climate", "soil")]

    assert told(1) == told(1)
    assert all(one != other for one, other in zip(told(1), told(2), strict=True))


def test_a_greenhouse_is_warm_and_bright_and_dry_by_day() -> None:
    devices = cast()
    air, light = devices["greenhouse-climate-north"], devices["greenhouse-light"]
    assert value(air, NOON, "temperature") > value(air, NIGHT, "temperature") + 2
    assert value(air, NOON, "humidity") < value(air, NIGHT, "humidity")
    assert value(air, NOON, "co2") < value(air, NIGHT, "co2")
    assert value(light, NOON, "light") > 10_000
    assert value(light, NIGHT, "light") == 0


def test_values_go_on_smoothly() -> None:
    device = cast()["greenhouse-climate-north"]
    told = [value(device, at, "temperature") for at in range(NOON - DAY_MS, NOON, MINUTE_MS)]
    assert max(abs(later - earlier) for earlier, later in itertools.pairwise(told)) < 1


def test_irrigation_makes_the_soil_wet_and_it_dries_again() -> None:
    devices = cast()
    soil, valve = devices["greenhouse-soil-1"], devices["greenhouse-irrigation"]
    before = value(soil, NOON, "soil_moisture")
    assert valve.carry_out("irrigate", {"seconds": 60}, NOON) == {"seconds": 60, "litres": 12.0}
    assert valve.reading(NOON + 30_000).values["irrigating"] is True
    assert value(valve, NOON + 30_000, "flow") > 10
    assert before + 2 < value(soil, NOON + 30_000, "soil_moisture") < before + 4
    assert value(soil, NOON + 61_000, "soil_moisture") > before + 5
    assert valve.reading(NOON + 61_000).values == {"irrigating": False, "flow": 0.0}
    assert value(soil, NOON + 5 * HOUR_MS, "soil_moisture") < before + 5
    # A reading of before the command does not know of it.
    assert value(soil, NOON, "soil_moisture") == before


def test_the_timer_waters_twice_a_day() -> None:
    valve = cast()["greenhouse-irrigation"]
    told = [valve.reading(at).values["irrigating"] for at in range(NOON - DAY_MS, NOON, MINUTE_MS)]
    assert sum(told[at] is True and told[at - 1] is False for at in range(1, len(told))) == 2


def test_vents_that_open_cool_the_house_and_go_back_after_a_while() -> None:
    devices = cast()
    air, vents = devices["greenhouse-climate-north"], devices["greenhouse-vents"]
    before = value(air, NIGHT, "temperature")
    vents.carry_out("vent", {"percent": 100}, NIGHT)
    assert value(vents, NIGHT + 20_000, "vents") > 85
    assert value(air, NIGHT + 30_000, "temperature") < before - 2
    assert value(vents, NIGHT + 30 * MINUTE_MS, "vents") < 1
    assert value(air, NIGHT + 30 * MINUTE_MS, "temperature") > before - 1


def test_lights_cost_power() -> None:
    devices = cast()
    lights, meter = devices["home-lights"], devices["home-meter"]
    before = value(meter, NOON, "power")
    assert lights.carry_out("lights", {"on": True, "brightness": 100}, NOON) == {"on": True, "brightness": 100}
    assert value(meter, NOON, "power") == pytest.approx(before + home.LAMPS_W, abs=0.2)
    lights.carry_out("lights", {"on": False}, NOON + 1)
    assert lights.reading(NOON + 1).values == {"on": False, "brightness": 0}


def test_energy_only_rises() -> None:
    meter = cast()["home-meter"]
    told = [value(meter, at, "energy") for at in range(NOON - 2 * DAY_MS, NOON, 10 * MINUTE_MS)]
    assert all(later >= earlier for earlier, later in itertools.pairwise(told))
    assert told[-1] - told[0] == pytest.approx(2 * sum(home.WATTS) / 1000, rel=0.05)


def test_doors_open_now_and_then_by_day() -> None:
    door = cast()["home-door-front"]
    told = [door.reading(at).values["open"] for at in range(NOON - 4 * HOUR_MS, NOON, 5_000)]
    assert 0.02 < sum(one is True for one in told) / len(told) < 0.3


def test_the_thermostat_says_what_it_does() -> None:
    thermostat = cast()["home-thermostat"]
    told = {thermostat.reading(at).values["status"] for at in range(NOON - DAY_MS, NOON, MINUTE_MS)}
    assert told == {"heating", "night", "idle", "away"}


def test_the_van_drives_as_fast_as_its_positions_say_and_comes_back() -> None:
    drive = van.Van(1, Sky(1, 0))
    told = [drive.measure(NOON + second * 1000) for second in range(round(drive.lap_s) + 1200)]
    for earlier, later in itertools.pairwise(told):
        north = (float(later["lat"]) - float(earlier["lat"])) * van.METRES_PER_DEGREE
        east = (float(later["lon"]) - float(earlier["lon"])) * van.METRES_PER_DEGREE * math.cos(math.radians(52.51))
        assert math.hypot(north, east) <= max(float(earlier["speed"]), float(later["speed"])) / 3.6 + 3
    stops = {str(one["status"]) for one in told if str(one["status"]).startswith("at stop")}
    assert stops == {f"at stop {number}" for number in range(1, len(van.STOPS) + 1)}
    assert {one["door"] for one in told} == {True, False}
    assert not any(one["door"] for one in told if float(one["speed"]) > 0)


def test_the_vans_battery_runs_low_and_is_charged() -> None:
    drive = van.Van(1, Sky(1, 0))
    told = [drive.measure(NOON + minute * MINUTE_MS) for minute in range(120)]
    assert min(float(one["battery"]) for one in told) < van.LOW + 2
    assert max(float(one["battery"]) for one in told) > van.FULL - 4
    assert all(one["speed"] == 0 for one in told if one["status"] == "charging")


def test_the_airports_are_those_of_the_source() -> None:
    with SOURCE.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["origin"] == "JFK"]
    device = cast()["airport-JFK"]
    shown = {}
    for at in range(NOON, NOON + 241 * airports.ROW_MS, airports.ROW_MS):
        reading = device.reading(at)
        shown[reading.tags["observed"]] = reading.values
    assert len(shown) == len({row["time_hour"] for row in rows})
    for row in rows:
        cells = {name: float(row[name]) for name in airports.UNITS if row[name] != "NA"}
        assert shown[row["time_hour"][:-4] + "Z"] == cells


def test_the_airports_past_is_hour_by_hour_and_goes_on_without_a_gap() -> None:
    device = cast()["airport-EWR"]
    observed = [device.reading(at).tags["observed"] for at in (NOON - 2 * HOUR_MS, NOON - HOUR_MS, NOON, NOON + 5_000)]
    assert observed == ["2013-01-02T04:00Z", "2013-01-02T05:00Z", "2013-01-02T06:00Z", "2013-01-02T07:00Z"]


def test_more_sensors_share_hubs_and_tell_no_more_of_their_past_altogether() -> None:
    found = [site for site in sites(seed=1, lapse=Lapse(NOON), zone_ms=0, more=DEVICES_MAX) if site.name[:5] == "plant"]
    assert [len(site.devices) for site in found] == [HUB_DEVICES] * (DEVICES_MAX // HUB_DEVICES)
    told = sum(len(device.past(NOON - DAY_MS, NOON)) for site in found for device in site.devices[:50]) * 10
    assert told <= many.PAST_READINGS * 1.1
    assert many.past_step_ms(10) == 5 * MINUTE_MS


def test_one_device_dies_one_is_cut_off_and_one_has_a_wrong_clock() -> None:
    devices = greenhouse.devices(1, Sky(1, 0), Lapse(NOON))
    assert [one.name for one in devices if one.dies_ms] == ["greenhouse-soil-2"]
    assert [one.name for one in devices if one.outages] == ["greenhouse-climate-south"]
    assert [one.name for one in devices if one.clock_ahead_ms] == ["greenhouse-soil-3"]


def test_what_a_device_does_not_understand_changes_nothing() -> None:
    vents = cast()["greenhouse-vents"]
    before = vents.reading(NIGHT)
    for args in ({"percent": 150}, "wide"):
        with pytest.raises(NotPossibleError):
            vents.carry_out("vent", args, NIGHT)
    assert vents.reading(NIGHT) == before
