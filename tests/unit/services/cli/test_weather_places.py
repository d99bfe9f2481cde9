from __future__ import annotations

import pytest

from services.cli.output import span
from services.cli.weather_places import Tracked, row, wanted_by
from services.places import Place
from services.weather_status import WeatherStatus

NOW_MS = 1_000_000_000
BERLIN = Place("berlin", "Berlin", 52.52, 13.41)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0.4, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min"), (7_300, "2 h"), (90_000, "1 d")],
)
def test_a_time_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_gateways_are_counted_and_others_named() -> None:
    assert wanted_by(BERLIN, ["gateway:a", "poller", "gateway:b"]) == ("2 gateways", "poller")
    assert wanted_by(Place("b", "B", 0, 0, pinned=True), ["gateway:a"]) == ("settings", "1 gateway")


@pytest.mark.parametrize(
    ("observed_ago_s", "next_in_s", "age", "following"),
    [(10, 30, "10 s", "in 30 s"), (121, 0, "2 min, stale", "now"), (None, -180, "no observation yet", "due for 3 min")],
)
def test_age_and_next_time_are_told_in_words(
    observed_ago_s: int | None, next_in_s: int, age: str, following: str
) -> None:
    observed = None if observed_ago_s is None else NOW_MS - observed_ago_s * 1000
    status = WeatherStatus("berlin", 60, NOW_MS + next_in_s * 1000, "p", observed_ms=observed)
    assert row(Tracked(BERLIN, (), status), NOW_MS)[5:7] == [age, following]
