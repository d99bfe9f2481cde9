from __future__ import annotations

import orjson

from gateway.clients import rendering
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
    assert rendering.observation(orjson.dumps(OBSERVATION)) == {
        "city": "Berlin",
        "temperature": 3.4,
        "weather_text": "rain",
        "place": "berlin",
        "ts": 7,
        "units": {"temperature": "°C"},
        "attribution": "Weather data by Open-Meteo.com",
    }


def test_a_loss_names_its_code_and_where_it_goes_on() -> None:
    message = orjson.loads(rendering.lost(Position("E", 9)))
    assert message["error"]["code"] == "position_lost"
    assert (message["recovered"], message["position"]) == (False, "E.9")
