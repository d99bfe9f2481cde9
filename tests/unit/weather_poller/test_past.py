from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest

from services.places import Place
from services.reading import Reading
from weather_poller.fetch import FetchError, NotAskedError
from weather_poller.past import Observed, Past
from weather_poller.providers.provider import Ask, Calls, Found, Question

BERLIN, OSLO = Place("berlin", "Berlin", 52.5, 13.4), Place("oslo", "Oslo", 59.9, 10.7)
ORDERS = {"berlin": ("met-norway", "nws"), "oslo": ("met-norway", "nws")}
REFUSAL = FetchError("status 400", status=400)
DOWN = FetchError("status 503", status=503, wait_s=1.0)
TOO_SLOW = FetchError("no whole answer within 10 s", wait_s=1.0)

Fails = Callable[[Collection[str], int], FetchError | None]


class Tells:
    """A provider whose answers are made up: the present of `at_s`, and the hours before it if it `knows` them.

    `fails` says which questions (places, past hours) fail; those asked are in `asked`.
    """

    url = "http://nowhere.invalid"
    places_per_request = 100

    def __init__(
        self, name: str, at_s: int, *, knows: bool = True, fails: Fails = lambda _, __: None, calls: Calls | None = None
    ) -> None:
        self.name = name
        self.calls = calls or Calls()
        self.fails = fails
        self.asked: list[tuple[str, int]] = []
        self._at_s = at_s
        self._knows = knows

    def covers(self, place: Place) -> bool:
        return True

    def observe(self, places: Sequence[Place], past_h: int = 0) -> Question[list[Found]]:
        self.asked.append((" ".join(place.place for place in places), past_h))
        yield Ask(self.url)
        if error := self.fails({place.place for place in places}, past_h):
            raise error
        hours = range(past_h if self._knows else 0, -1, -1)
        times = [self._at_s - 3_600 * hour for hour in hours]
        return [
            Found(place.place, [Reading(place.place, {"t": 1}, at * 1000, f"{self.name}:{at}") for at in times])
            for place in places
        ]


class Asks:
    """In place of a fetcher: a question has its made-up end at once, unless the provider is `stuck`."""

    def __init__(self, stuck: str | None = None) -> None:
        self._stuck = stuck

    async def ask(self, service: Any, question: Any) -> Any:
        next(question)
        if service.name == self._stuck:
            await asyncio.Event().wait()
        try:
            question.send(None)
        except StopIteration as end:
            return end.value


def past_of(*providers: Tells, stuck: str | None = None) -> Past:
    asks: Any = Asks(stuck)
    return Past(asks, {one.name: one for one in providers}, 2, within_s=0.05)


def ids(observed: Observed) -> list[str | None]:
    return [reading.id for one in observed.found for reading in one.readings]


def lengths(observed: Observed) -> dict[str, int]:
    return {one.place: len(one.readings) for one in observed.found}


def past_fails(error: FetchError, slug: str = "berlin") -> Fails:
    return lambda slugs, past_h: error if past_h and slug in slugs else None


async def test_a_place_that_is_not_new_is_given_no_past() -> None:
    met = Tells("met-norway", 10_000)
    assert ids(await past_of(met).observe(met, [BERLIN], [], ORDERS, {})) == ["met-norway:10000"]


async def test_who_tells_the_past_is_asked_once_for_both() -> None:
    met, open_meteo = Tells("met-norway", 10_000), Tells("open-meteo", 9_000)
    found = await past_of(met, open_meteo).observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert ids(found) == ["met-norway:2800", "met-norway:6400", "met-norway:10000"]
    assert (met.asked, open_meteo.asked) == ([("berlin", 2)], [])


async def test_the_first_of_the_others_that_tells_the_past_helps_out_and_only_before_the_present() -> None:
    met, nws = Tells("met-norway", 9_000, knows=False), Tells("nws", 10_000)
    open_meteo = Tells("open-meteo", 10_000)
    found = await past_of(met, nws, open_meteo).observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert ids(found) == ["nws:2800", "nws:6400", "met-norway:9000"]
    assert open_meteo.asked == []


async def test_a_refusal_of_the_past_is_followed_by_the_present_at_once() -> None:
    met = Tells("met-norway", 9_000, fails=past_fails(REFUSAL))
    assert ids(await past_of(met).observe(met, [BERLIN], ["berlin"], ORDERS, {})) == ["met-norway:9000"]
    assert met.asked == [("berlin", 2), ("berlin", 0)]


