from __future__ import annotations

import orjson

from gateway.clients import rendering
from gateway.freshness import Freshness
from services.batch import Batch, Position

TOPIC = "device:a"
OBSERVATION = {
    "device": "berlin",
    "ts": 7,
    "values": {"temperature": 3.4, "weather_text": "rain"},
    "units": {"temperature": "°C"},
    "tags": {"city": "Berlin", "attribution": "Weather data by Open-Meteo.com"},
}


def test_positions_are_added_behind_each_object() -> None:
    batch = Batch("E", 0, 4, [b'{"a":1}', b'{"b":2}'])
    assert [orjson.loads(message) for message in rendering.with_position(TOPIC, batch)] == [
        {"a": 1, "position": "E.4"},
        {"b": 2, "position": "E.5"},
    ]


def test_payloads_are_passed_on_as_they_are() -> None:
    payloads = [b"[1]", b'"x"']
    assert rendering.as_stored(TOPIC, Batch("E", 0, 1, payloads)) == payloads


def test_an_observation_is_shown_flat_with_its_city_and_source() -> None:
    assert rendering.observation(orjson.dumps(OBSERVATION), Freshness(61.4, stale=False)) == {
        "city": "Berlin",
        "temperature": 3.4,
        "weather_text": "rain",
        "place": "berlin",
        "ts": 7,
        "units": {"temperature": "°C"},
        "attribution": "Weather data by Open-Meteo.com",
        "stale": False,
        "age_s": 61,
    }


def test_the_reason_why_nothing_newer_comes_is_shown_where_there_is_one() -> None:
    told = rendering.observation(orjson.dumps(OBSERVATION), Freshness(1801, stale=True, reason="all fail"))
    assert (told["stale"], told["age_s"], told["reason"]) == (True, 1801, "all fail")


def test_a_live_observation_tells_its_age_by_our_clock_and_a_marked_one_what_it_says_itself() -> None:
    live = orjson.dumps(OBSERVATION | {"tags": {"interval_s": "2"}})
    mark = orjson.dumps(OBSERVATION | {"stale": True, "age_s": 9, "reason": None})
    shown = rendering.Observations(lambda: 3_007).shown(TOPIC, Batch("E", 0, 1, [live, mark]))
    one, other = map(orjson.loads, shown)
    assert (one["age_s"], one["stale"], "reason" in one) == (3, False, False)
    assert (other["age_s"], other["stale"], other["reason"]) == (9, True, None)


def test_a_loss_names_its_code_and_where_it_goes_on() -> None:
    message = orjson.loads(rendering.lost(Position("E", 9)))
    assert message["error"]["code"] == "position_lost"
    assert (message["recovered"], message["position"]) == (False, "E.9")
