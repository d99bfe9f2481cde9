"""The Centrifuge protocol: the official Python SDK, and frames by hand where an SDK would not send them."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from centrifuge import CentrifugeError, Client, Filter
from redis import Redis
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.sdk import Recorder, connected, packed, unpacked
from tests.waiting import until, wait_until

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(params=["JSON", "Protobuf"])
def protobuf(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "Protobuf")


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    limits = {"recovery_publications": "10", "channels_per_client": "3", "hello_s": "1", "history_page": "50"}
    with Windsock(tmp_path_factory.mktemp("centrifuge"), **limits) as running:
        yield running


def post(windsock: Windsock, *readings: dict[str, Any]) -> list[str]:
    answer = httpx.post(f"{windsock.url}/v1/readings", json=list(readings), trust_env=False)
    assert answer.status_code == 202, answer.text
    return list(answer.json()["positions"])


def numbered(device: str, first: int, last: int) -> list[dict[str, Any]]:
    return [{"device": device, "values": {"n": n}} for n in range(first, last + 1)]


async def subscribe(client: Client, channel: str) -> Recorder:
    recorder = Recorder()
    await client.new_subscription(channel, events=recorder).subscribe()
    await until(lambda: bool(recorder.subscribed), "not subscribed")
    return recorder


async def test_the_sdk_gets_what_is_posted(windsock: Windsock, protobuf: bool) -> None:
    async with connected(windsock.ws, protobuf=protobuf) as client:
        recorder = await subscribe(client, "device:live")
        positions = await asyncio.to_thread(post, windsock, *numbered("live", 0, 4))
        await until(lambda: len(recorder.publications) == 5, "a publication does not arrive")
        assert recorder.numbers == [0, 1, 2, 3, 4]
        assert recorder.offsets == [int(position.split(".")[1]) for position in positions]


async def test_the_sdk_resumes_after_the_server_was_killed(
    tmp_path: Path, redis_server: RedisServer, protobuf: bool
) -> None:
    with (
        Windsock(tmp_path, "ingest", redis_url=redis_server.url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=redis_server.url, recovery_publications="10") as gateway,
    ):
        async with connected(gateway.ws, protobuf=protobuf) as client:
            recorder = await subscribe(client, "device:r")
            post(ingest, *numbered("r", 0, 4))
            await until(lambda: len(recorder.publications) == 5, "a publication does not arrive")
            for missed in (3, 200):
                gateway.stop(signal.SIGKILL)
                top = len(recorder.publications)
                post(ingest, *numbered("r", top, top + missed - 1))
                await asyncio.to_thread(gateway.start)
                post(ingest, *numbered("r", top + missed, top + missed))
                await until(lambda least=top + missed: len(recorder.publications) > least, "it does not resume")  # type: ignore[misc]
            assert recorder.numbers == list(range(210))[: len(recorder.numbers)]
            assert [context.recovered for context in recorder.subscribed] == [False, True, True]
            assert recorder.unsubscribed == []


async def test_the_sdk_goes_on_after_redis_was_killed(
    tmp_path: Path, redis_server: RedisServer, protobuf: bool
) -> None:
    with Windsock(tmp_path, redis_url=redis_server.url) as windsock:
        async with connected(windsock.ws, protobuf=protobuf) as client:
            recorder = await subscribe(client, "readings")
            post(windsock, *numbered("k", 0, 4))
            redis_server.kill()
            await asyncio.to_thread(redis_server.start)
            await asyncio.to_thread(wait_until, lambda: _accepted(windsock, 5), "no reading is accepted")
            await until(lambda: len(recorder.publications) >= 6, "a publication does not arrive")
            assert recorder.numbers[:6] == [0, 1, 2, 3, 4, 5]


def _accepted(windsock: Windsock, number: int) -> bool:
    reading = {"device": "k", "id": str(number), "values": {"n": number}}
    return httpx.post(f"{windsock.url}/v1/readings", json=reading, trust_env=False).status_code == 202


async def test_what_one_publishes_to_a_feed_all_get(windsock: Windsock, protobuf: bool) -> None:
    async with connected(windsock.ws, protobuf=protobuf) as one, connected(windsock.ws, protobuf=protobuf) as other:
        feed = f"feed:room-{protobuf}"
        recorders = [await subscribe(client, feed) for client in (one, other)]
        await one.publish(feed, packed({"text": "hi"}, protobuf=protobuf))
        await until(lambda: all(recorder.publications for recorder in recorders), "it does not arrive")
        assert [recorder.publications for recorder in recorders] == [[{"text": "hi"}]] * 2
        with pytest.raises(CentrifugeError, match="permission denied"):
            await one.publish("device:x", packed(1, protobuf=protobuf))


async def test_a_filtered_subscriber_gets_what_it_asked_for_and_resumes_exactly(
    tmp_path: Path, redis_server: RedisServer, protobuf: bool
) -> None:
    url = redis_server.url
    with (
        Windsock(tmp_path, "ingest", redis_url=url) as ingest,
        Windsock(tmp_path, "gateway", redis_url=url) as gateway,
    ):
        async with connected(gateway.ws, protobuf=protobuf) as client:
            recorder = Recorder()
            warm = Filter.all(Filter.starts_with("device", "hall-"), Filter.gte("n", "10"))
            await client.new_subscription("readings", events=recorder, tags_filter=warm).subscribe()
            await until(lambda: bool(recorder.subscribed), "not subscribed")

            def post_some() -> None:
                post(
                    ingest, *(one for n in range(8, 13) for name in ("hall-1", "roof") for one in numbered(name, n, n))
                )

            post_some()
            await until(lambda: len(recorder.publications) == 3, "a publication does not arrive")
            gateway.stop(signal.SIGKILL)
            post_some()
            await asyncio.to_thread(gateway.start)
            await until(lambda: len(recorder.publications) == 6, "it does not resume")
            post_some()
            await until(lambda: len(recorder.publications) == 9, "it does not go on")
            assert recorder.numbers == [10, 11, 12] * 3
            assert recorder.offsets == sorted(set(recorder.offsets))
            assert [context.recovered for context in recorder.subscribed] == [False, True]


async def test_history_forward_backward_and_its_position(windsock: Windsock, protobuf: bool) -> None:
    device = f"h-{protobuf}"
    post(windsock, *numbered(device, 0, 9))
    async with connected(windsock.ws, protobuf=protobuf) as client:
        subscription = client.new_subscription(f"device:{device}")
        await subscription.subscribe()
        everything = await subscription.history(limit=-1)
        assert [unpacked(pub.data)["values"]["n"] for pub in everything.publications] == list(range(10))
        newest = await subscription.history(limit=3, reverse=True)
        assert [pub.offset for pub in newest.publications] == [10, 9, 8]
        assert (await subscription.history(limit=0)).offset == 10


async def test_procedures(windsock: Windsock, protobuf: bool) -> None:
    post(windsock, {"device": "p-1", "values": {"t": 21.4}, "ts": 5}, {"device": "p-2", "values": {"t": 1}})
    async with connected(windsock.ws, protobuf=protobuf) as client:

        async def call(method: str, arguments: Any) -> Any:
            return unpacked((await client.rpc(method, packed(arguments, protobuf=protobuf))).data)

        latest = await call("latest", {"device": "p-1"})
        assert latest["latest"]["t"] == {"value": 21.4, "ts": 5}
        page = await call("devices", {"prefix": "p-", "limit": 1})
        assert [device["device"] for device in page["devices"]] == ["p-1"]
        assert page["next"] == "p-1"
        assert await call("status", None) == {"status": "live"}
        for method, arguments, reason in (
            ("dance", {}, "method not found"),
            ("latest", {"device": "nobody"}, "no reading"),
            ("latest", {"device": "a b"}, "is not a"),
            ("latest", {"name": "x"}, "name"),
            ("devices", {"limit": 0}, "limit"),
        ):
            with pytest.raises(CentrifugeError, match=reason):
                await call(method, arguments)


async def test_many_subscriptions_share_a_connection_up_to_the_limit(windsock: Windsock, protobuf: bool) -> None:
    async with connected(windsock.ws, protobuf=protobuf) as client:
        recorders = [await subscribe(client, f"device:m-{n}") for n in range(3)]
        refused = Recorder()
        await client.new_subscription("device:m-3", events=refused).subscribe()
        await until(lambda: refused.unsubscribed == [106], "the limit is not told")
        post(windsock, *(reading for n in range(3) for reading in numbered(f"m-{n}", n, n)))
        await until(lambda: all(recorder.publications for recorder in recorders), "it does not arrive")
        assert [recorder.numbers for recorder in recorders] == [[0], [1], [2]]


HELLO = '{"id":1,"connect":{}}'


def raw(windsock: Windsock) -> ClientConnection:
    return connect(f"{windsock.ws}/connection/websocket", proxy=None)


def lines(socket: ClientConnection, count: int) -> list[Any]:
    """The next messages, however they are joined in frames."""
    found: list[Any] = []
    while len(found) < count:
        found += [json.loads(line) for line in str(socket.recv(timeout=10)).split("\n")]
    return found


def closed(socket: ClientConnection) -> int:
    try:
        while True:
            socket.recv(timeout=10)
    except ConnectionClosed:
        return int(socket.close_code or 0)


def test_several_commands_in_one_frame_are_answered_in_order(windsock: Windsock) -> None:
    with raw(windsock) as socket:
        socket.send(
            f'{HELLO}\n{{"id":2,"subscribe":{{"channel":"device:f"}}}}\n{{"id":3,"history":{{"channel":"x:y"}}}}\n'
            '{"id":4,"unsubscribe":{"channel":"device:f"}}\n{"id":5,"presence":{"channel":"device:f"}}\n'
        )
        hello, *others = lines(socket, 5)
        assert hello["connect"]["pong"] is True
        assert hello["connect"]["ping"] == 25
        assert len(others[0]["subscribe"].pop("epoch")) == 8
        assert others == [
            {"id": 2, "subscribe": {"recoverable": True, "positioned": True}},
            {"id": 3, "error": {"code": 102, "message": "unknown channel"}},
            {"id": 4, "unsubscribe": {}},
            {"id": 5, "error": {"code": 108, "message": "not available"}},
        ]


def test_a_topic_has_its_epoch_before_its_first_publication(windsock: Windsock) -> None:
    with raw(windsock) as socket:
        socket.send(f'{HELLO}\n{{"id":2,"subscribe":{{"channel":"device:yet-to-come"}}}}')
        epoch = lines(socket, 2)[1]["subscribe"]["epoch"]
        # Nothing is known of the device yet.
        assert httpx.get(f"{windsock.url}/api/devices/yet-to-come", trust_env=False).status_code == 404
        httpx.post(f"{windsock.url}/v1/readings", json={"device": "yet-to-come", "values": {"n": 1}}, trust_env=False)
        (push,) = lines(socket, 1)
        assert (push["push"]["pub"]["epoch"], push["push"]["pub"]["offset"]) == (epoch, 1)
    found = httpx.get(f"{windsock.url}/api/devices/yet-to-come", trust_env=False).json()
    assert found["position"] == f"{epoch}.1"
    listed = httpx.get(f"{windsock.url}/api/devices?prefix=yet-", trust_env=False).json()
    assert [one["device"] for one in listed["devices"]] == ["yet-to-come"]


def test_a_topic_that_began_anew_before_its_first_publication_is_not_recovered(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, redis_url=redis_server.url) as windsock, Redis.from_url(redis_server.url) as redis:
        with raw(windsock) as socket:
            socket.send(f'{HELLO}\n{{"id":2,"subscribe":{{"channel":"device:new"}}}}')
            epoch = lines(socket, 2)[1]["subscribe"]["epoch"]
        redis.flushall()
        readings = [{"device": "new", "values": {"n": n}} for n in range(3)]
        httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False)
        with raw(windsock) as socket:
            again = {"channel": "device:new", "recover": True, "epoch": epoch, "offset": 0}
            socket.send(f"{HELLO}\n" + json.dumps({"id": 2, "subscribe": again}))
            result = lines(socket, 2)[1]["subscribe"]
        assert (result.get("recovered"), result["was_recovering"], result["offset"]) == (None, True, 3)


def test_a_metric_is_filtered_by_the_tags_of_its_readings(windsock: Windsock) -> None:
    with raw(windsock) as socket:
        wanted = {"key": "room", "cmp": "eq", "val": "kitchen"}
        socket.send(f"{HELLO}\n" + json.dumps({"id": 2, "subscribe": {"channel": "metric:tagged", "tf": wanted}}))
        lines(socket, 2)
        readings = [
            {"device": "a", "values": {"tagged": 1}, "tags": {"room": "attic"}},
            {"device": "b", "values": {"tagged": 2}, "tags": {"room": "kitchen"}},
            {"device": "c", "values": {"tagged": 3}},
            {"device": "d", "values": {"tagged": 4}, "tags": {"room": "kitchen"}},
        ]
        httpx.post(f"{windsock.url}/v1/readings", json=readings, trust_env=False)
        assert [one["push"]["pub"]["data"]["tagged"] for one in lines(socket, 2)] == [2, 4]


def test_recovery_from_a_position_in_the_reply_and_then_as_pushes(windsock: Windsock) -> None:
    epoch = post(windsock, *numbered("rec", 0, 29))[0].split(".")[0]
    with raw(windsock) as socket:
        request = {"channel": "device:rec", "recover": True, "epoch": epoch, "offset": 5}
        socket.send(f"{HELLO}\n{json.dumps({'id': 2, 'subscribe': request})}")
        _, answer, *pushes = lines(socket, 2 + 15)
        result = answer["subscribe"]
        assert (result["recovered"], result["was_recovering"], result["offset"]) == (True, True, 5)
        offsets = [publication["offset"] for publication in result["publications"]]
        assert offsets == list(range(6, 6 + len(offsets)))
        offsets += [push["push"]["pub"]["offset"] for push in pushes]
        assert offsets == list(range(6, 31))


@pytest.mark.parametrize(
    ("position", "recovered"),
    [
        ({"epoch": "", "offset": 3}, True),
        ({"offset": 0}, True),
        ({"epoch": "wrongone", "offset": 3}, False),
        ({"epoch": "", "offset": 99}, False),
    ],
)
def test_a_position_that_is_not_the_topics_is_not_recovered(
    windsock: Windsock, position: dict[str, Any], recovered: bool
) -> None:
    device = f"not-{position.get('epoch', 'no')}-{position['offset']}"
    post(windsock, *numbered(device, 0, 4))
    request = {"channel": f"device:{device}", "recover": True} | position
    with raw(windsock) as socket:
        socket.send(f"{HELLO}\n{json.dumps({'id': 2, 'subscribe': request})}")
        result = lines(socket, 2)[1]["subscribe"]
        assert result.get("recovered", False) == recovered
        assert result.get("offset", 0) == (position["offset"] if recovered else 5)
        assert result["was_recovering"] is True
        post(windsock, *numbered(device, 5, 5))
        assert lines(socket, 1)[0]["push"]["pub"]["offset"] == 6
    with raw(windsock) as socket:
        socket.send(f"{HELLO}\n{json.dumps({'id': 2, 'subscribe': request | {'flag': 2}})}")
        answer = lines(socket, 2)[1]
        assert ("subscribe" in answer) == recovered
        assert recovered or answer["error"]["code"] == 112


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([""], 3501),
        (["nonsense"], 3501),
        (['{"id":1,"subscribe":{"channel":"readings"}}'], 3501),
        ([HELLO, HELLO], 3501),
        ([HELLO, "{}"], 3501),
        ([HELLO, '{"id":2,"nothing":{}}'], 3501),
        ([HELLO, b"\xff\xfe"], 3501),
        ([HELLO, '{"send":{"data":{}}}'], 3508),
        (['{"id":1,"connect":{"token":"x.y.z"}}'], 3500),
        ([HELLO, "x" * 70_000], 1009),
        ([], 3502),
    ],
)
def test_a_client_that_breaks_the_protocol_is_closed_with_its_code(
    windsock: Windsock, frames: list[str | bytes], code: int
) -> None:
    with raw(windsock) as socket:
        for frame in frames:
            socket.send(frame)
        assert closed(socket) == code
    assert "Traceback" not in windsock.log


def hears(windsock: Windsock) -> bool:
    return "no pub/sub connection" not in httpx.get(f"{windsock.url}/readyz", trust_env=False).text


def test_while_redis_is_not_heard_a_client_is_told_so_at_once_and_subscribes_later(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    quick = {"canary_s": "0.2", "canary_timeout_s": "1"}
    status = '{"id":3,"rpc":{"method":"status"}}'
    with Windsock(tmp_path, redis_url=redis_server.url, **quick) as windsock:
        with raw(windsock) as socket:
            socket.send(HELLO)
            assert "data" not in lines(socket, 1)[0]["connect"]
            redis_server.send(signal.SIGSTOP)
            wait_until(lambda: not hears(windsock), "it does not notice that Redis is not heard")
            socket.send(status)
            assert lines(socket, 1)[0]["rpc"]["data"] == {"status": "stale"}
        with raw(windsock) as socket:
            socket.send(f'{HELLO}\n{{"id":2,"subscribe":{{"channel":"device:a"}}}}\n{status}')
            hello, refused, told_again = lines(socket, 3)
            assert hello["connect"]["data"] == {"status": "stale"}
            assert (refused["error"]["code"], refused["error"]["temporary"]) == (100, True)
            assert told_again["rpc"]["data"] == {"status": "stale"}
            redis_server.send(signal.SIGCONT)
            wait_until(lambda: hears(windsock), "it does not notice that Redis is heard again")
            socket.send('{"id":4,"subscribe":{"channel":"device:a"}}')
            assert "subscribe" in lines(socket, 1)[0]


def test_a_client_that_does_not_answer_pings_is_closed(tmp_path: Path) -> None:
    with Windsock(tmp_path, ping_s="1", pong_s="0.5") as windsock, raw(windsock) as lazy, raw(windsock) as good:
        lazy.send(HELLO)
        good.send(HELLO)
        lines(good, 1)
        for _ in range(3):
            assert lines(good, 1) == [{}]
            good.send("{}")
        assert closed(lazy) == 3012


def test_history_that_is_gone_ends_the_subscription_with_2500(tmp_path: Path, redis_server: RedisServer) -> None:
    with Windsock(tmp_path, redis_url=redis_server.url) as windsock, raw(windsock) as socket:
        post(windsock, *numbered("gone", 0, 2))
        socket.send(f'{HELLO}\n{{"id":2,"subscribe":{{"channel":"device:gone"}}}}')
        assert lines(socket, 2)[1]["subscribe"]["offset"] == 3
        with connect(windsock.ws + "/ws/device/gone/", proxy=None):
            with Redis.from_url(redis_server.url) as client:
                client.flushall()
            post(windsock, *numbered("gone", 3, 3))
            push = lines(socket, 1)[0]["push"]
        assert push == {"channel": "device:gone", "unsubscribe": {"code": 2500, "reason": "insufficient state"}}
        socket.send('{"id":3,"subscribe":{"channel":"device:gone","recover":true,"epoch":"x","offset":3}}')
        result = lines(socket, 1)[0]["subscribe"]
        assert (result.get("recovered", False), result["offset"]) == (False, 1)
