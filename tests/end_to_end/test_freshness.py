"""Stale weather is told as such, over each way to a topic, by gateways that no poller helps."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from services.places import Place
from tests.javascript_sdk import follower
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.stand_ins.poller import PollerByHand
from tests.waiting import wait_until

BERLIN = Place("berlin", "Berlin", 52.52, 13.41)
TOPIC = "weather:berlin"
ENCODINGS = [
    ("json", "websocket"),
    ("protobuf", "websocket"),
    ("json", "http_stream"),
    ("protobuf", "http_stream"),
    ("json", "sse"),
]
Next = Callable[[], Any]


@pytest.fixture
def poller(redis_server: RedisServer) -> Iterator[PollerByHand]:
    with PollerByHand(redis_server.url) as poller:
        poller.register(BERLIN)
        yield poller


@pytest.fixture
def gateway(tmp_path: Path, redis_server: RedisServer, poller: PollerByHand) -> Iterator[Windsock]:
    with Windsock(tmp_path, "gateway", redis_url=redis_server.url, weather_timeout_s="1") as gateway:
        yield gateway


def take(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=30))


@contextmanager
def lines(url: str, *, body: str | None = None, **headers: str) -> Iterator[Iterator[str]]:
    """The lines of a long response."""
    with httpx.Client(trust_env=False, timeout=20, headers=headers) as http:
        method = "GET" if body is None else "POST"
        with http.stream(method, url, content=body) as answer:
            assert answer.status_code == 200, answer.read()
            yield answer.iter_lines()


def pushes(read: Iterator[str]) -> Iterator[Any]:
    """The publications of a stream that only tells."""
    for line in read:
        text = line.removeprefix("data: ")
        if text and "pub" in (message := json.loads(text)):
            yield message["pub"]


@pytest.fixture(params=["uni_sse", "uni_http_stream", "websocket JSON"])
def publications(request: pytest.FixtureRequest, gateway: Windsock, poller: PollerByHand) -> Iterator[Next]:
    """What takes the next publication of Berlin's topic as the protocol has it, fresh to begin with."""
    poller.observe("berlin", 1)
    asked = json.dumps({"subs": {TOPIC: {}}})
    with ExitStack() as stack:
        if request.param == "uni_sse":
            read = stack.enter_context(lines(f"{gateway.url}/connection/uni_sse?cf_connect={asked}"))
        elif request.param == "uni_http_stream":
            read = stack.enter_context(lines(f"{gateway.url}/connection/uni_http_stream", body=asked))
        else:
            socket = stack.enter_context(connect(f"{gateway.ws}/connection/websocket", proxy=None))
            socket.send(json.dumps({"id": 1, "connect": {}}))
            socket.send(json.dumps({"id": 2, "subscribe": {"channel": TOPIC}}))
            assert "connect" in take(socket)
            assert take(socket)["id"] == 2

            def sockets() -> Iterator[Any]:
                while True:
                    if "push" in (message := take(socket)):
                        yield message["push"]["pub"]

            told = sockets()
            yield lambda: next(told)
            return
        assert "connect" in json.loads(next(line for line in read if "connect" in line).removeprefix("data: "))
        found = pushes(read)
        yield lambda: next(found)


def test_a_change_is_pushed_without_an_offset_and_a_new_observation_says_itself_that_all_is_well(
    publications: Next, poller: PollerByHand
) -> None:
    poller.tell("berlin", "every service fails")
    mark = publications()
    assert "offset" not in mark
    data = mark["data"]
    assert (data["values"], data["ts"]) == ({"temperature": 1}, poller.observed["berlin"])
    assert (data["stale"], data["reason"]) == (False, "every service fails")
    assert 0 <= data["age_s"] < 60
    poller.tell("berlin")
    assert publications()["data"]["reason"] is None
    poller.observe("berlin", 2, interval_s=1)
    fresh = publications()
    assert (fresh["offset"], fresh["data"]["values"]) == (2, {"temperature": 2})
    assert "stale" not in fresh["data"]
    mark = publications()["data"]
    assert (mark["stale"], mark["reason"], mark["values"]) == (True, None, {"temperature": 2})
    assert mark["age_s"] >= 2
    poller.observe("berlin", 3)
    assert publications()["offset"] == 3


@pytest.mark.parametrize(("encoding", "transport"), ENCODINGS)
def test_the_sdk_tells_marks_and_resumes_undisturbed(
    tmp_path: Path, gateway: Windsock, poller: PollerByHand, encoding: str, transport: str
) -> None:
    poller.observe("berlin", 1)
    with follower(tmp_path, gateway.url, TOPIC, encoding, transport) as sdk:

        def told() -> list[tuple[float, Any, Any]]:
            found = sdk.told("data")
            return [(one["values"]["temperature"], one.get("stale"), one.get("reason")) for one in found]

        wait_until(lambda: sdk.subscribed() == [False], "not subscribed")
        poller.observe("berlin", 2)
        poller.tell("berlin", "down")
        wait_until(lambda: told() == [(2, None, None), (2, False, "down")], f"not told: {told()}")
        gateway.stop(signal.SIGKILL)
        poller.observe("berlin", 3, interval_s=1)
        gateway.start()
        wait_until(lambda: len(told()) == 4, f"not told: {told()}")
        assert told()[2:] == [(3, None, None), (3, True, None)]
        assert sdk.subscribed() == [False, True]


