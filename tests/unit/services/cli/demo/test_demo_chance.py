from __future__ import annotations

import itertools
from statistics import fmean

import pytest

from services.cli.demo.chance import Chance
from services.cli.demo.sky import HOUR_MS, Sky, between

DAY = range(0, 24 * HOUR_MS, 60_000)


def test_chance_is_the_same_for_the_same_seed_and_name_only() -> None:
    def drawn(seed: int, name: str) -> list[float]:
        return [Chance(seed, name).uniform(number) for number in range(50)]

    assert drawn(1, "a") == drawn(1, "a")
    assert not set(drawn(1, "a")) & set(drawn(2, "a"))
    assert not set(drawn(1, "a")) & set(drawn(1, "b"))


def test_chance_is_even() -> None:
    drawn = [Chance(1, "a").uniform(number) for number in range(10_000)]
    assert fmean(drawn) == pytest.approx(0.5, abs=0.02)
    assert min(drawn) >= 0
    assert max(drawn) < 1
    assert {int(value * 10) for value in drawn} == set(range(10))


def test_noise_is_around_zero_and_bounded() -> None:
    drawn = [Chance(1, "a").noise(number) for number in range(10_000)]
    assert fmean(drawn) == pytest.approx(0, abs=0.02)
    assert max(map(abs, drawn)) <= 2


def test_drift_is_smooth_and_goes_somewhere() -> None:
    drawn = [Chance(1, "a").drift(at, HOUR_MS) for at in DAY]
    steps = [abs(later - earlier) for earlier, later in itertools.pairwise(drawn)]
    assert max(steps) < 0.06
    assert max(drawn) - min(drawn) > 1


def test_the_sun_shines_by_day_most_at_noon_and_it_is_warmest_in_the_afternoon() -> None:
    sky = Sky(1, 0)
    assert max(sky.sun(hour * HOUR_MS) for hour in (0, 1, 2, 3, 4, 5, 21, 22, 23)) == 0
    assert sky.sun(13 * HOUR_MS) > sky.sun(8 * HOUR_MS) > 0
    assert sky.outside(15 * HOUR_MS) > sky.outside(3 * HOUR_MS) + 3


def test_hours_are_those_of_the_place() -> None:
    assert Sky(1, 2 * HOUR_MS).hour(23 * HOUR_MS) == 1
    assert Sky(1, 2 * HOUR_MS).midnight_ms(23 * HOUR_MS) == 22 * HOUR_MS


@pytest.mark.parametrize(("hour", "share"), [(22.9, 0), (23.5, 1), (3, 1), (6.875, 0.5), (7.1, 0), (12, 0)])
def test_a_span_may_go_over_midnight(hour: float, share: float) -> None:
    assert between(hour, 23, 7) == pytest.approx(share)
