"""Inside and outside, with the stand-in of Open-Meteo: over HTTP, and live over each way in."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from redis import Redis
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from gateway.comparison import AGES
from services import topics
from services.places import INTEREST_KEY, LISTENERS_KEY
from tests.javascript_sdk import follower
from tests.processes import Command, Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.open_meteo import OpenMeteo
from tests.waiting import wait_until

SECRET = "the secret of the tests, which is long enough"
KEY = "the key of the tests"
Told = Callable[[], list[dict[str, Any]]]
"""What a client was told so far, in order."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def redis(server: RedisServer) -> Iterator[Redis]:
    with Redis.from_url(server.url) as client:
        yield client


@pytest.fixture(scope="module")
def weather() -> Iterator[OpenMeteo]:
    with OpenMeteo() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory, server: RedisServer, weather: OpenMeteo) -> Iterator[Windsock]:
    settings = {
        "redis_url": server.url,
        "places": "New York=40.71,-74.01",
        "open_meteo_url": weather.url,
        "geocoding_url": weather.url,
        "weather_interval_s": "1",
        "weather_jitter_s": "0",
        "token_secret": SECRET,
        "api_key": KEY,
    }
    with Windsock(tmp_path_factory.mktemp("compare"), **settings) as running:
        post(running, "first", 21.4)
        wait_until(lambda: compare(running, "first").json()["outside"] is not None, "there is no observation")
        yield running


def post(windsock: Windsock, device: str, value: Any, metric: str = "temperature", unit: str = "Cel") -> None:
    one = {"device": device, "values": {metric: value}, "units": {metric: unit}}
    httpx.post(f"{windsock.url}/v1/readings", json=one, trust_env=False).raise_for_status()


def compare(windsock: Windsock, device: str, token: str = "", **more: str) -> httpx.Response:
    query = {"device": device, "place": "new-york"} | more
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{windsock.url}/api/compare", params=query, headers=headers, trust_env=False)


def differences(told: Told) -> list[float | None]:
    return [one["difference"] for one in told()]


def lasting(told: dict[str, Any]) -> dict[str, Any]:
    """What was told but ages."""
    return {name: value for name, value in told.items() if name not in AGES}


# Over HTTP


def test_a_device_s_value_is_told_beside_the_weather(windsock: Windsock, weather: OpenMeteo) -> None:
    post(windsock, "urn:greenhouse:7", 21.4)
    for place in ("new-york", "New York", " new  YORK "):
        answer = compare(windsock, "urn:greenhouse:7", place=place)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["device"], told["place"], told["city"]) == ("urn:greenhouse:7", "new-york", "New York")
        assert (told["value"], told["outside"], told["difference"]) == (21.4, 3.4, 18.0)
        assert (told["unit"], told["outside_unit"], told["unit_assumed"]) == ("Cel", "Cel", False)
        assert told["outside_ts"] == weather.observed * 1000
        assert "Open-Meteo" in told["attribution"]
        assert told["reason"] is None


def test_other_metrics_and_units_are_compared_too(windsock: Windsock) -> None:
    post(windsock, "station", 101_400, "pressure", "Pa")
    post(windsock, "station", 400, "co2", "ppm")
    pressure = compare(windsock, "station", metric="pressure").json()
    assert (pressure["outside"], pressure["difference"]) == (101_320, 80)
    co2 = compare(windsock, "station", metric="co2").json()
    assert (co2["value"], co2["outside"], co2["difference"]) == (400, None, None)
    assert co2["reason"].startswith("the weather of new-york has no co2; it has apparent_temperature, ")


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ({}, 400, "device"),
        ({"device": "first"}, 400, "place"),
        ({"device": "first", "place": " "}, 400, "place"),
        ({"device": "first", "place": "x" * 101}, 400, "place"),
        ({"device": "a b", "place": "new-york"}, 400, "device"),
        ({"device": "first", "place": "new-york", "metric": "9"}, 400, "metric"),
        ({"device": "first", "place": "Atlantis"}, 404, "no place 'Atlantis' is known; name it in WINDSOCK_PLACES"),
        ({"device": "first", "place": "東京"}, 404, "no place '東京' is known"),
        ({"device": "nobody", "place": "new-york"}, 404, "no reading of 'nobody' is known"),
        ({"device": "first", "place": "new-york", "metric": "ph"}, 404, "does not report 'ph'; it reports temperature"),
    ],
)
def test_what_cannot_be_compared_is_a_problem(
    windsock: Windsock, query: dict[str, str], status: int, told: str
) -> None:
    answer = httpx.get(f"{windsock.url}/api/compare", params=query, trust_env=False)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert told in (problem["field"] if status == 400 else problem["detail"])


