"""Which place a request means, who answers where a provider fails, and what the state of a place tells."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from services.places import INTEREST_KEY
from tests.pollers import at_least, poller
from tests.processes import NOWHERE
from tests.redis_server import RedisServer
from tests.stand_ins.cities import TWINS
from tests.stand_ins.met_norway import MetNorwayService
from tests.stand_ins.open_meteo import OpenMeteo
from tests.waiting import until_found

NONE = {"places": ";"}
BERLIN = {"places": "Berlin=52.52,13.41"}
ORDER = {"weather_providers": "met-norway,open-meteo", "weather_contact": "ops@example.com"}


@pytest.fixture
def weather() -> Iterator[OpenMeteo]:
    with OpenMeteo() as stand_in:
        yield stand_in


@pytest.fixture
def met() -> Iterator[MetNorwayService]:
    with MetNorwayService() as stand_in:
        yield stand_in


async def test_a_city_is_one_place_whatever_it_is_called(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, **NONE) as running:
        answers = [await running.ask(name) for name in ("Munich", "München", "MONACO  di Baviera", "munich")]
        assert answers == [{"place": "munich", "city": "Munich"}] * 4
        assert len(weather.forecasts()) == 1
        assert len(await running.observed("munich")) == 1


async def test_a_place_of_the_settings_is_what_its_name_means(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, places="Munich=48.1,11.6") as running:
        assert await running.ask("München") == {"place": "munich", "city": "Munich"}
        assert running.metric("windsock_weather_places") == 1


async def test_a_name_of_several_places_is_answered_with_candidates_and_one_is_picked_by_id_or_text(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **NONE) as running:
        answer = await running.ask("Springfield")
        assert answer["error"]["code"] == "ambiguous"
        missouri, massachusetts, _illinois = answer["candidates"]
        assert (missouri["id"], missouri["city"]) == (4409896, "Springfield, Missouri, United States")
        asked = len(weather.requests)
        assert (await running.ask(" springfield "))["candidates"] == answer["candidates"]
        assert len(weather.requests) == asked
        assert (await running.ask("Springfield", 4409896))["place"] == "springfield-missouri-us"
        assert (await running.ask(massachusetts["city"]))["place"] == "springfield-massachusetts-us"
        # What somebody picked is not what the name means from now on.
        assert (await running.ask("Springfield"))["error"]["code"] == "ambiguous"
        assert (await running.ask("Springfield", 1))["error"]["code"] == "unknown_city"


async def test_two_of_one_name_in_one_state_are_told_apart_and_each_is_found_by_its_text(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.cities += TWINS
    async with poller(redis_server, weather, **NONE) as running:
        answer = await running.ask("Springfield, Wisconsin")
        assert answer["error"]["code"] == "ambiguous"
        texts = [one["city"] for one in answer["candidates"]]
        assert texts == [f"Springfield, Wisconsin, United States, {twin['id']}" for twin in TWINS]
        assert [one["city"] for one in (await running.ask("Springfield"))["candidates"]][3:] == texts
        answers = [await running.ask(text) for text in texts]
        slug = "springfield-wisconsin-us"
        assert [one["place"] for one in answers] == [slug, f"{slug}-{TWINS[1]['id']}"]


async def test_an_ambiguous_place_of_the_settings_is_left_out(
    redis_server: RedisServer, weather: OpenMeteo, capsys: pytest.CaptureFixture[str]
) -> None:
    async with poller(redis_server, weather, places="Springfield;Paris") as running:
        await until_found(lambda: running.observed("paris"), "no observation")
        assert [place.place for place in await running.places.tracked()] == ["paris"]
    assert "Springfield, Missouri, United States" in capsys.readouterr().out


async def test_where_the_first_provider_fails_the_second_one_tells(
    redis_server: RedisServer, weather: OpenMeteo, met: MetNorwayService
) -> None:
    met.next("500")
    async with poller(redis_server, weather, **BERLIN, **ORDER, met_norway_url=met.url) as running:
        (observation,) = await until_found(lambda: running.observed("berlin"), "no observation")
        assert observation["id"] == f"open-meteo:{weather.observed}"
        assert observation["tags"]["attribution"] == "Weather data by Open-Meteo.com"
        state = await running.state("berlin")
        assert state is not None
        assert (state.provider, state.reason) == ("open-meteo", None)


async def test_a_provider_that_tells_no_past_is_helped_out_by_one_that_does(
    redis_server: RedisServer, weather: OpenMeteo, met: MetNorwayService
) -> None:
    settings = {"weather_providers": "met-norway,open-meteo", "weather_history_h": "24"}
    async with poller(redis_server, weather, **BERLIN, **ORDER | settings, met_norway_url=met.url) as running:
        *past, present = await until_found(lambda: running.observed("berlin"), "no observation")
        assert present["tags"]["provider"] == "met-norway"
        assert {one["tags"]["provider"] for one in past} == {"open-meteo"}
        times = [one["ts"] for one in (*past, present)]
        assert len(past) >= 23
        assert times == sorted(set(times))


@pytest.mark.parametrize("first", ["open-meteo", "met-norway"])
async def test_a_place_whose_past_could_not_be_told_at_first_is_given_it_before_its_next_observation(
    redis_server: RedisServer, weather: OpenMeteo, met: MetNorwayService, first: str
) -> None:
    weather.next(*["503"] * 1_000, path="/v1/forecast")
    met.lasts_s = 1
    second = next(name for name in ("open-meteo", "met-norway") if name != first)
    settings = ORDER | {"weather_providers": f"{first},{second}", "weather_history_h": "24"}
    often = {"weather_interval_s": "1", "weather_jitter_s": "0", "met_norway_url": met.url}
    async with poller(redis_server, weather, **BERLIN, **settings, **often) as running:
        (before,) = await until_found(lambda: running.observed("berlin"), "nobody helps out")
        assert before["tags"]["provider"] == "met-norway"
        state = await running.state("berlin")
        assert state is not None
        assert state.missing is not None
    # What it lacks is known to whoever goes on.
    async with poller(redis_server, weather, **BERLIN, **settings, **often) as running:
        weather.forgive("/v1/forecast")
        weather.observed = before["ts"] // 1000 + 60
        met.ahead_s, met.modified = 3_600.0, met.modified + 60

        async def complete() -> list[Any]:
            told = await running.observed("berlin")
            return told if len(told) > 2 else []

        _, *past, present = await until_found(complete, "no past")
        times = [one["ts"] for one in (*past, present)]
        assert times == sorted(set(times))
        assert len(past) >= 23
        assert times[0] < before["ts"] < times[-1]
        assert before["ts"] not in times
        assert present["tags"]["provider"] == first
        assert {one["tags"]["provider"] for one in past} == {"open-meteo"}
        (latest,) = await running.shared.stream.latest(["berlin"], "weather:")
        assert latest is not None
        assert latest.ts >= present["ts"]
        assert latest.values["temperature"]["ts"] >= present["ts"]
        assert latest.tags["provider"] == first
        state = await running.state("berlin")
        assert state is not None
        assert (state.missing, state.provider) == (None, first)
        asked = [query for query in weather.forecasts() if "hourly" in query]
        services = weather if first == "open-meteo" else met
        await until_found(at_least(len(services.requests) + 2, lambda: len(services.requests)), "not asked again")
        assert [query for query in weather.forecasts() if "hourly" in query] == asked


async def test_when_all_fail_before_there_is_an_observation_each_is_named_with_its_reason(
    redis_server: RedisServer, weather: OpenMeteo, met: MetNorwayService
) -> None:
    weather.next(*["500"] * 1_000)
    met.next(*["503"] * 1_000)
    async with poller(redis_server, weather, **NONE, **ORDER, met_norway_url=met.url) as running:
        answer = await running.ask("Paris")
        assert answer["error"]["code"] == "unavailable"
        assert "met-norway: " in answer["error"]["message"]
        assert "; open-meteo: " in answer["error"]["message"]
        paris = await running.state("paris")
        assert paris is not None
        assert (paris.observed_ms, paris.provider) == (None, None)
        assert paris.failing_since_ms is not None


async def test_a_place_with_an_older_observation_is_answered_though_all_fail(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    often: dict[str, Any] = {"weather_interval_s": "1", "weather_jitter_s": "0"}
    weather.observed -= 7_200
    async with poller(redis_server, weather, **NONE, **often) as running:
        assert (await running.ask("Paris"))["place"] == "paris"
        weather.next(*["500"] * 1_000)

        async def failing() -> bool:
            state = await running.state("paris")
            return state is not None and state.reason is not None and "status 500" in state.reason

        await until_found(failing, "the state does not say why")
        state = await running.state("paris")
        assert state is not None
        assert (state.observed_ms, state.provider) == (weather.observed * 1000, "open-meteo")
        assert state.stale(int(time.time() * 1000))
        assert running.metric("windsock_weather_places_stale") == 1
        assert await running.ask("Paris") == {"place": "paris", "city": "Paris"}
        weather.forgive("/v1/forecast")
        weather.observed += 7_200

        async def well() -> bool:
            state = await running.state("paris")
            return state is not None and state.reason is None and state.observed_ms == weather.observed * 1000

        await until_found(well, "it does not recover")


async def test_a_name_that_cannot_be_looked_up_is_a_failure_like_others(redis_server: RedisServer) -> None:
    async with poller(redis_server, "http://weather.invalid", **BERLIN) as running:

        async def reason() -> str | None:
            state = await running.state("berlin")
            return state.reason if state is not None else None

        assert "open-meteo: " in str(await until_found(reason, "no state"))


async def test_more_are_wanted_than_there_is_room_for_and_the_state_says_so(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **NONE, places_max="1") as running:
        assert (await running.ask("Paris"))["place"] == "paris"
        assert (await running.ask("Munich"))["error"]["code"] == "too_many_places"
        await running.places.touch(["munich"], 60, "test")

        async def told() -> bool:
            state = await running.state("munich")
            return state is not None and "WINDSOCK_PLACES_MAX=1" in str(state.reason)

        await until_found(told, "the state does not say why")
        await running.shared.redis.zadd(INTEREST_KEY, {"paris": 1})
        await until_found(lambda: running.observed("munich"), "the room is not used")


async def test_many_requests_at_the_same_time_ask_for_a_place_once(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **NONE) as running:
        for number in range(40):
            await running.places.request("Paris", "test:nobody", f"{number}", 20)
        assert (await running.ask("Paris"))["place"] == "paris"
        await until_found(at_least(1, lambda: len(weather.forecasts())), "not asked")
        assert len(weather.forecasts()) == 1
        assert weather.searches() == ["Paris"]


async def test_who_waits_for_services_that_are_not_there_is_told_before_giving_up(redis_server: RedisServer) -> None:
    async with poller(redis_server, NOWHERE, **NONE) as running:
        assert (await running.ask("Paris", within_s=5.0))["error"]["code"] == "unavailable"
