"""What a gateway that asks for a city is told, and when: by what is found, tracked and observed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.places import Place
from services.weather_status import WeatherStatus, encoded
from weather_poller.answers import AHEAD_S, INTEREST_S, Answers
from weather_poller.cities import AmbiguousCityError, UnknownCityError
from weather_poller.fetch import FetchError
from weather_poller.providers.geocoding import Candidate
from weather_poller.requests import Request

PARIS = Place("paris", "Paris", 48.85, 2.35)
TEXAS = Candidate(4717560, "Paris", "Texas", "United States", "US", 33.66, -95.56, 24_782, "Paris, Texas, US")
ASKED = Request("Paris", "token", "reply")
TOLD = {"place": "paris", "city": "Paris"}
PATIENT_S = 60.0
BRIEF_S = AHEAD_S + 0.3


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def fresh() -> WeatherStatus:
    return WeatherStatus("paris", 900.0, now_ms() + 900_000, "me", observed_ms=now_ms())


class World:
    """Redis, places and cities of a poller. `find` is the geocoder, `statuses` what is read at each look in turn."""

    def __init__(self, *statuses: WeatherStatus | None, find: Callable[[], Awaitable[Place]] | None = None) -> None:
        self.statuses = list(statuses)
        self.looks = 0
        self.room = True
        self.touched: list[tuple[list[str], int, str]] = []
        self.woken = 0
        self._find = find
        doubles: Any = (self, self, self, 2, self._wake)
        self.answers = Answers(*doubles)

    def _wake(self) -> None:
        self.woken += 1

    async def find(self, city: str, geocoder_id: int | None) -> Place:
        assert (city, geocoder_id) == (ASKED.city, ASKED.geocoder_id)
        return await self._find() if self._find is not None else PARIS

    async def has_room(self, slug: str, most: int) -> bool:
        assert (slug, most) == ("paris", 2)
        return self.room

    async def touch(self, slugs: Sequence[str], interest_s: int, who: str) -> None:
        self.touched.append((list(slugs), interest_s, who))

    async def mget(self, _keys: Any) -> list[bytes | None]:
        self.looks += 1
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return [encoded(status) if status is not None else None]


def finds(outcome: Exception) -> Callable[[], Awaitable[Place]]:
    async def find() -> Place:
        raise outcome

    return find


async def never() -> Place:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_place_with_a_fresh_observation_is_told_at_once() -> None:
    world = World(fresh())
    assert await world.answers.answer(ASKED, PATIENT_S) == TOLD
    assert world.looks == 1


async def test_who_asks_keeps_the_place_tracked_until_the_gateway_says_that_it_is_wanted() -> None:
    world = World(fresh())
    await world.answers.answer(ASKED, 14.2)
    assert world.touched == [(["paris"], INTEREST_S + 15, "poller")]
    assert world.woken == 1


async def test_a_new_place_is_told_once_it_was_observed() -> None:
    world = World(None, None, fresh())
    assert await world.answers.answer(ASKED, PATIENT_S) == TOLD
    assert world.looks == 3


async def test_a_place_that_was_left_long_ago_is_told_once_it_was_observed_anew() -> None:
    left = replace(fresh(), observed_ms=now_ms() - 7_200_000, next_ms=now_ms() - 3_600_000)
    world = World(left, left, fresh())
    assert await world.answers.answer(ASKED, PATIENT_S) == TOLD
    assert world.looks == 3


async def test_where_all_services_fail_an_older_observation_is_told_without_waiting() -> None:
    failing = replace(fresh(), observed_ms=now_ms() - 7_200_000, reason="open-meteo: status 503")
    world = World(failing)
    assert await world.answers.answer(ASKED, PATIENT_S) == TOLD
    assert world.looks == 1


async def test_where_all_services_fail_and_there_is_no_observation_the_reason_is_told_without_waiting() -> None:
    world = World(replace(fresh(), observed_ms=None, reason="open-meteo: status 503"))
    answer = await world.answers.answer(ASKED, PATIENT_S)
    assert answer == {"error": {"code": "unavailable", "message": "open-meteo: status 503"}}
    assert world.looks == 1


async def test_at_the_end_of_its_time_it_is_told_that_there_is_nothing_yet() -> None:
    answer = await World(None).answers.answer(ASKED, BRIEF_S)
    assert answer["error"]["code"] == "unavailable"
    assert "no weather for 'Paris' yet" in answer["error"]["message"]


async def test_at_the_end_of_its_time_an_observation_is_better_than_none_however_old() -> None:
    left = replace(fresh(), observed_ms=now_ms() - 7_200_000, next_ms=now_ms() - 3_600_000)
    assert await World(left).answers.answer(ASKED, BRIEF_S) == TOLD


async def test_where_no_more_places_may_be_tracked_it_is_said_and_nothing_is_asked_for() -> None:
    world = World(fresh())
    world.room = False
    answer = await world.answers.answer(ASKED, PATIENT_S)
    assert answer["error"]["code"] == "too_many_places"
    assert "2 places are tracked already, as many as may be" in answer["error"]["message"]
    assert (world.touched, world.woken, world.looks) == ([], 0, 0)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (UnknownCityError("no place is called 'Paris'"), "unknown_city"),
        (AmbiguousCityError("Paris", [TEXAS]), "ambiguous"),
        (FetchError("status 503: secret words"), "unavailable"),
    ],
)
async def test_what_is_not_found_is_told_and_not_tracked(outcome: Exception, code: str) -> None:
    world = World(fresh(), find=finds(outcome))
    answer = await world.answers.answer(ASKED, PATIENT_S)
    assert answer["error"]["code"] == code
    assert "Paris" in answer["error"]["message"]
    assert "secret words" not in answer["error"]["message"]
    assert [one["city"] for one in answer.get("candidates", [])] == ([TEXAS.city] if code == "ambiguous" else [])
    assert (world.touched, world.woken) == ([], 0)


@pytest.mark.parametrize("left_s", [BRIEF_S, AHEAD_S / 2, 0.0])
async def test_a_geocoder_that_does_not_answer_is_told_before_the_client_gives_up(left_s: float) -> None:
    answer = await World(fresh(), find=never).answers.answer(ASKED, left_s)
    assert answer["error"]["code"] == "unavailable"
    assert "the geocoder cannot be asked about 'Paris' now" in answer["error"]["message"]