def test_a_comparison_has_no_history(windsock: Windsock) -> None:
    for order in ("desc", "ts"):
        query = {"topic": "compare:first:new-york", "order": order}
        answer = httpx.get(f"{windsock.url}/api/history", params=query, trust_env=False)
        assert answer.status_code == 400
        assert "GET /api/compare" in answer.json()["detail"]


def test_who_asks_is_interested_in_the_place(windsock: Windsock, redis: Redis) -> None:
    redis.delete(INTEREST_KEY, LISTENERS_KEY)
    assert compare(windsock, "first").status_code == 200
    until_ms = redis.zscore(INTEREST_KEY, "new-york")
    assert until_ms is not None
    assert until_ms > time.time() * 1000
    who: Any = redis.zrange(LISTENERS_KEY, 0, -1)
    assert [name.rpartition(b":")[0] for name in who] == [b"new-york gateway"]


def test_a_place_that_is_registered_no_more_is_compared_while_its_observations_are_kept(
    windsock: Windsock, redis: Redis
) -> None:
    assert compare(windsock, "first", place="old-town").status_code == 404
    redis.hset(topics.state_key("weather:old-town"), mapping={"epoch": "e", "offset": "1"})
    told = compare(windsock, "first", place="old-town").json()
    assert (told["place"], told["reason"]) == ("old-town", "no observation of old-town is known yet")


@pytest.mark.parametrize("method", ["publish", "history", "history_remove", "presence"])
def test_what_backends_ask_of_a_comparison_is_refused(windsock: Windsock, method: str) -> None:
    asked = {"channel": "compare:first:new-york"} | ({"data": 1} if method == "publish" else {})
    answer = httpx.post(f"{windsock.url}/api/{method}", json=asked, headers={"X-API-Key": KEY}, trust_env=False)
    assert answer.json()["error"]["code"] == 108


# Live


def from_lines(url: str, of: Callable[[Any], Any], **request: Any) -> AbstractContextManager[Told]:
    """What a long response tells: `of` takes a message and says what of it counts, if anything."""

    @contextmanager
    def reading() -> Iterator[Told]:
        told: list[Any] = []

        def read(answer: httpx.Response) -> None:
            with suppress(httpx.HTTPError, httpx.StreamError):
                for line in answer.iter_lines():
                    text = line.removeprefix("data: ")
                    if text.startswith("{") and (counts := of(json.loads(text))) is not None:
                        told.append(counts)

        with httpx.Client(trust_env=False, timeout=20) as http, http.stream(url=url, **request) as answer:
            assert answer.status_code == 200
            reader = threading.Thread(target=read, args=(answer,), daemon=True)
            reader.start()
            yield lambda: list(told)

    return reading()


def over_sse(windsock: Windsock, topic: str, _folder: Path) -> AbstractContextManager[Told]:
    url = f"{windsock.url}/sse?topic={topic}"
    return from_lines(url, lambda event: event["data"], method="GET")


def of_push(push: Any) -> Any:
    assert "offset" not in push.get("pub", {})
    return push.get("pub", {}).get("data")


def over_uni_sse(windsock: Windsock, topic: str, _folder: Path) -> AbstractContextManager[Told]:
    connecting = {"cf_connect": json.dumps({"subs": {topic: {}}})}
    return from_lines(f"{windsock.url}/connection/uni_sse", of_push, method="GET", params=connecting)


