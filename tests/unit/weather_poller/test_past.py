from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from services.places import Place
from services.reading import Reading
from weather_poller.fetch import FetchError, NotAskedError
from weather_poller.past import TRIES, Past
from weather_poller.providers.provider import Calls, Found, Question

BERLIN = Place("berlin", "Berlin", 52.5, 13.4)
ORDERS = {"berlin": ("met-norway", "nws")}


class Tells:
    """A provider whose answers are made up: the present of `at_s`, and the hours before it if it `knows` them."""

    url = "http://nowhere.invalid"
    calls = Calls()
    places_per_request = 1

    def __init__(self, name: str, at_s: int, *, knows: bool, fails: FetchError | None = None) -> None:
        self.name = name
        self.asked: list[int] = []
        self._at_s = at_s
        self._knows = knows
        self._fails = fails

    def covers(self, place: Place) -> bool:
        return True

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        raise NotImplementedError((places, past_h))
        yield

    def found(self, past_h: int) -> list[Found]:
        self.asked.append(past_h)
        if past_h and self._fails is not None:
            raise self._fails
        hours = range(past_h if self._knows else 0, -1, -1)
        times = [self._at_s - 3_600 * hour for hour in hours]
        return [Found("berlin", [Reading("berlin", {"t": 1}, at * 1000, f"{self.name}:{at}") for at in times])]


class Asks:
    """In place of a fetcher: runs no question, but asks the made-up provider that it is for."""

    async def ask(self, service: Any, question: Any) -> Any:
        past_h = question.gi_frame.f_locals["past_h"]
        question.close()
        return service.found(past_h)


def past_of(*providers: Tells) -> Past:
    return Past(Asks(), {one.name: one for one in providers}, 2)  # type: ignore[arg-type]


def ids(found: Sequence[Found]) -> list[str | None]:
    return [reading.id for one in found for reading in one.readings]


async def test_a_place_that_is_not_new_is_given_no_past() -> None:
    met = Tells("met-norway", 10_000, knows=True)
    assert ids(await past_of(met).observe(met, [BERLIN], [], ORDERS)) == ["met-norway:10000"]


async def test_who_tells_the_past_is_asked_once_for_both() -> None:
    met, open_meteo = Tells("met-norway", 10_000, knows=True), Tells("open-meteo", 9_000, knows=True)
    found = await past_of(met, open_meteo).observe(met, [BERLIN], ["berlin"], ORDERS)
    assert ids(found) == ["met-norway:2800", "met-norway:6400", "met-norway:10000"]
    assert (met.asked, open_meteo.asked) == ([2], [])


async def test_the_first_of_the_others_that_tells_the_past_helps_out_and_only_before_the_present() -> None:
    met, nws = Tells("met-norway", 9_000, knows=False), Tells("nws", 10_000, knows=True)
    open_meteo = Tells("open-meteo", 10_000, knows=True)
    found = await past_of(met, nws, open_meteo).observe(met, [BERLIN], ["berlin"], ORDERS)
    assert ids(found) == ["nws:2800", "nws:6400", "met-norway:9000"]
    assert open_meteo.asked == []


async def test_a_refusal_of_the_past_is_followed_by_the_present_at_once() -> None:
    met = Tells("met-norway", 9_000, knows=True, fails=FetchError("status 400", status=400))
    assert ids(await past_of(met).observe(met, [BERLIN], ["berlin"], ORDERS)) == ["met-norway:9000"]
    assert met.asked == [2, 0]


async def test_a_failure_is_a_failure_of_the_present_too_but_not_for_ever() -> None:
    met = Tells("met-norway", 9_000, knows=True, fails=FetchError("status 500", status=500))
    past = past_of(met)
    for _ in range(TRIES):
        with pytest.raises(FetchError):
            await past.observe(met, [BERLIN], ["berlin"], ORDERS)
    assert ids(await past.observe(met, [BERLIN], ["berlin"], ORDERS)) == ["met-norway:9000"]


async def test_who_must_not_be_asked_has_not_refused_the_past() -> None:
    met = Tells("met-norway", 9_000, knows=True, fails=NotAskedError("left alone", 5.0))
    past = past_of(met)
    for _ in range(TRIES + 1):
        with pytest.raises(NotAskedError):
            await past.observe(met, [BERLIN], ["berlin"], ORDERS)
    assert set(met.asked) == {2}