async def test_a_place_of_which_the_past_is_refused_does_not_take_it_from_its_neighbours() -> None:
    met = Tells("met-norway", 9_000, fails=past_fails(REFUSAL))
    found = await past_of(met).observe(met, [BERLIN, OSLO], ["berlin", "oslo"], ORDERS, {})
    assert lengths(found) == {"berlin": 1, "oslo": 3}


async def test_who_refuses_the_past_of_every_place_is_not_asked_for_each() -> None:
    met = Tells("met-norway", 9_000, fails=lambda _, past_h: REFUSAL if past_h else None)
    places = [Place(f"p{number}", f"P{number}", number, 0) for number in range(80)]
    orders = {place.place: ("met-norway",) for place in places}
    observed = await past_of(met).observe(met, places, list(orders), orders, {})
    assert len(observed.found) == 80
    assert len(met.asked) < 15


@pytest.mark.parametrize("error", [DOWN, FetchError("it refuses connections", wait_s=1.0)])
async def test_however_often_a_service_is_down_the_past_comes_once_it_is_well(error: FetchError) -> None:
    met = Tells("met-norway", 9_000, fails=lambda _, __: error)
    past = past_of(met)
    for _ in range(5):
        with pytest.raises(FetchError):
            await past.observe(met, [BERLIN], ["berlin"], ORDERS, {})
    met.fails = lambda _, __: None
    found = await past.observe(met, [BERLIN, OSLO], ["berlin", "oslo"], ORDERS, {})
    assert lengths(found) == {"berlin": 3, "oslo": 3}


async def test_a_past_that_takes_too_long_keeps_the_present_away_once() -> None:
    met = Tells("met-norway", 9_000, fails=past_fails(TOO_SLOW))
    past = past_of(met)
    with pytest.raises(FetchError):
        await past.observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert ids(await past.observe(met, [BERLIN], ["berlin"], ORDERS, {})) == ["met-norway:9000"]
    # Another place is none of its business.
    assert lengths(await past.observe(met, [OSLO], ["oslo"], ORDERS, {})) == {"oslo": 3}
    assert met.asked == [("berlin", 2), ("berlin", 0), ("berlin", 2), ("oslo", 2)]


async def test_a_place_that_is_not_tracked_any_more_is_forgotten() -> None:
    met = Tells("met-norway", 9_000, fails=past_fails(TOO_SLOW))
    past = past_of(met)
    with pytest.raises(FetchError):
        await past.observe(met, [BERLIN], ["berlin"], ORDERS, {})
    past.keep(["oslo"])
    met.fails = lambda _, __: None
    assert lengths(await past.observe(met, [BERLIN], ["berlin"], ORDERS, {})) == {"berlin": 3}
    assert met.asked == [("berlin", 2)] * 2


async def test_who_must_not_be_asked_has_not_refused_the_past() -> None:
    met = Tells("met-norway", 9_000, fails=past_fails(NotAskedError("left alone", 500.0)))
    past = past_of(met)
    for _ in range(3):
        with pytest.raises(NotAskedError):
            await past.observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert set(met.asked) == {("berlin", 2)}


async def test_where_the_past_costs_more_than_is_ever_allowed_the_present_comes_alone() -> None:
    error = NotAskedError("one request costs 2.2 calls, of which a minute allows 2", 30.0, calls=2.2, calls_left=2)
    met = Tells("met-norway", 9_000, fails=past_fails(error), calls=Calls(minute=2))
    assert ids(await past_of(met).observe(met, [BERLIN], ["berlin"], ORDERS, {})) == ["met-norway:9000"]


async def test_for_the_calls_of_the_next_minute_the_past_is_waited_for() -> None:
    error = NotAskedError("the 10 calls of this minute are spent", 30.0, calls=2.2, calls_left=1.5)
    met = Tells("met-norway", 9_000, fails=past_fails(error), calls=Calls(minute=10))
    with pytest.raises(NotAskedError):
        await past_of(met).observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert met.asked == [("berlin", 2)]


async def test_for_the_calls_of_the_next_day_no_place_waits() -> None:
    error = NotAskedError("the 10 calls of this day are spent", 3_000.0, calls=2.2, calls_left=1.5)
    met = Tells("met-norway", 9_000, fails=past_fails(error), calls=Calls(day=10))
    assert ids(await past_of(met).observe(met, [BERLIN], ["berlin"], ORDERS, {})) == ["met-norway:9000"]