def over_uni_http_stream(windsock: Windsock, topic: str, _folder: Path) -> AbstractContextManager[Told]:
    url = f"{windsock.url}/connection/uni_http_stream"
    return from_lines(url, of_push, method="POST", json={"subs": {topic: {}}})


@contextmanager
def over_plain_socket(windsock: Windsock, topic: str, _folder: Path) -> Iterator[Told]:
    found, told = topics.compared(topic), list[Any]()
    url = f"{windsock.ws}/ws/compare/{found.device}/{found.place}/?metric={found.metric}"

    def read() -> None:
        with suppress(ConnectionClosed):
            for message in socket:
                told.append(json.loads(message))

    with connect(url, proxy=None) as socket:
        threading.Thread(target=read, daemon=True).start()
        yield lambda: list(told)


def over_sdk(encoding: str, transport: str) -> Callable[[Windsock, str, Path], AbstractContextManager[Told]]:
    @contextmanager
    def following(windsock: Windsock, topic: str, folder: Path) -> Iterator[Told]:
        with follower(folder, windsock.url, topic, encoding, transport) as sdk:
            yield lambda: sdk.told("data")
            assert sdk.told("offset") == []
            assert sdk.subscribed() == [False]

    return following


WAYS = {
    "plain": over_plain_socket,
    "sse": over_sse,
    "uni_sse": over_uni_sse,
    "uni_http_stream": over_uni_http_stream,
    "SDK, JSON": over_sdk("json", "websocket"),
    "SDK, Protobuf": over_sdk("protobuf", "websocket"),
    "SDK, JSON, http_stream": over_sdk("json", "http_stream"),
    "SDK, Protobuf, http_stream": over_sdk("protobuf", "http_stream"),
    "SDK, sse": over_sdk("json", "sse"),
}


@pytest.mark.parametrize("way", WAYS)
def test_who_follows_gets_the_present_state_and_each_change(windsock: Windsock, tmp_path: Path, way: str) -> None:
    device = "live-" + way.replace(", ", "-").replace("_", "-")
    post(windsock, device, 21.4)
    with WAYS[way](windsock, f"compare:{device}:new-york", tmp_path) as told:
        wait_until(lambda: differences(told) == [18.0], "the present state does not come")
        assert lasting(told()[0]) == lasting(compare(windsock, device).json())
        post(windsock, device, 22.4)
        wait_until(lambda: differences(told) == [18.0, 19.0], "the next reading does not come")


@pytest.mark.parametrize("way", WAYS)
def test_a_stale_observation_is_told(windsock: Windsock, redis: Redis, tmp_path: Path, way: str) -> None:
    device = "stale-" + way.replace(", ", "-").replace("_", "-")
    post(windsock, device, 21.4)
    with WAYS[way](windsock, f"compare:{device}:new-york", tmp_path) as told:
        wait_until(lambda: len(told()) == 1, "the present state does not come")
        now = told()[0]
        again = {"device": "new-york", "ts": now["outside_ts"], "values": {"temperature": 3.4}}
        marked = again | {
            "units": {"temperature": "°C"},
            "stale": True,
            "age_s": 4_000,
            "reason": "no provider answers",
        }
        redis.publish(topics.channel("weather:new-york"), b"*" + json.dumps(marked).encode())
        wait_until(lambda: len(told()) == 2, "it is not told")
        assert (told()[1]["stale"], told()[1]["stale_reason"]) == (True, "no provider answers")
        assert differences(told) == [18.0, 18.0]


def test_another_metric_is_a_topic_of_its_own(windsock: Windsock, tmp_path: Path) -> None:
    post(windsock, "damp", 85, "humidity", "%RH")
    for way in ("plain", "SDK, JSON"):
        with WAYS[way](windsock, "compare:damp:new-york/humidity", tmp_path) as told:
            wait_until(lambda told=told: differences(told) == [4], "it does not come")  # type: ignore[misc]


