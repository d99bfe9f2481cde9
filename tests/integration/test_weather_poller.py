"""The real poller against a real Redis and, over HTTP, the stand-in of Open-Meteo."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import orjson
import pytest

from services import redis, topics
from services.places import GROUP, INTEREST_KEY, REQUESTS_KEY, Place, Places
from services.weather_status import status_key
from tests.pollers import WITHIN_S, Running, at_least, poller
from tests.processes import NOWHERE
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo
from tests.waiting import until_found
from weather_poller.requests import CLAIM_AFTER_MS


@pytest.fixture
def weather() -> Iterator[OpenMeteo]:
    with OpenMeteo() as stand_in:
        yield stand_in


async def holds(running: Running) -> bool:
    return running.metric("windsock_weather_lease_held") == 1


async def tracks(running: Running, places: int) -> bool:
    return running.metric("windsock_weather_places") == places


OFTEN = {"weather_interval_s": "1", "weather_jitter_s": "0"}
TWO = {"places": "Berlin=52.52,13.41;London=51.51,-0.13"}


async def test_several_places_are_asked_for_in_one_request(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        (london,) = await until_found(lambda: running.observed("london"), "no observation")
        (berlin,) = await running.observed("berlin")
        assert [query["latitude"] for query in weather.forecasts()] == ["52.5200,51.5100"]
        assert (berlin["device"], berlin["ts"]) == ("berlin", weather.observed * 1000)
        assert berlin["values"]["weather_text"] == "light rain"
        assert london["tags"]["attribution"] == "Weather data by Open-Meteo.com"

        async def counted() -> bool:
            return running.metric("windsock_weather_observations_total") == 2

        await until_found(counted, "the observations are not counted")
        assert running.metric("windsock_weather_places") == 2
        assert running.metric("windsock_weather_requests_total", provider="open-meteo", result="ok") == 1


async def test_a_repeat_is_dropped_and_the_next_observation_is_stored(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", **OFTEN) as running:
        await until_found(at_least(3, lambda: len(weather.forecasts())), "not polled again")
        assert len(await running.observed("berlin")) == 1
        weather.observed += 60
        weather.values["temperature_2m"] = None

        async def second() -> bool:
            return len(await running.observed("berlin")) == 2

        await until_found(second, "the new observation is missing")
        assert "temperature" not in (await running.observed("berlin"))[1]["values"]


async def test_of_several_pollers_one_asks_and_the_next_goes_on_when_it_stops(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **TWO) as one:
        await until_found(lambda: one.observed("london"), "no observation")
        async with poller(redis_server, weather, **TWO) as other:
            assert one.metric("windsock_weather_lease_held") + other.metric("windsock_weather_lease_held") == 1
            assert (await other.ask("Paris"))["place"] == "paris"
            assert (await one.ask("Paris"))["place"] == "paris"
    async with poller(redis_server, weather, **TWO) as third:
        await until_found(lambda: holds(third), "the lease is not given back")
        await until_found(lambda: tracks(third, 3), "the places are not taken up")
        assert len(await third.observed("berlin")) == 1
    assert [query["latitude"] for query in weather.forecasts()] == ["52.5200,51.5100", "48.8534"]


async def test_a_refusal_is_followed_by_the_pause_that_it_asks_for(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.retry_after = "4"
    weather.next("429")
    started = time.monotonic()
    async with poller(redis_server, weather, places="Berlin=52.52,13.41") as running:
        await until_found(at_least(1, lambda: len(weather.forecasts())), "not asked")
        answer = await running.ask("Paris")
        assert answer["error"]["code"] == "unavailable"
        await until_found(lambda: running.observed("berlin"), "no recovery")
        assert time.monotonic() - started >= 4.0
        assert len(weather.forecasts()) == 2
        assert running.metric("windsock_weather_requests_total", provider="open-meteo", result="refused") == 1


BAD = (
    "400",
    "401",
    "404",
    "429",
    "500",
    "503",
    "garbage",
    "truncated",
    "cut",
    "drip",
    "redirect",
    "huge",
    "other shape",
)


@pytest.mark.parametrize("fault", ["400", "401", "404", "429", "500", "503", *BAD])
async def test_the_poller_outlives_every_fault_of_the_service(
    redis_server: RedisServer, weather: OpenMeteo, fault: str
) -> None:
    weather.retry_after = "1"  # without it, a 429 is heeded until the minute is over
    weather.next(fault, fault)
    # What drips is waited for, and nothing else takes its time.
    within_s = "1" if fault == "drip" else "20"
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", weather_request_s=within_s) as running:
        await until_found(lambda: running.observed("berlin"), f"no recovery from {fault}")
        assert len(weather.forecasts()) == 3
        assert not running.unready()


async def test_an_observation_of_a_time_that_cannot_be_is_told_as_a_failure_and_not_stored(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.observed += 3 * 86_400
    async with poller(redis_server, weather, places="Berlin=52.52,13.41") as running:

        async def reason() -> str | None:
            state = await running.state("berlin")
            return state.reason if state is not None else None

        assert "impossible time" in str(await until_found(reason, "no reason is told"))
        assert await running.observed("berlin") == []
        weather.observed -= 3 * 86_400
        await until_found(lambda: running.observed("berlin"), "no recovery")


async def test_a_service_whose_clock_is_wrong_is_waited_for_as_long_as_it_means(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.ahead_s = 86_400.0
    weather.retry_after = formatdate(time.time() + weather.ahead_s + 1, usegmt=True)
    weather.next("429")
    async with poller(redis_server, weather, places="Berlin=52.52,13.41") as running:
        await until_found(lambda: running.observed("berlin"), "it waits for a day")
        assert len(weather.forecasts()) == 2


async def test_one_unreadable_place_does_not_cost_the_others_their_weather(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.next("one broken")
    async with poller(redis_server, weather, **TWO) as running:
        await until_found(lambda: running.observed("london"), "no observation")
        assert await running.observed("berlin") == []


async def test_without_internet_it_stays_ready_and_answers_unavailable(redis_server: RedisServer) -> None:
    async with poller(redis_server, NOWHERE, places="Berlin;London=51.51,-0.13") as running:
        assert (await running.ask("Paris"))["error"]["code"] == "unavailable"

        async def failures() -> bool:
            return running.metric("windsock_weather_requests_total", provider="open-meteo", result="failed") >= 4

        await until_found(failures, "it does not try again")
        assert not running.unready()


async def test_a_failing_geocoder_holds_up_neither_start_nor_other_places(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.next(*["500"] * 30, path="/v1/search")
    async with poller(redis_server, weather, places="Berlin;London=51.51,-0.13") as running:
        await until_found(lambda: running.observed("london"), "London waits for Berlin")
        assert await running.observed("berlin") == []
        weather.forgive("/v1/search")
        await until_found(lambda: running.observed("berlin"), "Berlin is not found later")


async def test_a_new_city_is_answered_once_its_observation_is_stored(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        assert await running.ask("são paulo") == {"place": "sao-paulo", "city": "São Paulo"}
        (observation,) = await running.observed("sao-paulo")
        assert observation["values"]["temperature"] == 3.4
        place = await running.places.lookup("SÃO  Paulo")
        assert place is not None
        assert (place.geocoder_id, place.pinned) == (3448439, False)
        asked = len(weather.searches())
        assert (await running.ask("São Paulo"))["place"] == "sao-paulo"
        assert len(weather.searches()) == asked


async def test_a_new_place_is_given_its_past_before_the_present(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, **TWO, weather_history_h="24") as running:
        assert (await running.ask("Paris"))["place"] == "paris"
        told = [observation["ts"] // 1000 for observation in await running.observed("paris")]
        hour = -(-weather.observed // 3_600) * 3_600
        assert told == [*range(hour - 24 * 3_600, hour, 3_600), weather.observed][-25:]
        (latest,) = await running.shared.stream.latest(["paris"], topics.WEATHER)
        assert latest is not None
        assert latest.ts == weather.observed * 1000


async def test_one_that_refuses_the_past_does_not_keep_the_present_away(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.next("400")
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", weather_history_h="24") as running:
        await until_found(lambda: running.observed("berlin"), "no observation")
        assert ["hourly" in query for query in weather.forecasts()] == [True, False]
        assert len(await running.observed("berlin")) == 1


async def test_a_place_of_which_something_is_kept_is_not_given_its_past_again(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", weather_history_h="24") as running:
        await until_found(lambda: running.observed("berlin"), "no observation")
        await running.shared.redis.delete(status_key("berlin"))
    weather.observed += 60
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", weather_history_h="24") as running:
        await until_found(at_least(2, lambda: len(weather.forecasts())), "not asked")

        async def next_one() -> bool:
            return len(await running.observed("berlin")) == 26

        await until_found(next_one, "no observation")
        assert ["hourly" in query for query in weather.forecasts()] == [True, False]


async def test_an_unknown_city_is_answered_as_such(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        for _ in range(2):
            answer = await running.ask("Atlantis")
            assert answer["error"] == {"code": "unknown_city", "message": "no place is called 'Atlantis'"}
        assert weather.searches() == ["Atlantis"]


async def test_more_places_than_allowed_are_refused(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, **TWO, places_max="2") as running:
        await until_found(lambda: running.observed("london"), "no observation")
        assert (await running.ask("Paris"))["error"]["code"] == "too_many_places"
        assert (await running.ask("Berlin"))["place"] == "berlin"


async def test_a_place_is_polled_while_somebody_is_interested(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", **OFTEN) as running:
        await running.ask("Paris")

        def paris() -> int:
            return sum("48.85" in query["latitude"] for query in weather.forecasts())

        async def tracked() -> bool:
            return running.metric("windsock_weather_places") == 2

        async def dropped() -> bool:
            return running.metric("windsock_weather_places") == 1

        await until_found(tracked, "Paris is not tracked")
        await until_found(at_least(3, paris), "Paris is not polled again")
        await running.shared.redis.zadd(INTEREST_KEY, {"paris": 1})
        await until_found(dropped, "Paris is still tracked")
        asked, asked_of_paris = len(weather.forecasts()), paris()
        await until_found(at_least(asked + 3, lambda: len(weather.forecasts())), "Berlin is not polled any more")
        assert paris() <= asked_of_paris + 1  # one request may have been under way


async def test_the_poller_goes_on_after_redis_was_killed(redis_server: RedisServer, weather: OpenMeteo) -> None:
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", **OFTEN) as running:
        await until_found(lambda: running.observed("berlin"), "no observation")
        redis_server.kill()

        async def down() -> bool:
            return bool(running.unready())

        async def up() -> bool:
            return not running.unready()

        await until_found(down, "it does not notice that Redis is gone")
        weather.observed += 60
        redis_server.start()
        await until_found(up, "it does not notice that Redis is back")

        async def second() -> bool:
            return len(await running.observed("berlin")) == 2

        await until_found(second, "no observation after the restart")
        assert (await running.ask("Paris"))["place"] == "paris"


async def test_it_stops_however_busy_it_is(redis_server: RedisServer, weather: OpenMeteo) -> None:
    for _ in range(10):
        async with poller(redis_server, weather, **TWO) as running:
            await running.ask("Paris")
            stopping = time.monotonic()
        assert time.monotonic() - stopping < 20.0


async def test_requests_that_cannot_be_read_do_not_stop_the_answers(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        await running.shared.redis.xadd(REQUESTS_KEY, {b"\xff": b"\xfe"})
        assert (await running.ask("Paris"))["place"] == "paris"


async def test_what_a_killed_poller_had_taken_is_answered_by_another(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with redis.connect(redis_server.url) as client, client.pubsub() as listener:
        await listener.subscribe("test:answers")
        await client.xgroup_create(REQUESTS_KEY, GROUP, id="0", mkstream=True)
        await Places(client).request("Paris", "test:answers", "token", 60)
        taken: Any = await client.xreadgroup(GROUP, "killed", {REQUESTS_KEY: ">"})
        ((entry, _fields),) = taken[0][1]
        await client.xclaim(REQUESTS_KEY, GROUP, "killed", 0, [entry], idle=CLAIM_AFTER_MS)
        async with poller(redis_server, weather, **TWO):
            async with asyncio.timeout(WITHIN_S):
                while (message := await listener.get_message(ignore_subscribe_messages=True, timeout=1.0)) is None:
                    pass
        assert orjson.loads(message["data"])["body"]["place"] == "paris"
        assert (await client.xpending(REQUESTS_KEY, GROUP))["pending"] == 0


async def test_pollers_that_are_long_gone_leave_the_group(
    redis_server: RedisServer, weather: OpenMeteo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weather_poller.requests.GONE_AFTER_MS", -1)
    async with redis.connect(redis_server.url) as client:
        await client.xgroup_create(REQUESTS_KEY, GROUP, id="0", mkstream=True)
        await client.xgroup_createconsumer(REQUESTS_KEY, GROUP, "gone")
        async with poller(redis_server, weather, **TWO) as running:
            await running.ask("Paris")
            names = [member["name"] for member in await client.xinfo_consumers(REQUESTS_KEY, GROUP)]
    assert b"gone" not in names
    assert len(names) == 1


async def test_a_place_keeps_its_name_when_another_of_that_name_is_asked_for(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        await until_found(lambda: running.observed("berlin"), "no observation")
        assert await running.ask("03570") == {"place": "berlin-new-hampshire-us", "city": "Berlin"}
        for name, slug in (("Berlin", "berlin"), ("03570", "berlin-new-hampshire-us")):
            place = await running.places.lookup(name)
            assert place is not None
            assert place.place == slug


async def test_a_place_of_the_settings_keeps_its_id_when_the_poller_restarts(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        await until_found(lambda: running.observed("berlin"), "no observation")
        assert (await running.ask("Berlin", 2950159))["place"] == "berlin"
        kept = await running.places.lookup_id(2950159)
        assert kept is not None
        assert (kept.geocoder_id, kept.pinned) == (2950159, True)
    async with poller(redis_server, weather, **TWO) as again:
        await until_found(lambda: tracks(again, 2), "the places are not taken up")
        assert await again.places.get(["berlin"]) == [kept]


async def test_a_name_that_the_geocoder_refuses_is_unknown_and_keeps_no_other_waiting(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    weather.next("400", path="/v1/search")
    async with poller(redis_server, weather, **TWO) as running:
        assert (await running.ask("%%%"))["error"]["code"] == "unknown_city"
        assert (await running.ask("Paris"))["place"] == "paris"


async def test_above_the_limit_the_same_places_go_on_and_each_is_asked_for_in_its_turn(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, places="Berlin=52.52,13.41", places_max="2", **OFTEN) as running:
        await running.ask("Paris")
        for number in range(5):
            await running.places.register(Place(f"p{number}", f"P{number}", number, number))
            await running.places.touch([f"p{number}"], 1_000, "test")
            await running.places.touch(["paris"], 1_000 + number, "test")

        async def left_out() -> bool:
            return running.metric("windsock_weather_places_left_out") == 5

        await until_found(left_out, "the limit is not noticed")
        before = len(weather.forecasts())
        await until_found(at_least(before + 2, lambda: len(weather.forecasts())), "nothing is asked for any more")
        assert set(weather.asked_for) == {"52.5200,13.4100", "48.8534,2.3488"}
        assert len(await running.observed("paris")) == 1
        assert not any([await running.observed(f"p{number}") for number in range(5)])


async def test_requests_that_nobody_waits_for_any_more_are_not_carried_out(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with redis.connect(redis_server.url) as client:
        for number in range(50):
            await Places(client).request(f"city {number}", "test:answers", "token", -1)
    async with poller(redis_server, weather, **TWO) as running:
        assert (await running.ask("Paris"))["place"] == "paris"
        assert weather.searches() == ["Paris"]


async def test_the_places_of_the_settings_and_those_asked_for_are_told(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        await running.ask("Paris")
        told = [(place.name, place.pinned) for place in await running.places.tracked()]
        assert told == [("Berlin", True), ("London", True), ("Paris", False)]


async def test_a_redis_that_lost_its_data_is_told_of_the_places_again(
    redis_server: RedisServer, weather: OpenMeteo
) -> None:
    async with poller(redis_server, weather, **TWO) as running:
        await until_found(lambda: running.observed("berlin"), "no observation")
        await running.shared.redis.flushall()

        async def told() -> bool:
            return [place.name for place in await running.places.tracked()] == ["Berlin", "London"]

        await until_found(told, "the places are not told again")
        assert await running.shared.stream.devices("", "", 10) == []