async def test_a_budget_that_is_enough_for_the_past_of_fewer_places_is_left_to_the_schedule() -> None:
    error = NotAskedError("the 10 calls of this day are spent", 3_000.0, calls=4.4, calls_left=3.0)
    met = Tells("met-norway", 9_000, fails=past_fails(error), calls=Calls(day=10))
    with pytest.raises(NotAskedError):
        await past_of(met).observe(met, [BERLIN, OSLO], ["berlin", "oslo"], ORDERS, {})


async def test_the_present_does_not_wait_long_for_the_past_of_another_service() -> None:
    met, nws = Tells("met-norway", 9_000, knows=False), Tells("nws", 10_000)
    found = await past_of(met, nws, stuck="nws").observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert ids(found) == ["met-norway:9000"]
    assert nws.asked == [("berlin", 2)]


def settled_and_missed(observed: Observed) -> tuple[set[str], set[str]]:
    return set(observed.settled), set(observed.missed)


async def test_of_who_is_down_the_past_may_come_later_and_of_who_refuses_it_or_tells_none_it_never_will() -> None:
    met = Tells("met-norway", 9_000, knows=False)
    outcomes: list[tuple[set[str], set[str]]] = []
    for error in (DOWN, REFUSAL, NotAskedError("left alone", 500.0), NotAskedError("never", 30.0, 2.2, 2)):
        open_meteo = Tells("open-meteo", 9_000, fails=past_fails(error), calls=Calls(minute=2))
        observed = await past_of(met, open_meteo).observe(met, [BERLIN], ["berlin"], ORDERS, {})
        assert ids(observed) == ["met-norway:9000"]
        outcomes.append(settled_and_missed(observed))
    assert [bool(missed) for _, missed in outcomes] == [True, False, True, False]
    assert [bool(settled) for settled, _ in outcomes] == [False, True, False, True]
    alone = await past_of(met).observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert settled_and_missed(alone) == ({"berlin"}, set())


async def test_a_past_that_another_tells_is_not_missed() -> None:
    met, nws = Tells("met-norway", 9_000, knows=False), Tells("nws", 9_000, fails=past_fails(DOWN))
    observed = await past_of(met, nws, Tells("open-meteo", 9_000)).observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert (len(ids(observed)), settled_and_missed(observed)) == (3, ({"berlin"}, set()))


async def test_a_past_that_takes_too_long_or_more_calls_than_are_left_may_come_later() -> None:
    met, nws = Tells("met-norway", 9_000, knows=False), Tells("nws", 10_000)
    observed = await past_of(met, nws, stuck="nws").observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert settled_and_missed(observed) == (set(), {"berlin"})
    error = NotAskedError("the 10 calls of this day are spent", 3_000.0, calls=2.2, calls_left=1.5)
    met = Tells("met-norway", 9_000, fails=past_fails(error), calls=Calls(day=10))
    observed = await past_of(met).observe(met, [BERLIN], ["berlin"], ORDERS, {})
    assert settled_and_missed(observed) == (set(), {"berlin"})


async def test_the_past_that_a_place_lacks_is_asked_for_after_a_present_that_is_newer() -> None:
    met = Tells("met-norway", 9_000)
    observed = await past_of(met).observe(met, [BERLIN, OSLO], [], ORDERS, {"berlin": 8_999_000, "oslo": 9_000_000})
    assert lengths(observed) == {"berlin": 3, "oslo": 1}
    assert settled_and_missed(observed) == ({"berlin"}, set())
    assert met.asked == [("berlin oslo", 0), ("berlin", 2)]


async def test_the_past_that_a_place_lacks_never_keeps_its_present_away() -> None:
    for error in (DOWN, TOO_SLOW, NotAskedError("the 10 calls of this minute are spent", 30.0, 2.2, 1.5)):
        met = Tells("met-norway", 9_000, fails=past_fails(error), calls=Calls(minute=10))
        observed = await past_of(met).observe(met, [BERLIN], [], ORDERS, {"berlin": 1})
        assert (ids(observed), settled_and_missed(observed)) == (["met-norway:9000"], (set(), {"berlin"}))


async def test_of_a_place_without_a_present_nothing_is_known_of_its_past() -> None:
    met = Tells("met-norway", 9_000)
    silent: Any = Asks()
    past = Past(silent, {"met-norway": met}, 2)

    async def nothing(_service: Any, question: Any) -> list[Found]:
        question.close()
        return [Found("berlin", fault="silent")]

    silent.ask = nothing
    assert settled_and_missed(await past.observe(met, [BERLIN], ["berlin"], ORDERS, {})) == (set(), set())
