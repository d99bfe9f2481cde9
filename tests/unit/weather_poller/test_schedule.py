from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reading import Reading
from weather_poller.fetch import FetchError, NotAskedError
from weather_poller.host import WINDOWS, Host, Limits
from weather_poller.providers.provider import Calls, Found
from weather_poller.schedule import Batch, Schedule

QUARTER = 1_760_011_200.0  # Unix seconds; an hour's beginning, so a quarter's
ONE = {"berlin": ["one"], "london": ["one"]}
TWO = {"berlin": ["one", "two"], "london": ["one", "two"]}


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class World:
    """A schedule, and the two clocks that it sees."""

    def __init__(
        self,
        *,
        interval_s: float = 0.0,
        jitter_s: float = 60.0,
        chance: Callable[[], float] = lambda: 0.5,
        most: Mapping[str, int] | None = None,
    ) -> None:
        self.clock = Clock(1_000.0)
        self.schedule = Schedule(
            most or {"one": 10, "two": 10, "three": 10},
            interval_s=interval_s,
            jitter_s=jitter_s,
            retry_s=5.0,
            retry_max_s=60.0,
            clock=self.clock,
            unix=self.unix,
            chance=chance,
        )

    def unix(self) -> float:
        return self.clock.now - 1_000.0 + QUARTER

    def found(self, batch: Batch, interval_s: float = 900.0, next_ms: int | None = None) -> list[Found]:
        """An observation of each place, made at the last quarter of an hour."""
        observed = int(self.unix() // interval_s * interval_s)
        return [
            Found(slug, [Reading(slug, {"temperature": 1.0}, observed * 1000)], interval_s, next_ms)
            for slug in batch.places
        ]

    def answer(self, *batches: Batch, interval_s: float = 900.0) -> None:
        for batch in batches:
            self.schedule.answered(batch, self.found(batch, interval_s))

    def fail_next(self, error: FetchError) -> None:
        (batch,) = self.schedule.due()
        self.schedule.failed(batch, error)

    def go_on(self) -> list[Batch]:
        """Wait until something is due."""
        self.clock.now += self.schedule.wait_s(1e6)
        return self.schedule.due()


def names(batches: Iterable[Batch]) -> list[tuple[str, tuple[str, ...]]]:
    return [(batch.provider, batch.places) for batch in batches]


def test_new_places_are_due_at_once_and_together() -> None:
    world = World()
    world.schedule.track(ONE)
    assert world.schedule.wait_s(10) == 0
    assert world.schedule.due() == [Batch("one", ("berlin", "london"))]


def test_what_is_being_asked_for_is_not_due_again() -> None:
    world = World()
    world.schedule.track(ONE)
    world.schedule.due()
    assert world.schedule.due() == []
    assert world.schedule.wait_s(10) == 10


def test_the_next_observation_is_asked_for_when_it_is_to_be_expected_and_some_jitter_later() -> None:
    world = World()
    world.clock.now += 100
    world.schedule.track(ONE)
    world.answer(*world.schedule.due())
    assert world.schedule.wait_s(1e6) == pytest.approx(900 - 100 + 30)
    assert world.schedule.next_ms("berlin") == (QUARTER + 930) * 1000
    assert names(world.go_on()) == [("one", ("berlin", "london"))]


def test_places_found_at_different_times_come_together() -> None:
    world = World()
    world.schedule.track({"berlin": ["one"]})
    world.answer(*world.schedule.due())
    world.clock.now += 300
    world.schedule.track(ONE)
    batches = world.schedule.due()
    assert names(batches) == [("one", ("london",))]
    world.answer(*batches)
    for _ in range(3):
        batches = world.go_on()
        assert names(batches) == [("one", ("berlin", "london"))]
        world.answer(*batches)


def test_an_interval_of_the_settings_holds_for_all_and_places_come_together() -> None:
    world = World(interval_s=100.0, jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    world.answer(*world.schedule.due())
    assert world.schedule.wait_s(1e6) == 100
    world.clock.now += 30
    world.schedule.track(ONE)
    world.answer(*world.schedule.due())
    world.answer(*world.go_on())
    assert world.clock.now == 1_100
    for _ in range(3):
        before = world.clock.now
        batches = world.go_on()
        assert names(batches) == [("one", ("berlin", "london"))]
        assert world.clock.now - before == pytest.approx(100)
        world.answer(*batches)


def test_who_takes_over_keeps_to_the_interval_that_another_poller_left() -> None:
    world = World(interval_s=6.0, jitter_s=0.0)
    for slug in ONE:
        world.schedule.resume(
            slug, provider="one", observed_ms=int(QUARTER) * 1000, next_ms=int(QUARTER * 1000) + 1_900
        )
    world.schedule.track(ONE)
    asked_at = []
    for _ in range(4):
        batches = world.go_on()
        assert names(batches) == [("one", ("berlin", "london"))]
        asked_at.append(world.clock.now - 1_000)
        world.clock.now += 0.1  # it takes a while to answer
        world.answer(*batches)
    assert asked_at == pytest.approx([1.9, 7.9, 13.9, 19.9])


@pytest.mark.parametrize("late_s", [1.0, 49.0, 51.0, 99.0])
def test_who_is_asked_for_beside_the_grid_comes_back_on_it_within_half_to_one_and_a_half_intervals(
    late_s: float,
) -> None:
    world = World(interval_s=100.0, jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    world.clock.now += late_s
    world.answer(*world.schedule.due())
    wait_s = world.schedule.wait_s(1e6)
    assert 50 <= wait_s <= 150
    assert (late_s + wait_s) % 100 == pytest.approx(0)


@pytest.mark.parametrize("interval_s", [0.0, 10.0])
def test_before_a_service_has_anything_new_it_is_not_asked(interval_s: float) -> None:
    world = World(interval_s=interval_s)
    world.schedule.track({"berlin": ["one"]})
    (batch,) = world.schedule.due()
    world.schedule.answered(batch, world.found(batch, next_ms=int(QUARTER + 5_000) * 1000))
    assert world.schedule.wait_s(1e6) >= 5_000


def test_nothing_new_is_asked_for_again_after_a_part_of_the_interval_that_doubles() -> None:
    world = World(jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    (batch,) = world.schedule.due()
    same = world.found(batch)
    world.schedule.answered(batch, same)
    waits = []
    for _ in range(5):
        (batch,) = world.go_on()
        world.schedule.answered(batch, same)
        waits.append(world.schedule.wait_s(1e6))
    assert waits == pytest.approx([150, 300, 600, 900, 900])
    (batch,) = world.go_on()
    world.schedule.answered(batch, [replace(same[0], readings=[])])  # not modified
    assert world.schedule.wait_s(1e6) == pytest.approx(900)


def test_an_observation_that_is_late_already_is_followed_by_the_next_question_soon() -> None:
    world = World(jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    (batch,) = world.schedule.due()
    late = Reading("berlin", {"temperature": 1.0}, int(QUARTER - 4_000) * 1000)
    world.schedule.answered(batch, [Found("berlin", [late], 3_600.0)])
    assert world.schedule.wait_s(1e6) == pytest.approx(600)


@pytest.mark.parametrize("interval_s", [0.0, -5.0, float("nan"), float("inf"), 1e300])
def test_an_interval_that_makes_no_sense_makes_neither_a_busy_loop_nor_an_eternity(interval_s: float) -> None:
    world = World(jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    (batch,) = world.schedule.due()
    world.schedule.answered(batch, [replace(world.found(batch)[0], interval_s=interval_s)])
    assert 9 <= world.schedule.wait_s(1e9) <= 86_400


def test_a_place_whose_provider_fails_is_asked_at_the_next_one_right_away() -> None:
    world = World()
    world.schedule.track(TWO)
    (batch,) = world.schedule.due()
    world.schedule.failed(batch, FetchError("status 503", status=503, wait_s=30))
    assert world.schedule.failing("berlin") is None
    assert world.schedule.wait_s(10) == 0
    batches = world.schedule.due()
    assert names(batches) == [("two", ("berlin", "london"))]
    world.answer(*batches)
    assert world.schedule.failing("berlin") is None


def test_it_returns_to_the_preferred_one_as_soon_as_that_may_be_asked() -> None:
    world = World()
    world.schedule.track(TWO)
    world.fail_next(FetchError("status 503", status=503, wait_s=30))
    world.answer(*world.schedule.due())
    assert world.schedule.wait_s(1e6) == 30
    (batch,) = world.go_on()
    assert names([batch]) == [("one", ("berlin", "london"))]
    # It fails again; the other one is not asked before its time.
    world.schedule.failed(batch, FetchError("status 503", status=503, wait_s=2_000))
    assert world.schedule.failing("berlin") is None
    assert world.schedule.due() == []
    assert names(world.go_on()) == [("two", ("berlin", "london"))]
    assert world.clock.now == pytest.approx(1_930)


def test_who_is_preferred_less_is_not_asked_while_the_preferred_one_answers() -> None:
    world = World()
    world.schedule.track(TWO)
    for _ in range(4):
        batches = world.go_on()
        assert [batch.provider for batch in batches] == ["one"]
        world.answer(*batches)


def test_a_place_at_which_all_fail_is_asked_for_again_when_the_first_of_them_may_be() -> None:
    world = World()
    world.schedule.track({"berlin": ["one", "two"]})
    world.fail_next(FetchError("status 503", status=503, wait_s=30))
    world.fail_next(FetchError("no whole answer within 10 s", wait_s=20))
    assert world.schedule.failing("berlin") == "one: status 503; two: no whole answer within 10 s"
    assert world.schedule.next_ms("berlin") == (QUARTER + 20) * 1000
    assert world.schedule.wait_s(1e6) == 20
    (batch,) = world.go_on()
    assert batch.provider == "two"
    assert world.schedule.failing("berlin") is None  # it may answer now
    world.answer(batch)
    assert world.schedule.failing("berlin") is None


def test_places_that_were_not_asked_for_say_why_too() -> None:
    world = World(most={"one": 1})
    world.schedule.track(ONE)
    world.fail_next(FetchError("status 500", status=500, wait_s=30))
    assert world.schedule.failing("london") == "one: status 500"


def test_a_place_that_no_service_covers_says_so_and_is_not_asked_for() -> None:
    world = World()
    world.schedule.track({"atlantis": []})
    assert world.schedule.due() == []
    assert world.schedule.wait_s(100) == 100
    assert world.schedule.failing("atlantis") == "no weather service covers it"


def test_a_fault_of_one_place_sends_that_one_to_the_next_provider() -> None:
    world = World()
    world.schedule.track(TWO)
    (batch,) = world.schedule.due()
    berlin, london = world.found(batch)
    world.schedule.answered(batch, [replace(berlin, readings=[], fault="no values"), london])
    assert names(world.schedule.due()) == [("two", ("berlin",))]


def test_a_place_of_which_an_answer_tells_nothing_is_asked_for_again_with_backoff() -> None:
    world = World(chance=lambda: 1.0, jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    waits = []
    for _ in range(6):
        (batch,) = world.go_on()
        world.schedule.answered(batch, [])
        assert world.schedule.failing("berlin") == "one: it told nothing of this place"
        waits.append(world.schedule.wait_s(1e6))
    assert waits == pytest.approx([5, 10, 20, 40, 60, 60])


def test_one_place_that_is_refused_does_not_cost_the_others_their_weather_for_long() -> None:
    places = {slug: ["one"] for slug in "abcdefgh"}
    world = World(chance=lambda: 1.0)
    world.schedule.track(places)
    answered: set[str] = set()
    for _ in range(40):
        for batch in world.go_on():
            if "c" in batch.places:
                world.schedule.failed(batch, FetchError("status 400: no such place", status=400))
            else:
                world.answer(batch)
                answered |= set(batch.places)
        if len(answered) == 7:
            break
    assert answered == set("abdefgh")
    assert world.clock.now < 1_000 + 120
    assert world.schedule.failing("c") == "one: status 400: no such place"


def test_a_place_that_fails_again_and_again_does_not_take_the_turn_of_others() -> None:
    world = World(chance=lambda: 0.0, most={"one": 1})
    world.schedule.track({"a": ["one"], "b": ["one"], "c": ["one"]})
    asked = []
    for _ in range(6):
        (batch,) = world.schedule.due()
        asked.append(batch.places[0])
        world.clock.now += 100
        world.schedule.answered(batch, [])
        world.clock.now += 100
    assert asked == ["a", "b", "c"] * 2


def test_a_budget_that_is_too_small_for_all_goes_to_those_that_fit() -> None:
    world = World()
    world.schedule.track({slug: ["one"] for slug in "abcde"})
    (batch,) = world.schedule.due()
    world.schedule.failed(batch, NotAskedError("spent", 40.0, calls=5, calls_left=2))
    batches = world.schedule.due()
    assert names(batches) == [("one", ("a", "b"))]
    world.answer(*batches)
    (batch,) = world.schedule.due()
    world.schedule.failed(batch, NotAskedError("spent", 40.0, calls=3, calls_left=0))
    assert world.schedule.due() == []
    assert world.schedule.wait_s(1e6) == 40
    assert world.schedule.failing("c") == "one: spent"
    assert names(world.go_on()) == [("one", ("c", "d", "e"))]


def test_a_provider_that_must_wait_is_no_reason_not_to_ask_the_next_one() -> None:
    world = World()
    world.schedule.track(TWO)
    world.fail_next(NotAskedError("left alone", 500.0))
    assert names(world.schedule.due()) == [("two", ("berlin", "london"))]


def test_one_request_at_a_time_goes_to_a_provider_and_to_several_at_once() -> None:
    world = World(most={"one": 1, "two": 5})
    world.schedule.track({"a": ["one"], "b": ["one"], "c": ["two"]})
    first, second = world.schedule.due()
    assert names([first, second]) == [("one", ("a",)), ("two", ("c",))]
    assert world.schedule.due() == []
    assert world.schedule.wait_s(10) == 10
    world.answer(first)
    assert world.schedule.wait_s(10) == 0
    assert names(world.schedule.due()) == [("one", ("b",))]


def test_places_that_are_new_are_asked_for_apart_from_the_others() -> None:
    world = World(interval_s=100.0, jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    world.answer(*world.schedule.due())
    world.clock.now += 200
    world.schedule.track(ONE)
    (first,) = world.schedule.due()
    world.answer(first)
    (second,) = world.schedule.due()
    assert [first, second] == [Batch("one", ("berlin",)), Batch("one", ("london",))]


def test_a_batch_may_be_told_in_parts() -> None:
    world = World()
    world.schedule.track(ONE)
    (batch,) = world.schedule.due()
    world.answer(replace(batch, places=("berlin",)))
    assert world.schedule.due() == []  # one request is under way
    world.schedule.failed(replace(batch, places=("london",)), FetchError("no", wait_s=7))
    assert world.schedule.wait_s(1e6) == 7


def test_what_is_put_off_is_due_again_later() -> None:
    world = World()
    world.schedule.track(TWO)
    (batch,) = world.schedule.due()
    world.schedule.put_off(batch, 2.0)
    assert world.schedule.due() == []
    assert world.schedule.wait_s(1e6) == 2
    assert names(world.go_on()) == [("one", ("berlin", "london"))]


def test_an_answer_that_is_lost_is_as_if_it_had_not_been_given() -> None:
    world = World(jitter_s=0.0)
    world.schedule.track(ONE)
    (batch,) = world.schedule.due()
    world.answer(batch)
    world.schedule.lost(replace(batch, places=("london",)), 30.0)
    assert world.schedule.next_ms("london") == (QUARTER + 30) * 1000
    (again,) = world.go_on()
    assert (again, world.clock.now) == (Batch("one", ("london",)), 1_030.0)
    world.answer(again)
    # It was new, not a repeat of what was lost.
    assert names(world.go_on()) == [("one", ("berlin", "london"))]
    assert world.clock.now == 1_900.0


def test_what_was_dropped_while_it_was_asked_for_has_a_next_time_and_may_be_lost() -> None:
    world = World(jitter_s=0.0)
    world.schedule.track({"berlin": ["one"]})
    (batch,) = world.schedule.due()
    world.schedule.track({})
    world.answer(batch)
    assert world.schedule.next_ms("berlin") == (QUARTER + 900) * 1000
    world.schedule.lost(batch, 30.0)
    world.schedule.track({"berlin": ["one"]})
    assert world.schedule.wait_s(1e6) == 30


def test_tracking_again_keeps_due_times_and_drops_the_rest() -> None:
    world = World()
    world.schedule.track(ONE)
    world.answer(*world.schedule.due())
    world.schedule.track({"berlin": ["one"], "paris": ["one"]})
    assert world.schedule.knows("london")
    batches = world.schedule.due()
    assert names(batches) == [("one", ("paris",))]
    world.answer(*batches)
    world.schedule.track({**ONE, "paris": ["one"]})
    assert world.schedule.due() == []
    world.schedule.track({"berlin": ["one"]})
    world.clock.now += 2_000
    world.schedule.track({"berlin": ["one"]})
    assert not world.schedule.knows("london")


def test_a_place_that_is_dropped_while_it_is_asked_for_does_no_harm() -> None:
    world = World()
    world.schedule.track(ONE)
    (batch,) = world.schedule.due()
    world.schedule.track({})
    world.answer(batch)
    world.schedule.track(ONE)
    assert world.schedule.due() == []


def test_other_providers_of_a_place_count_from_now_on() -> None:
    world = World()
    world.schedule.track({"berlin": ["one"]})
    world.answer(*world.schedule.due())
    world.schedule.track({"berlin": ["two", "one"]})
    assert names(world.schedule.due()) == [("two", ("berlin",))]


def test_an_unknown_provider_is_an_error() -> None:
    with pytest.raises(KeyError, match="no provider is called 'four'"):
        World().schedule.track({"berlin": ["four"]})


def test_what_another_poller_left_goes_on() -> None:
    world = World()
    world.schedule.resume("berlin", provider="one", observed_ms=int(QUARTER) * 1000, next_ms=int(QUARTER + 70) * 1000)
    world.schedule.resume("london", provider="one", observed_ms=None, next_ms=int(QUARTER - 70) * 1000)
    world.schedule.track(ONE)
    batches = world.schedule.due()
    assert names(batches) == [("one", ("london",))]
    world.answer(*batches)
    assert world.schedule.wait_s(1e6) == pytest.approx(70)
    assert world.go_on() == [Batch("one", ("berlin",))]


def test_a_due_time_far_ahead_that_another_poller_left_is_bounded() -> None:
    world = World()
    world.schedule.resume("berlin", provider="one", observed_ms=None, next_ms=int(QUARTER * 2) * 1000)
    world.schedule.track({"berlin": ["one"]})
    assert world.schedule.wait_s(1e9) == 86_400


class Simulated:
    """Providers with budgets, which fail as they are told to, asked by a schedule until a time."""

    def __init__(self, seed: int, budget: int, orders: Mapping[str, Sequence[str]], failing: float) -> None:
        self.random = random.Random(seed)
        self.world = World(chance=self.random.random, most={"one": 4, "two": 1})
        self.failing = failing
        limits = Limits(Calls(minute=budget, hour=budget * 20), 5.0, 60.0, 3)
        self.hosts = {name: Host(limits, self.world.unix, self.random.random) for name in ("one", "two")}
        self.calls: list[tuple[str, float, int]] = []
        self.log: list[tuple[float, Batch, str]] = []
        self.world.schedule.track(orders)

    def run(self, seconds: float) -> None:
        schedule, end, rounds = self.world.schedule, self.world.clock.now + seconds, 0
        while self.world.clock.now < end:
            before = self.world.clock.now
            for batch in schedule.due():
                self.log.append((before, batch, self.ask(batch)))
            wait_s = schedule.wait_s(3_600.0)
            self.world.clock.now += wait_s
            rounds = rounds + 1 if self.world.clock.now == before else 0
            assert rounds < 50, "a busy loop"

    def ask(self, batch: Batch) -> str:
        schedule, host, cost = self.world.schedule, self.hosts[batch.provider], len(batch.places)
        wait = host.wait(cost)
        if wait.seconds > 0:
            left = 0.0 if wait.is_pause else min(host.left().values())
            schedule.failed(batch, NotAskedError(wait.why, wait.seconds, cost, left))
            return "not asked"
        host.spend(cost)
        self.calls.append((batch.provider, self.world.unix(), cost))
        if self.random.random() < self.failing:
            schedule.failed(batch, FetchError("status 500", status=500, wait_s=host.failed("status 500")))
            return "failed"
        host.succeeded()
        self.world.answer(batch)
        return "answered"


orders_of = st.dictionaries(
    st.sampled_from("abcdefghijkl"),
    st.sampled_from([("one",), ("two",), ("one", "two"), ("two", "one")]),
    min_size=1,
)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 8), orders_of, st.sampled_from([0.0, 0.2, 0.6]))
def test_neither_budgets_are_exceeded_nor_places_forgotten_nor_anything_asked_in_a_busy_loop(
    seed: int, budget: int, orders: Mapping[str, Sequence[str]], failing: float
) -> None:
    simulated = Simulated(seed, budget, orders, failing)
    simulated.run(4 * 3_600.0)
    for name in ("one", "two"):
        for length, limit in ((WINDOWS["minute"], budget), (WINDOWS["hour"], budget * 20)):
            sums: dict[int, int] = {}
            for provider, at, cost in simulated.calls:
                if provider == name:
                    sums[int(at // length)] = sums.get(int(at // length), 0) + cost
            assert all(spent <= limit for spent in sums.values())
    # Each place has its turn, whatever comes of it: an hour's budget of 20 calls or more is enough for 12 places.
    for slug in orders:
        times = [1_000.0, *(at for at, batch, how in simulated.log if slug in batch.places and how != "not asked")]
        gaps = [later - sooner for sooner, later in zip(times, [*times[1:], simulated.world.clock.now], strict=True)]
        assert max(gaps) < 2 * 3_600


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 8), orders_of, st.sampled_from([0.0, 0.3]))
def test_the_same_chances_make_the_same_requests(
    seed: int, budget: int, orders: Mapping[str, Sequence[str]], failing: float
) -> None:
    one, other = (Simulated(seed, budget, orders, failing) for _ in range(2))
    one.run(3_600.0)
    other.run(3_600.0)
    assert one.log == other.log