def test_two_who_follow_share_one_derivation_and_the_last_ends_it(
    windsock: Windsock, redis: Redis, tmp_path: Path
) -> None:
    post(windsock, "shared", 21.4)
    channel = topics.channel("device:shared")

    def listeners() -> int:
        ((_, count),) = redis.pubsub_numsub(channel)
        return int(count)

    with WAYS["SDK, JSON"](windsock, "compare:shared:new-york", tmp_path) as one:
        with WAYS["plain"](windsock, "compare:shared:new-york", tmp_path) as other:
            wait_until(lambda: len(one()) == len(other()) == 1, "the present state does not come")
            assert listeners() == 1
            assert windsock.metrics()["windsock_comparisons"] >= 1
        post(windsock, "shared", 22.4)
        wait_until(lambda: differences(one) == [18.0, 19.0], "who stayed is not told")
        assert listeners() == 1
    wait_until(lambda: listeners() == 0, "nobody follows it, and it is derived")


def test_what_sdks_ask_of_it_beyond_is_refused(windsock: Windsock) -> None:
    channel = "compare:first:new-york"
    commands: dict[int, dict[str, Any]] = {
        2: {"history": {"channel": channel, "limit": 1}},
        3: {"publish": {"channel": channel, "data": {}}},
        4: {"presence": {"channel": channel}},
        5: {"subscribe": {"channel": channel, "data": {"window": "1h"}}},
        6: {"subscribe": {"channel": channel, "recoverable": True, "recover": True, "epoch": "x", "offset": 7}},
    }
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {}}))
        socket.recv(timeout=30)
        answers = []
        for number, command in commands.items():
            socket.send(json.dumps({"id": number} | command))
            answers.append(json.loads(socket.recv(timeout=30)))
        assert [one["error"]["code"] for one in answers[:4]] == [108, 103, 108, 107]
        assert answers[4] == {"id": 6, "subscribe": {}}
        assert json.loads(socket.recv(timeout=30))["push"]["pub"]["data"]["device"] == "first"


def test_a_client_that_takes_samples_gets_the_newest(windsock: Windsock) -> None:
    post(windsock, "sampled", 20)
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {}}))
        socket.recv(timeout=30)
        asked = {"channel": "compare:sampled:new-york", "data": {"delivery": "sample", "rate": 1}}
        socket.send(json.dumps({"id": 2, "subscribe": asked}))
        assert json.loads(socket.recv(timeout=30))["subscribe"]["data"] == {"delivery": "sample", "rate": 1}
        assert json.loads(socket.recv(timeout=30))["push"]["pub"]["data"]["value"] == 20
        for value in (21, 22, 23):
            post(windsock, "sampled", value)
        published = json.loads(socket.recv(timeout=30))["push"]["pub"]
        while published["data"]["value"] != 23:
            published = json.loads(socket.recv(timeout=30))["push"]["pub"]
        assert "offset" not in published


def test_a_plain_socket_has_no_position_to_resume_from(windsock: Windsock) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{windsock.ws}/ws/compare/first/new-york/?since=x.1", proxy=None)
    assert json.loads(refused.value.response.body)["field"] == "since"
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{windsock.ws}/ws/compare/first/new-york/?metric=9", proxy=None)
    assert json.loads(refused.value.response.body)["field"] == "topic"
    with connect(f"{windsock.ws}/ws/compare/first/new-york?status=1", proxy=None) as socket:
        assert json.loads(socket.recv(timeout=30)) == {"status": "live"}
        assert json.loads(socket.recv(timeout=30))["device"] == "first"
        socket.send("{}")
        assert json.loads(socket.recv(timeout=30))["error"]["message"] == "this socket only sends"


def test_tail_prints_it(windsock: Windsock, tmp_path: Path) -> None:
    post(windsock, "tailed:1", 21.4)
    with Command(tmp_path, "tail", "compare:tailed:1:new-york", "--url", windsock.url) as tail:
        wait_until(lambda: tail.output.count("\n") == 1, "tail prints nothing")
        post(windsock, "tailed:1", 22.4)
        wait_until(lambda: tail.output.count("\n") == 2, "tail prints no change")
        assert [json.loads(line)["difference"] for line in tail.output.splitlines()] == [18.0, 19.0]


