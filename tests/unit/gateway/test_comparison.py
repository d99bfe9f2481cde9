from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.comparison import AGES, Comparison
from services.api_description.comparisons import COMPARISON
from services.stream import Latest
from services.topics import Compared
from services.weather_status import WeatherStatus

NOW = 1_760_000_000_000
TAGS = {
    "city": "Berlin",
    "provider": "open-meteo",
    "attribution": "Weather data by Open-Meteo.com",
    "attribution_url": "https://open-meteo.com/",
    "licence": "CC BY 4.0",
    "fetched": "2025-10-09T08:53:20+00:00",
    "interval_s": "900",
    "grid": "52.52,13.42",
    "other": "not shown",
}
WEATHER = {"temperature": 3.4, "humidity": 81, "pressure": 1013.2, "wind_direction": 350, "weather_code": 61}
UNITS = {"temperature": "°C", "humidity": "%", "pressure": "hPa", "wind_direction": "°"}


def reading(value: Any, ts: int = NOW, *, metric: str = "temperature", unit: str = "") -> bytes:
    said: dict[str, Any] = {"device": "greenhouse-7", "ts": ts, "values": {metric: value}}
    return json.dumps(said | ({"units": {metric: unit}} if unit else {})).encode()


def observation(ts: int = NOW, *, values: dict[str, Any] | None = None, **more: Any) -> bytes:
    said = {"device": "berlin", "ts": ts, "values": values or WEATHER, "units": UNITS, "tags": TAGS}
    return json.dumps(said | more).encode()


def comparison(metric: str = "temperature") -> Comparison:
    return Comparison(Compared("greenhouse-7", "berlin", metric))


def of(value: Any, *, unit: str = "", metric: str = "temperature") -> dict[str, Any]:
    """What is shown of a value with this unit, beside the weather."""
    one = comparison(metric)
    one.take_reading(reading(value, metric=metric, unit=unit))
    one.take_observation(observation())
    return one.shown(NOW)


def test_both_sides_and_their_difference_are_shown() -> None:
    one = comparison()
    one.take_reading(reading(21.4, NOW - 5_000, unit="Cel"))
    one.take_observation(observation(NOW - 60_000))
    assert one.shown(NOW) == {
        "device": "greenhouse-7",
        "place": "berlin",
        "metric": "temperature",
        "value": 21.4,
        "unit": "Cel",
        "unit_assumed": False,
        "ts": NOW - 5_000,
        "age_s": 5,
        "outside": 3.4,
        "outside_unit": "Cel",
        "outside_ts": NOW - 60_000,
        "outside_age_s": 60,
        "difference": 18.0,
        "reason": None,
        "stale": False,
        "stale_reason": None,
        **{name: text for name, text in TAGS.items() if name not in ("interval_s", "other")},
    }


def test_what_is_shown_is_what_is_described() -> None:
    described = COMPARISON["properties"]
    shown = of(1)
    assert set(shown) == set(described) - {"station"}
    assert set(COMPARISON["required"]) == set(comparison().shown(NOW))


@pytest.mark.parametrize(
    ("metric", "value", "unit", "outside", "difference"),
    [
        ("temperature", 70, "°F", 38.12, 31.88),
        ("temperature", 294.55, "K", 276.55, 18.0),
        ("pressure", 101_400, "Pa", 101_320, 80),
        ("pressure", 101.4, "kPa", 101.32, 0.08),
        ("humidity", 55.5, "%RH", 81, -25.5),
        ("wind_direction", 10, "deg", 350, 20),
        ("wind_direction", 340, "°", 350, -10),
    ],
)
def test_the_weather_is_told_in_the_units_of_the_device(
    metric: str, value: float, unit: str, outside: float, difference: float
) -> None:
    shown = of(value, unit=unit, metric=metric)
    assert (shown["outside"], shown["outside_unit"], shown["unit"]) == (outside, unit, unit)
    assert shown["difference"] == difference
    assert not shown["unit_assumed"]


def test_of_a_device_that_tells_no_unit_that_of_the_weather_is_assumed() -> None:
    shown = of(21.4)
    assert (shown["unit"], shown["outside_unit"], shown["unit_assumed"]) == ("°C", "°C", True)
    assert shown["difference"] == 18.0


@pytest.mark.parametrize(
    ("metric", "value", "unit", "reason"),
    [
        ("temperature", 21.4, "parsnips", "°C cannot be converted to parsnips"),
        ("temperature", "warm", "", "temperature is not a quantity on both sides"),
        ("temperature", True, "", "temperature is not a quantity on both sides"),
        ("weather_code", 61, "", "weather_code is not a quantity on both sides"),
    ],
)
def test_where_there_is_no_difference_both_values_and_the_reason_are_shown(
    metric: str, value: Any, unit: str, reason: str
) -> None:
    shown = of(value, unit=unit, metric=metric)
    assert shown["difference"] is None
    assert shown["reason"] == reason
    assert (shown["value"], shown["unit"]) == (value, unit or None)
    assert (shown["outside"], shown["outside_unit"]) == (WEATHER[metric], UNITS.get(metric))


def test_a_metric_that_the_weather_has_not_has_no_outside() -> None:
    shown = of(400, unit="ppm", metric="co2")
    assert (shown["value"], shown["outside"], shown["difference"]) == (400, None, None)
    assert shown["reason"] == (
        "the weather of berlin has no co2; it has humidity, pressure, temperature, weather_code, wind_direction"
    )


