from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.units import _BY_NAME, converted


@pytest.mark.parametrize(
    ("value", "unit", "wanted", "expected"),
    [
        (3.4, "°C", "Cel", 3.4),
        (3.4, "°C", "°F", 38.12),
        (-40, "°C", "[degF]", -40),
        (0, "°C", "K", 273.15),
        (212, "F", "°C", 100),
        (81, "%", "%RH", 81),
        (81, "%", "/", 0.81),
        (1013.2, "hPa", "Pa", 101_320),
        (1013.2, "hPa", "kPa", 101.32),
        (1013.25, "mbar", "mmHg", 759.999_819_985),
        (1013.25, "hPa", "inHg", 29.921_252_401),
        (10, "m/s", "km/h", 36),
        (36, "km/h", "m/s", 10),
        (0.514444444, "m/s", "kn", 0.999999999),
        (44.704, "m/s", "mph", 100),
        (25.4, "mm", "in", 1),
        (24_140.16, "m", "mi", 15),
        (180, "°", "rad", 3.141592654),
        (45.5, "wmoUnit:degF", "Cel", 7.5),
        (101_320, "wmoUnit:Pa", "mbar", 1013.2),
        (14.4, "wmoUnit:km_h-1", "m/s", 4),
        (10, "mp/h", "m/s", 4.4704),
        (90, "degrees", "rad", 1.570796327),
    ],
)
def test_a_value_is_told_in_another_unit_of_its_kind(value: float, unit: str, wanted: str, expected: float) -> None:
    found = converted(value, unit, wanted)
    assert found == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    ("unit", "wanted"), [("°C", "%"), ("°C", "parsnips"), ("lux", "°C"), ("", "°C"), ("°C", ""), ("m", "m/s")]
)
def test_what_is_unknown_or_of_another_kind_is_not_converted(unit: str, wanted: str) -> None:
    assert converted(1.0, unit, wanted) is None


@given(st.floats(-1e15, 1e15), st.sampled_from(["", "lux", "°C", "whatever"]))
def test_the_same_unit_changes_nothing_whatever_it_is(value: float, unit: str) -> None:
    assert converted(value, unit, unit) == value


@given(st.floats(-1e6, 1e6), st.sampled_from(sorted(_BY_NAME)), st.sampled_from(sorted(_BY_NAME)))
def test_there_and_back_is_the_same(value: float, unit: str, wanted: str) -> None:
    there = converted(value, unit, wanted)
    if there is None:
        assert converted(value, wanted, unit) is None
        return
    back = converted(there, wanted, unit)
    assert back == pytest.approx(value, rel=1e-6, abs=1e-4)
