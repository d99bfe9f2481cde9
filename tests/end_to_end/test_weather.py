"""Weather from the service to the browser: poller, stream, gateway and socket, with the stand-in of Open-Meteo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.processes import NOWHERE, Windsock
from tests.stand_ins.open_meteo import OpenMeteo


@pytest.fixture
def weather() -> Iterator[OpenMeteo]:
    with OpenMeteo() as stand_in:
        yield stand_in


@pytest.fixture
def windsock(tmp_path: Path, weather: OpenMeteo) -> Iterator[Windsock]:
    quick = {"weather_interval_s": "1", "weather_jitter_s": "0", "weather_timeout_s": "20"}
    places = {"places": "Berlin=52.52,13.41", "open_meteo_url": weather.url, "geocoding_url": weather.url}
    with Windsock(tmp_path, **quick, **places, cities_per_client="2", weather_history_h="0") as running:
        yield running


def follow(windsock: Windsock) -> ClientConnection:
    return connect(f"{windsock.ws}/ws/weather/", proxy=None)


def ask(socket: ClientConnection, city: Any) -> Any:
    socket.send(json.dumps({"city": city}))
    return take(socket)


def take(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=45))


def test_a_city_is_answered_with_its_observation_and_then_each_new_one(windsock: Windsock, weather: OpenMeteo) -> None:
    with follow(windsock) as socket:
        first = ask(socket, "Berlin")
        assert (first["city"], first["temperature"], first["weather_text"]) == ("Berlin", 3.4, "light rain")
        assert first["ts"] == weather.observed * 1000
        assert first["units"]["temperature"] == "°C"
        assert "Open-Meteo" in first["attribution"]
        weather.values["temperature_2m"] = 5.5
        weather.observed += 60
        second = take(socket)
        assert (second["temperature"], second["ts"]) == (5.5, weather.observed * 1000)


def test_a_new_city_is_found_fetched_and_followed(windsock: Windsock, weather: OpenMeteo) -> None:
    with follow(windsock) as one, follow(windsock) as other:
        assert ask(one, "são paulo")["city"] == "São Paulo"
        assert ask(other, "Sao-Paulo")["city"] == "São Paulo"
        assert weather.searches() == ["são paulo"]
        weather.values["temperature_2m"] = 30
        weather.observed += 60
        assert take(one)["temperature"] == take(other)["temperature"] == 30


def test_who_asks_wrongly_is_told_and_may_ask_again(windsock: Windsock) -> None:
    with follow(windsock) as socket:
        assert ask(socket, "Atlantis")["error"]["code"] == "not_found"
        for wrong in ("", "x", 7, None, "x" * 101):
            assert ask(socket, wrong)["error"]["field"] == "city"
        socket.send("nonsense")
        assert take(socket)["error"]["code"] == "malformed"
        for city in ("Berlin", "Paris"):
            assert ask(socket, city)["city"] == city
        assert ask(socket, "London")["error"]["code"] == "too_large"
        assert ask(socket, "Berlin")["city"] == "Berlin"


def test_without_a_weather_service_the_client_is_told_and_gets_it_later(tmp_path: Path) -> None:
    with Windsock(tmp_path, places="Berlin=52.52,13.41", weather_timeout_s="1") as windsock, follow(windsock) as socket:
        assert ask(socket, "Berlin")["error"]["code"] == "unavailable"
        assert ask(socket, "Paris")["error"]["code"] == "unavailable"
        assert windsock.environment["WINDSOCK_OPEN_METEO_URL"] == NOWHERE


def test_a_snapshot_of_a_place_shows_its_weather(windsock: Windsock, weather: OpenMeteo) -> None:
    with follow(windsock) as socket:
        ask(socket, "Berlin")
    asked = {"channel": "weather:berlin", "data": {"window": "7d", "points": 2}}
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
        socket.send('{"id":1,"connect":{}}')
        take(socket)
        socket.send(json.dumps({"id": 2, "subscribe": asked}))
        result = take(socket)["subscribe"]
        points = {one["metric"]: one["points"] for one in result["data"]["window"]["series"]}
        assert points["temperature"] == [[weather.observed * 1000, 3.4]]
        latest = result["data"]["latest"]
        assert (latest["device"], latest["latest"]["temperature"]["value"]) == ("berlin", 3.4)
        weather.values["temperature_2m"] = 5.5
        weather.observed += 60
        push = take(socket)["push"]["pub"]
        assert (push["offset"], push["data"]["values"]["temperature"]) == (result["offset"] + 1, 5.5)


def test_a_new_place_has_a_history_of_24_hours_that_ends_with_the_present(tmp_path: Path, weather: OpenMeteo) -> None:
    services = {"open_meteo_url": weather.url, "geocoding_url": weather.url}
    with Windsock(tmp_path, places=";", **services) as windsock, follow(windsock) as socket:
        assert ask(socket, "Paris")["ts"] == weather.observed * 1000
        asked = "topic=weather:paris&order=asc&limit=100"
        history = httpx.get(f"{windsock.url}/api/history?{asked}", trust_env=False).json()
        times = [one["data"]["ts"] // 1000 for one in history["publications"]]
        assert len(times) == 25
        assert times[-1] == weather.observed
        assert {later - earlier for earlier, later in pairwise(times[:-1])} == {3_600}
        assert len(weather.forecasts()) == 1
