from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.freshness import WELL, Marks, Observed, judged
from gateway.hub import Delivery
from services.batch import Position
from services.weather_status import INTERVAL_S, WeatherStatus

TOPIC = "weather:berlin"
NOW_MS = 1_000_000_000
AT, NEXT = Position("E", 7), Position("E", 8)


def observed(age_s: float = 10, interval_s: str = "60") -> Observed:
    reading = {"device": "berlin", "ts": NOW_MS - round(age_s * 1000), "values": {"temperature": 3.4}}
    found = Observed.read(orjson.dumps(reading | {"tags": {"interval_s": interval_s, "provider": "nws"}}))
    assert found is not None
    return found


def status(age_s: float = 10, reason: str | None = None) -> WeatherStatus:
    return WeatherStatus("berlin", 60, NOW_MS, "p", "nws", NOW_MS - round(age_s * 1000), NOW_MS, reason)


def look(marks: Marks, position: Position, told: WeatherStatus | None, age_s: float = 10) -> Any:
    mark = marks.look(TOPIC, position, told, observed(age_s), NOW_MS)
    return None if mark is None else orjson.loads(mark)


@pytest.mark.parametrize(("age_s", "stale"), [(0, False), (120, False), (120.1, True), (-60, False), (-601, True)])
def test_an_observation_is_stale_once_it_is_older_than_twice_its_interval(age_s: float, stale: bool) -> None:
    for told in (status(age_s), None):
        fresh = judged(told, observed(age_s).ts, observed(age_s).tags, NOW_MS)
        assert (fresh.stale, fresh.age_s) == (stale, max(0, age_s))


@pytest.mark.parametrize("interval_s", ["", "soon", "nan", "inf", "-5", "0"])
def test_without_an_interval_that_makes_sense_the_usual_one_counts(interval_s: str) -> None:
    for age_s, stale in ((2 * INTERVAL_S, False), (2 * INTERVAL_S + 1, True)):
        one = observed(age_s, interval_s)
        assert judged(None, one.ts, one.tags, NOW_MS).stale is stale


def test_the_newer_of_what_the_status_and_the_topic_know_counts() -> None:
    assert judged(status(500), observed(10).ts, {}, NOW_MS).age_s == 10
    assert judged(status(10), observed(500).ts, {}, NOW_MS).age_s == 10
    assert judged(None, None, {}, NOW_MS).stale


def test_what_is_no_reading_is_no_observation() -> None:
    assert [Observed.read(text) for text in (b"", b"[1]", b'{"ts":"x"}', b"\xff")] == [None] * 4


def test_each_change_is_told_once_with_the_observation() -> None:
    marks = Marks()
    assert look(marks, AT, status()) is None
    stale = look(marks, AT, status(130), 130)
    assert stale == orjson.loads(observed(130).payload) | {"stale": True, "age_s": 130, "reason": None}
    assert look(marks, AT, status(131), 131) is None
    both = look(marks, AT, status(140, "all fail"), 140)
    assert (both["stale"], both["reason"]) == (True, "all fail")
    assert look(marks, AT, status(141, "all fail again"), 141) is None
    assert look(marks, AT, status(150), 150)["reason"] is None
    assert marks.stale == 1


def test_what_comes_live_says_itself_that_all_is_well() -> None:
    marks = Marks()
    assert look(marks, AT, status(130), 130)["stale"]
    assert look(marks, NEXT, status()) is None
    assert look(marks, NEXT, status(130), 130)["stale"]


def test_a_new_observation_under_which_nothing_got_better_is_marked_itself() -> None:
    marks = Marks()
    assert look(marks, AT, status(10, "all fail"))["reason"] == "all fail"
    assert look(marks, NEXT, status(9, "all fail"), 9)["age_s"] == 9


def test_that_services_answer_again_is_told_also_without_a_newer_observation() -> None:
    marks = Marks()
    look(marks, AT, status(10, "all fail"))
    again = look(marks, AT, status(10))
    assert (again["stale"], again["reason"]) == (False, None)


def standing(marks: Marks, has: Position = AT, at: Position = AT, later_ms: int = 0) -> Delivery | None:
    return marks.standing(TOPIC, at, has, WELL, NOW_MS + later_ms)


def test_who_comes_while_something_is_wrong_is_told_what_holds_then() -> None:
    marks = Marks()
    assert standing(marks) is None
    look(marks, AT, status(130), 130)
    told, later = standing(marks), standing(marks, later_ms=60_000)
    assert told is not None
    assert later is not None
    assert [orjson.loads(one.batch.payloads[0])["age_s"] for one in (told, later)] == [130, 190]
    assert later is standing(marks, later_ms=60_100)
    assert not told.batch.first
    assert marks.standing(TOPIC, AT, AT, (True, False), NOW_MS) is None


def test_who_has_a_newer_observation_is_told_nothing_of_the_one_before() -> None:
    marks = Marks()
    look(marks, AT, status(130), 130)
    assert standing(marks, has=NEXT) is None
    assert standing(marks, at=NEXT) is None
    assert standing(marks, has=Position("", 0)) is not None


def test_what_is_not_followed_any_more_is_forgotten() -> None:
    marks = Marks()
    look(marks, AT, status(130), 130)
    marks.keep([TOPIC])
    assert marks.stale == 1
    marks.keep(["weather:london"])
    assert (marks.stale, marks.status(TOPIC), standing(marks)) == (0, None, None)