@pytest.mark.parametrize(("encoding", "transport"), [("json", "websocket"), ("protobuf", "http_stream")])
def test_who_comes_back_gets_what_is_so_then(
    tmp_path: Path, redis_server: RedisServer, weather: OpenMeteo, encoding: str, transport: str
) -> None:
    url = redis_server.url
    around = {"places": "New York=40.71,-74.01", "open_meteo_url": weather.url, "weather_interval_s": "1"}
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "weather", redis_url=url, **around),
        Windsock(tmp_path, "gateway", redis_url=url) as gateway,
        follower(tmp_path, gateway.url, "compare:js:new-york", encoding, transport) as sdk,
    ):
        post(ingest, "js", 21.4)

        def last() -> Any:
            return [one["difference"] for one in sdk.told("data")][-1:]

        wait_until(lambda: last() == [18.0], "the comparison does not come")
        gateway.stop(signal.SIGKILL)
        post(ingest, "js", 30)
        post(ingest, "js", 23.4)
        gateway.start()
        wait_until(lambda: last() == [20.0], "what is so now does not come")
        assert 30 not in [one["value"] for one in sdk.told("data")]
        assert sdk.subscribed() == [False, False]
        post(ingest, "js", 24.4)
        wait_until(lambda: last() == [21.0], "it does not go on")


# Permissions


def token(*allow: str) -> str:
    return jwt.encode({"sub": "7", "exp": time.time() + 600, "allow": list(allow)}, SECRET, "HS256")


BOTH = token("device:first", "weather:new-york")
NOT_BOTH = {
    "the weather alone": token("weather:*"),
    "the device alone": token("device:*"),
    "the topic by its own name": token("compare:*", "compare:first:new-york"),
}


@pytest.mark.parametrize("which", NOT_BOTH)
def test_a_token_must_open_both_topics_beneath(windsock: Windsock, which: str) -> None:
    given, topic = NOT_BOTH[which], "compare:first:new-york"
    assert compare(windsock, "first", given).status_code == 403
    query = {"topic": topic, "token": given}
    assert httpx.get(f"{windsock.url}/sse", params=query, trust_env=False).status_code == 403
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{windsock.ws}/ws/compare/first/new-york/?token={given}", proxy=None)
    assert refused.value.response.status_code == 403
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {"token": given, "subs": {topic: {}}}}))
        assert "subs" not in json.loads(socket.recv(timeout=30))["connect"]
        socket.send(json.dumps({"id": 2, "subscribe": {"channel": topic}}))
        assert json.loads(socket.recv(timeout=30))["error"]["code"] == 103


def test_who_may_see_both_sees_how_they_compare(windsock: Windsock) -> None:
    assert compare(windsock, "first", BOTH).status_code == 200
    assert compare(windsock, "nobody", BOTH).status_code == 403
    assert compare(windsock, "first", BOTH, place="Atlantis").status_code == 403
    with connect(f"{windsock.ws}/ws/compare/first/new-york/?token={BOTH}", proxy=None) as socket:
        assert json.loads(socket.recv(timeout=30))["difference"] == 18.0
        socket.send(json.dumps({"token": token("device:first")}))
        with suppress(ConnectionClosed):
            for _ in socket:
                pass
        assert socket.close_code == 3507


def test_a_refresh_that_opens_less_ends_it(windsock: Windsock) -> None:
    with connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {"token": BOTH}}))
        socket.recv(timeout=30)
        socket.send(json.dumps({"id": 2, "subscribe": {"channel": "compare:first:new-york"}}))
        assert "subscribe" in json.loads(socket.recv(timeout=30))
        assert "push" in json.loads(socket.recv(timeout=30))
        socket.send(json.dumps({"id": 3, "refresh": {"token": token("device:first")}}))
        assert json.loads(socket.recv(timeout=30))["push"].keys() == {"channel", "unsubscribe"}
