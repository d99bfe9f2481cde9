"""Clients that break the protocol, or do not read: each costs itself alone, and the log has no traceback."""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from websockets.asyncio.client import ClientConnection as AsyncConnection
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from gateway.clients.centrifuge import protocol_pb2 as pb
from tests import raw_socket
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.waiting import until, wait_until

FRAMES_EACH = 50
ROUNDS = 100
"""Times two encodings: 10,000 frames."""
OTHERS = 200
ROUNDS_EACH = 20
LOUD = json.dumps("x" * 50_000)
DOCUMENTED = {1007, 1009, 3000, 3013, 3500, 3501, 3505, 3507, 3508}

CHANNEL = st.sampled_from(["device:a", "readings", "feed:x", "metric:t", "command:a", "nowhere:x", "", "é", "x" * 300])
LEAF = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20)
INNER = st.deferred(lambda: st.lists(ANYTHING, max_size=4) | st.dictionaries(st.text(max_size=8), ANYTHING, max_size=4))
ANYTHING: st.SearchStrategy[Any] = LEAF | INNER
METHODS = [
    "connect",
    "subscribe",
    "unsubscribe",
    "publish",
    "presence",
    "presence_stats",
    "history",
    "ping",
    "send",
    "rpc",
    "refresh",
    "sub_refresh",
]
REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "channel": CHANNEL | ANYTHING,
        "data": ANYTHING,
        "limit": st.integers(-3, 3),
        "recover": st.booleans() | LEAF,
        "offset": st.integers(-1, 5),
        "epoch": st.text(max_size=9),
        "tf": ANYTHING,
        "method": st.sampled_from(["latest", "devices", "nothing"]) | LEAF,
        "token": st.text(max_size=9),
        "since": ANYTHING,
    },
)
COMMAND = st.builds(
    lambda number, method, request: {"id": number, method: request},
    st.integers(0, 9),
    st.sampled_from(METHODS),
    REQUEST | ANYTHING,
)
LAST = 4_000_000_000


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


JSON_FRAME = (
    st.lists(COMMAND, min_size=1, max_size=3).map(lambda commands: b"\n".join(map(_json, commands)))
    | ANYTHING.map(_json)
    | st.binary(max_size=60)
)
PROTOBUF_FRAME = st.binary(max_size=60) | st.builds(
    lambda number, channel, data: _delimited(
        pb.Command(id=number, subscribe=pb.SubscribeRequest(channel=channel, data=data))
    ),
    st.integers(0, 9),
    st.text(max_size=20),
    st.binary(max_size=20),
)


def _delimited(command: pb.Command) -> bytes:
    message = command.SerializeToString()
    return bytes((len(message),)) + message if len(message) < 128 else message


@pytest.fixture(scope="module")
def windsock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    with Windsock(tmp_path_factory.mktemp("hostile"), client_messages_per_s="100000") as running:
        yield running


def outcome(windsock: Windsock, query: str, hello: bytes, frames: list[bytes], last: bytes, reply: bytes) -> int | None:
    """The code with which the server closes upon these frames; None if it bears them all, and answers the last."""
    with connect(f"{windsock.ws}/connection/websocket{query}", proxy=None) as socket, suppress(ConnectionClosed):
        socket.send(hello, text=not query)
        socket.recv(timeout=10)
        for frame in [*frames, last]:
            socket.send(frame, text=not query)
        while reply not in socket.recv(timeout=10, decode=False):
            pass
    return socket.close_code if socket.close_code != 1000 else None


@settings(max_examples=ROUNDS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON_FRAME, min_size=FRAMES_EACH, max_size=FRAMES_EACH))
def test_random_json_frames_get_a_documented_code_or_an_answer(windsock: Windsock, frames: list[bytes]) -> None:
    last = b'{"id":%d,"unsubscribe":{"channel":"x"}}' % LAST
    assert outcome(windsock, "", b'{"id":1,"connect":{}}', frames, last, b'"id":%d' % LAST) in DOCUMENTED | {None}


@settings(max_examples=ROUNDS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PROTOBUF_FRAME, min_size=FRAMES_EACH, max_size=FRAMES_EACH))
def test_random_protobuf_frames_get_a_documented_code_or_an_answer(windsock: Windsock, frames: list[bytes]) -> None:
    hello = _delimited(pb.Command(id=1, connect=pb.ConnectRequest()))
    last = pb.Command(id=LAST)
    last.unsubscribe.channel = "x"
    reply = pb.Reply(id=LAST).SerializeToString()
    assert outcome(windsock, "?format=protobuf", hello, frames, _delimited(last), reply) in DOCUMENTED | {None}