def test_while_a_side_is_unknown_the_other_is_shown_and_why() -> None:
    one = comparison()
    shown = one.shown(NOW)
    assert (shown["value"], shown["outside"], shown["stale"]) == (None, None, None)
    assert shown["reason"] == "no observation of berlin is known yet"
    one.take_observation(observation())
    shown = one.shown(NOW)
    assert (shown["outside"], shown["outside_unit"]) == (3.4, "°C")
    assert shown["reason"] == "greenhouse-7 has not reported temperature yet"


def test_a_difference_that_is_no_number_is_none() -> None:
    one = comparison()
    one.take_reading(reading(1.7e308))
    one.take_observation(observation(values={"temperature": -1.7e308}))
    assert one.shown(NOW)["difference"] is None
    assert one.shown(NOW)["reason"] == "the difference is larger than a number can be"


def test_what_is_older_than_what_is_known_changes_nothing() -> None:
    one = comparison()
    one.take_reading(reading(21.4, NOW))
    one.take_observation(observation(NOW))
    before = one.news(NOW)
    one.take_reading(reading(5, NOW - 1))
    one.take_observation(observation(NOW - 1, values={"temperature": 30}))
    one.know_device(Latest("greenhouse-7", values={"temperature": {"value": 4, "ts": NOW - 2}}))
    assert before is not None
    assert one.news(NOW) is None
    assert one.shown(NOW)["difference"] == 18.0


@given(st.permutations(range(6)))
def test_the_newest_of_each_side_is_shown_in_whatever_order_they_come(order: list[int]) -> None:
    one = comparison()
    for n in order:
        one.take_reading(reading(n, NOW + n))
        one.take_observation(observation(NOW - n, values={"temperature": n}))
    assert (one.shown(NOW)["value"], one.shown(NOW)["outside"]) == (5, 0)


def test_news_is_what_changed_apart_from_ages() -> None:
    one = comparison()
    one.take_reading(reading(21.4))
    one.take_observation(observation())
    first = one.news(NOW)
    assert first is not None
    assert json.loads(first) == one.shown(NOW)
    assert one.news(NOW + 60_000) is None
    assert {name for name in AGES if one.shown(NOW)[name] != one.shown(NOW + 60_000)[name]} == set(AGES)
    one.take_reading(reading(21.4, NOW + 1))
    assert one.news(NOW + 60_000) is not None
    one.take_reading(reading(70, NOW + 2, metric="humidity"))
    assert one.news(NOW + 60_000) is None


def test_an_observation_is_stale_after_twice_its_interval() -> None:
    one = comparison()
    one.take_observation(observation(NOW))
    assert one.shown(NOW + 1_800_000)["stale"] is False
    assert one.shown(NOW + 1_800_001)["stale"] is True
    one.take_observation(observation(NOW, tags=TAGS | {"interval_s": "3600"}))
    assert one.shown(NOW + 1_800_001)["stale"] is False
    for wrong in ("", "nan", "-1", "0", "soon"):
        one.take_observation(observation(NOW, tags=TAGS | {"interval_s": wrong}))
        assert one.shown(NOW + 1_800_000)["stale"] is False
        assert one.shown(NOW + 1_800_001)["stale"] is True


def test_an_observation_of_a_time_to_come_is_stale() -> None:
    one = comparison()
    one.take_observation(observation(NOW + 600_000))
    assert one.shown(NOW)["stale"] is False
    assert one.shown(NOW - 1)["stale"] is True


def test_an_observation_that_is_marked_is_stale_until_a_newer_one_comes() -> None:
    one = comparison()
    one.take_observation(observation(NOW))
    one.news(NOW)
    one.take_observation(observation(NOW, stale=True, age_s=2_000, reason="no provider answers"))
    told = json.loads(one.news(NOW) or b"null")
    assert (told["stale"], told["stale_reason"]) == (True, "no provider answers")
    one.take_observation(observation(NOW + 1))
    told = json.loads(one.news(NOW) or b"null")
    assert (told["stale"], told["stale_reason"]) == (False, None)


def test_the_place_s_state_tells_interval_and_reason() -> None:
    one = comparison()
    one.know_status(status(NOW))
    one.take_observation(observation(NOW))
    one.know_status(status(NOW - 1))
    assert one.shown(NOW + 20_001)["stale"] is False
    one.know_status(status(NOW))
    assert (one.shown(NOW + 20_000)["stale"], one.shown(NOW + 20_000)["stale_reason"]) == (False, None)
    assert (one.shown(NOW + 20_001)["stale"], one.shown(NOW + 20_001)["stale_reason"]) == (True, "they are away")


def status(observed_ms: int) -> WeatherStatus:
    return WeatherStatus("berlin", 10, NOW, "poller", "open-meteo", observed_ms, NOW, "they are away", NOW)


@pytest.mark.parametrize("payload", [b"", b"nonsense", b"[]", b'{"values":{}}', b"\xff", b"[" * 100_000])
def test_what_is_no_publication_is_left_out(payload: bytes) -> None:
    one = comparison()
    one.take_reading(payload)
    one.take_observation(payload)
    assert one.shown(NOW) == comparison().shown(NOW)


def test_latest_values_of_the_device_count_with_their_own_times() -> None:
    one = comparison()
    one.know_device(None)
    one.know_device(Latest("greenhouse-7", NOW, values={"humidity": {"value": 70, "ts": NOW}}))
    assert one.shown(NOW)["value"] is None
    one.know_device(Latest("greenhouse-7", NOW, values={"temperature": {"value": 4, "ts": NOW - 9, "unit": "Cel"}}))
    assert (one.shown(NOW)["value"], one.shown(NOW)["unit"], one.shown(NOW)["ts"]) == (4, "Cel", NOW - 9)