def test_events_of_marks_have_no_id_so_that_a_browser_resumes_from_the_observation(
    gateway: Windsock, poller: PollerByHand
) -> None:
    poller.observe("berlin", 1, age_s=10, interval_s=1)
    url = f"{gateway.url}/sse?topic={TOPIC}"

    def event(read: Iterator[str]) -> tuple[str | None, Any]:
        """The next event's id and data."""
        last_id = None
        for line in read:
            if line.startswith("id: "):
                last_id = line.removeprefix("id: ")
            elif line.startswith("data: "):
                return last_id, json.loads(line.removeprefix("data: "))["data"]
            elif not line:
                last_id = None
        raise AssertionError("the stream ended")

    with lines(url) as read:
        last_id, data = event(read)
        assert (last_id, data["stale"], data["values"]) == (None, True, {"temperature": 1})
        poller.observe("berlin", 2)
        first_id, data = event(read)
        assert first_id is not None
        assert (first_id[-2:], data["values"], "stale" in data) == (".2", {"temperature": 2}, False)
        poller.tell("berlin", "down")
        last_id, data = event(read)
        assert (last_id, data["reason"], data["values"]) == (None, "down", {"temperature": 2})
    poller.observe("berlin", 3, age_s=10, interval_s=1)
    with lines(url, **{"Last-Event-ID": first_id}) as read:
        last_id, data = event(read)
        assert (last_id, data["values"], "stale" in data) == (first_id[:-1] + "3", {"temperature": 3}, False)
        assert event(read)[1]["stale"] is True


def ask(socket: ClientConnection, city: str, **more: Any) -> Any:
    socket.send(json.dumps({"city": city} | more))
    return take(socket)


def test_a_plain_socket_tells_the_age_of_everything_and_each_change_once(
    gateway: Windsock, poller: PollerByHand
) -> None:
    poller.register(Place("berlin", "Berlin", 52.52, 13.41, pinned=True))
    poller.observe("berlin", 1, age_s=30)
    poller.tell("berlin", "down")
    with connect(f"{gateway.ws}/ws/weather/", proxy=None) as socket:
        first = ask(socket, "Berlin")
        assert (first["asked"], first["temperature"], first["stale"], first["reason"]) == ("Berlin", 1, False, "down")
        assert 30 <= first["age_s"] < 60
        poller.tell("berlin")
        again = take(socket)
        assert (again["stale"], again["reason"], again["city"], "asked" in again) == (False, None, "Berlin", False)
        poller.observe("berlin", 2, interval_s=3)
        fresh = take(socket)
        assert (fresh["temperature"], fresh["stale"], "reason" in fresh) == (2, False, False)
        stale = take(socket)
        assert (stale["temperature"], stale["stale"], stale["reason"]) == (2, True, None)
        assert ask(socket, "Berlin")["stale"] is True
    metrics = gateway.metrics()
    assert metrics["windsock_weather_marks_total"] >= 2
    assert metrics["windsock_publications_matched_total"] == metrics["windsock_publications_sent_total"]


def test_without_a_status_the_observation_itself_is_judged(gateway: Windsock, poller: PollerByHand) -> None:
    poller.observe("berlin", 1, interval_s=1, age_s=5)
    poller.forget_status("berlin")
    with connect(f"{gateway.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {}}))
        socket.send(json.dumps({"id": 2, "subscribe": {"channel": TOPIC, "data": {"window": "1h"}}}))
        assert "connect" in take(socket)
        freshness = take(socket)["subscribe"]["data"]["freshness"]
        assert (freshness["stale"], freshness["next"], freshness["provider"]) == (True, None, "test")
        pub = take(socket)["push"]["pub"]
        assert (pub["data"]["stale"], "offset" in pub) == (True, False)


@pytest.mark.parametrize("data", [{"delivery": "latest"}, {"delivery": "sample", "rate": 2}])
@pytest.mark.parametrize("protocol", ["json", "protobuf"])
def test_marks_come_through_every_delivery_in_their_order(
    tmp_path: Path, gateway: Windsock, poller: PollerByHand, data: Any, protocol: str
) -> None:
    poller.observe("berlin", 1)
    with follower(tmp_path, gateway.url, TOPIC, protocol, "websocket", data=data) as sdk:
        wait_until(lambda: sdk.subscribed() == [False], "not subscribed")

        def last() -> tuple[Any, ...]:
            one = (sdk.told("data") or [{"values": {}}])[-1]
            return one["values"].get("temperature"), one.get("stale"), one.get("reason")

        poller.tell("berlin", "down")
        wait_until(lambda: last() == (1, False, "down"), "no mark")
        poller.observe("berlin", 2, interval_s=1)
        wait_until(lambda: last() == (2, True, None), "not told that it is stale")
        poller.observe("berlin", 3)
        wait_until(lambda: last() == (3, None, None), "no observation")
        gateway.stop(signal.SIGKILL)
        poller.observe("berlin", 4, age_s=9, interval_s=1)
        gateway.start()
        wait_until(lambda: last() == (4, True, None), "it does not resume, or without the mark")
        assert sdk.subscribed() == [False, True]


def test_while_redis_is_silent_what_is_known_gets_older(
    gateway: Windsock, poller: PollerByHand, redis_server: RedisServer
) -> None:
    with connect(f"{gateway.ws}/connection/websocket", proxy=None) as socket:
        socket.send(json.dumps({"id": 1, "connect": {}}))
        socket.send(json.dumps({"id": 2, "subscribe": {"channel": TOPIC}}))
        assert "connect" in take(socket)
        assert take(socket)["id"] == 2
        poller.observe("berlin", 1, interval_s=4)
        assert take(socket)["push"]["pub"]["offset"] == 1
        poller.tell("berlin", "down", interval_s=4)
        assert take(socket)["push"]["pub"]["data"]["reason"] == "down"
        poller.stop()
        redis_server.send(signal.SIGSTOP)
        try:
            mark = take(socket)["push"]["pub"]["data"]
            assert (mark["stale"], mark["reason"]) == (True, "down")
        finally:
            redis_server.send(signal.SIGCONT)