def test_after_all_of_them_the_log_has_no_traceback_and_nobody_is_left(windsock: Windsock) -> None:
    assert "Traceback" not in windsock.log
    wait_until(lambda: windsock.metrics()["windsock_connections"] == 0, "a seat is still taken")
    assert windsock.metrics()["windsock_topics"] == 0


def test_a_handshake_that_is_none_is_answered(windsock: Windsock) -> None:
    with raw_socket.handshaking(windsock.url, "/ws/echo/?x=" + "x" * 9_000) as raw:
        answer = b""
        while part := raw.recv(1_000):
            answer += part
        assert b" 400 " in answer.split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n", b" 400 "),
        ("Sec-WebSocket-Version: 13\r\n", b" 400 "),
        (raw_socket.KEY + 'Sec-WebSocket-Protocol: , "x y\r\n', b" 400 "),
    ],
)
def test_a_handshake_that_is_refused_leaves_no_traceback(windsock: Windsock, headers: str, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(windsock.url).port), 10) as raw:
        raw.sendall(f"GET /ws/echo/ HTTP/1.1\r\nHost: x\r\n{raw_socket.UPGRADE}{headers}\r\n".encode())
        answer = b""
        while part := raw.recv(1_000):
            answer += part
    assert status in answer.split(b"\r\n")[0]
    assert "Traceback" not in windsock.log


def test_an_event_stream_without_a_body_is_refused(windsock: Windsock) -> None:
    assert httpx.head(f"{windsock.url}/sse?topic=readings", trust_env=False).status_code == 405


async def test_a_client_that_never_reads_is_closed_while_two_hundred_others_wait_for_nothing(tmp_path: Path) -> None:
    with Windsock(tmp_path, outbox_bytes="65536") as windsock:
        numbers: list[list[int]] = [[] for _ in range(OTHERS)]
        delays_s: list[float] = []

        async def read(socket: AsyncConnection, into: list[int]) -> None:
            async for message in socket:
                reading = json.loads(message)
                into.append(reading["values"]["n"])
                delays_s.append(time.time() - reading["ts"] / 1000)

        async def ignore(socket: AsyncConnection) -> None:
            async for _ in socket:
                pass

        async def post(first: int) -> float:
            """Much to the feed, a little for the others; the median delay of what they get."""
            delays_s.clear()
            async with httpx.AsyncClient(base_url=windsock.url, trust_env=False) as http:
                for n in range(first, first + ROUNDS_EACH):
                    for _ in range(10):
                        await feed.send(LOUD)
                    quiet = {"device": "quiet", "ts": round(time.time() * 1000), "values": {"n": n}}
                    (await http.post("/v1/readings", json=quiet)).raise_for_status()
                    await until(lambda n=n: all(one[-1:] == [n] for one in numbers), "it does not arrive")  # type: ignore[misc]
            return statistics.median(delays_s)

        async with AsyncExitStack() as stack:
            readers = await stack.enter_async_context(asyncio.TaskGroup())
            feed = await stack.enter_async_context(connect_async(f"{windsock.ws}/ws/feed/loud", proxy=None))
            readers.create_task(ignore(feed))
            for into in numbers:
                socket = await stack.enter_async_context(connect_async(f"{windsock.ws}/ws/device/quiet", proxy=None))
                readers.create_task(read(socket, into))
            without = await post(0)
            with raw_socket.upgraded(windsock.url, "/ws/feed/loud"):
                beside = await post(ROUNDS_EACH)
                ended = 'windsock_sockets_closed_total{code="3008"}'
                await until(lambda: windsock.metrics().get(ended) == 1, "the client that never reads is not closed")
        assert numbers == [list(range(2 * ROUNDS_EACH))] * OTHERS
        # Not how fast, which depends on the machine, but that there is no waiting for anybody.
        assert beside < 3 * without + 0.1


def test_a_server_side_subscription_that_lost_its_topic_closes_with_3010(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with (
        Windsock(tmp_path, redis_url=redis_server.url) as windsock,
        connect(f"{windsock.ws}/connection/websocket", proxy=None) as socket,
        Redis.from_url(redis_server.url) as redis,
    ):
        post = {"device": "a", "values": {"n": 1}}
        httpx.post(f"{windsock.url}/v1/readings", json=[post] * 5, trust_env=False).raise_for_status()
        socket.send('{"id":1,"connect":{"subs":{"device:a":{}}}}')
        assert json.loads(socket.recv(timeout=10))["connect"]["subs"]["device:a"]["offset"] == 5
        redis.flushall()
        httpx.post(f"{windsock.url}/v1/readings", json=[post] * 2, trust_env=False).raise_for_status()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 3010
