"""`/ws/ingest` as a device sees it: on the whole system, on ingest alone, and while things are killed."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus, WebSocketException
from websockets.sync.client import connect as connect_sync
from websockets.typing import Origin, Subprotocol

from tests.history import numbers, readings
from tests.processes import Windsock
from tests.raw_socket import TEXT, frame, message, upgraded
from tests.redis_server import RedisServer
from tests.sdk import connected
from tests.waiting import until, wait_until

PATH = "/ws/ingest"
DOCS = Path(__file__).parents[2] / "docs" / "devices.md"


@pytest.fixture(scope="module", params=["up", "ingest"])
def windsock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windsock]:
    folder = tmp_path_factory.mktemp("device-sockets")
    redis = RedisServer(folder)
    redis.start()
    try:
        with Windsock(folder, request.param, redis_url=redis.url, device_socket_messages="8") as running:
            yield running
            assert "Traceback" not in running.log
    finally:
        redis.kill()


@asynccontextmanager
async def device(windsock: Windsock, query: str = "", **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(windsock.ws + PATH + query, proxy=None, **options) as socket:
        yield socket


async def take(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), 20))


def reading(device: str, n: int, **more: Any) -> dict[str, Any]:
    return {"device": device, "values": {"n": n}, **more}


def metric(windsock: Windsock, name: str) -> float:
    return windsock.metrics().get(name, 0)


async def test_readings_are_acknowledged_in_the_order_sent(windsock: Windsock) -> None:
    async with device(windsock) as socket:
        for n in range(300):
            await socket.send(json.dumps(reading("order", n)))
        answers = [await take(socket) for _ in range(300)]
    assert [one["ack"] for one in answers] == list(range(1, 301))
    epoch = answers[0]["positions"][0].split(".")[0]
    assert [one["positions"] for one in answers] == [[f"{epoch}.{n}"] for n in range(1, 301)]
    assert {(one["accepted"], one["duplicates"]) for one in answers} == {(1, 0)}


async def test_an_array_is_stored_whole_or_not_at_all(windsock: Windsock) -> None:
    async with device(windsock) as socket:
        await socket.send(json.dumps([reading("array", 1, id="a"), reading("array", 2)]))
        assert (await take(socket))["accepted"] == 2
        await socket.send(json.dumps([reading("array", 3), {"device": "array", "values": {}}]))
        refused = await take(socket)
        assert refused["message"] == 2
        assert (refused["error"]["code"], refused["error"]["index"]) == ("invalid_reading", 1)
        assert (refused["error"]["field"], refused["error"]["retryable"]) == ("values", False)
        await socket.send(json.dumps([reading("array", 1, id="a"), reading("array", 4)]))
        answer = await take(socket)
        assert (answer["ack"], answer["accepted"], answer["duplicates"]) == (3, 2, 1)
        assert [one.split(".")[1] for one in answer["positions"]] == ["1", "3"]


async def test_wrong_readings_are_left_out_for_who_wants_that(windsock: Windsock) -> None:
    async with device(windsock, "?on_error=skip") as socket:
        await socket.send(json.dumps([{"device": "skip"}, reading("skip", 1)]))
        answer = await take(socket)
        assert answer["accepted"] == 1
        assert answer["positions"][0] is None
        assert answer["rejected"][0]["field"] == "values"


@pytest.mark.parametrize("query", ["", "?on_error=skip"])
async def test_all_that_is_wrong_with_a_message_is_told(windsock: Windsock, query: str) -> None:
    async with device(windsock, query) as socket:
        await socket.send(json.dumps([{"device": "wrong"}, {"device": "wrong", "values": {}}]))
        error = (await take(socket))["error"]
        assert [(one["index"], one["field"]) for one in error["errors"]] == [(0, "values"), (1, "values")]
        await socket.send(json.dumps([{"device": "wrong"}] * 23))
        error = (await take(socket))["error"]
        assert (len(error["errors"]), error["errors_omitted"]) == (20, 3)


async def test_garbage_gets_an_error_and_the_socket_stays_open(windsock: Windsock) -> None:
    garbage: list[str | bytes] = ["", "nope", "{", "[]", "7", "null", b"\xff", "[" * 900]
    garbage += ['{"command":"x"}', '{"command":"x","status":"done"}']
    async with device(windsock) as socket:
        for n, text in enumerate(garbage, 1):
            await socket.send(text)
            refused = await take(socket)
            assert refused["message"] == n, text
            assert refused["error"]["code"] in ("malformed", "invalid_reading", "invalid_answer", "bad_request"), text
        await socket.send(json.dumps(reading("garbage", 1)))
        assert (await take(socket))["ack"] == len(garbage) + 1


async def test_a_message_that_is_too_large_closes_with_1009(windsock: Windsock) -> None:
    async with device(windsock) as socket:
        await socket.send(json.dumps(reading("large", 1, tags={"x": "y" * 70_000})))
        with pytest.raises(ConnectionClosedError, match="1009"):
            await take(socket)


async def test_how_a_device_left_is_counted(windsock: Windsock) -> None:
    name = 'windsock_device_sockets_closed_total{code="1000"}'
    before = windsock.metrics().get(name, 0.0)
    async with device(windsock):
        pass
    await until(lambda: windsock.metrics().get(name) == before + 1, "it is not counted")


@pytest.mark.parametrize(
    ("query", "field"), [("?device=a%20b", "device"), ("?device=", "device"), ("?on_error=ignore", "on_error")]
)
async def test_a_query_that_is_wrong_is_refused_before_the_handshake(
    windsock: Windsock, query: str, field: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with device(windsock, query):
            pass
    assert refused.value.response.status_code == 400
    assert json.loads(bytes(refused.value.response.body or b""))["field"] == field


async def test_pages_of_other_sites_are_refused(windsock: Windsock) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        async with device(windsock, origin=Origin("https://evil.example")):
            pass
    async with device(windsock, origin=Origin(windsock.url)) as socket:
        await socket.send(json.dumps(reading("page", 1)))
        assert (await take(socket))["ack"] == 1


async def test_a_browser_may_bring_a_key_as_a_subprotocol(windsock: Windsock) -> None:
    offered = [Subprotocol("windsock"), Subprotocol("bearer.abc")]
    async with device(windsock, subprotocols=offered) as socket:
        assert socket.subprotocol == "windsock"


def test_above_the_bound_in_flight_the_socket_is_not_read(windsock: Windsock) -> None:
    # A device that never reads its answers: what it can send is bounded by its own and the network's buffers.
    raw = upgraded(windsock.url, PATH)
    raw.settimeout(1)
    payload = json.dumps(reading("deaf", 1)).encode()
    many = frame(TEXT, payload) * 500_000
    with pytest.raises(TimeoutError):
        raw.sendall(many)
    raw.settimeout(30)
    # All that was read is answered in order, once it reads.
    assert [json.loads(message(raw))["ack"] for _ in range(1_000)] == list(range(1, 1_001))
    raw.close()
    wait_until(lambda: metric(windsock, "windsock_device_sockets") == 0, "the socket is not let go")


async def command(windsock: Windsock, gateway: Windsock, name: str, **more: Any) -> Any:
    async with connected(gateway.ws) as client:
        result = await client.rpc("command", {"device": name, "name": "open", "timeout": 20} | more, timeout=40)
        return result.data


@pytest.mark.usefixtures("forgiving_the_sdk")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_commands_come_and_are_answered_between_readings(tmp_path: Path, redis_server: RedisServer) -> None:
    url = redis_server.url
    with Windsock(tmp_path, "ingest", redis_url=url) as ingest, Windsock(tmp_path, "gateway", redis_url=url) as gateway:
        async with device(ingest, "?device=valve") as socket:
            call = asyncio.create_task(command(ingest, gateway, "valve", args={"percent": 40}))
            await socket.send(json.dumps(reading("valve", 1)))
            got = [await take(socket), await take(socket)]
            (sent,) = (one["command"] for one in got if "command" in one)
            assert {key: one[key] for one in got for key in ("ack",) if key in one} == {"ack": 1}
            assert sent.keys() == {"id", "name", "args", "ts", "expires"}
            assert sent["args"] == {"percent": 40}
            await socket.send(json.dumps({"command": sent["id"], "status": "acknowledged"}))
            assert await take(socket) == {"ack": 2, "command": sent["id"], "status": "acknowledged"}
            await socket.send(json.dumps(reading("valve", 2)))
            assert (await take(socket))["ack"] == 3
            await socket.send(json.dumps({"command": sent["id"], "status": "done", "answer": {"open": 40}}))
            assert (await take(socket))["ack"] == 4
            assert (await call)["answer"] == {"open": 40}
            await socket.send(json.dumps({"command": sent["id"], "status": "failed", "error": "late"}))
            assert (await take(socket))["error"]["code"] == "conflict"
            await socket.send(json.dumps({"command": "x", "status": "done"}))
            assert (await take(socket))["error"]["code"] == "not_found"
        assert "Traceback" not in ingest.log


@pytest.mark.usefixtures("forgiving_the_sdk")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_command_that_was_not_acknowledged_comes_again_on_the_next_socket(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    url = redis_server.url
    with Windsock(tmp_path, "ingest", redis_url=url) as ingest, Windsock(tmp_path, "gateway", redis_url=url) as gateway:
        async with device(ingest, "?device=lamp") as socket:
            call = asyncio.create_task(command(ingest, gateway, "lamp"))
            first = (await take(socket))["command"]
        async with device(ingest, "?device=lamp") as socket:
            assert (await take(socket))["command"] == first
            await socket.send(json.dumps({"command": first["id"], "status": "done"}))
            assert (await call)["answer"] is None


@pytest.mark.usefixtures("forgiving_the_sdk")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_device_of_the_documentation_works(tmp_path: Path, redis_server: RedisServer) -> None:
    (text,) = [block for block in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if PATH in block]
    url = redis_server.url
    with Windsock(tmp_path, "ingest", redis_url=url) as ingest, Windsock(tmp_path, "gateway", redis_url=url) as gateway:
        text = text.replace("ws://127.0.0.1:8080", ingest.ws).replace(
            "socket.recv(timeout=", "socket.recv(timeout=0.01 * "
        )
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", text)
        try:
            for _ in range(2):
                answer = await command(ingest, gateway, "greenhouse-7", args={"percent": 40})
                assert answer["answer"] == {"open": 40}
                await until(lambda: bool(readings(gateway, "greenhouse-7")), "no reading is stored")
                await asyncio.to_thread(ingest.stop, signal.SIGTERM)
                await asyncio.to_thread(ingest.start)
        finally:
            process.kill()
            await process.wait()
        stored = readings(gateway, "greenhouse-7")
        assert len({one["id"] for one in stored}) == len(stored)


async def test_sockets_are_bounded_and_waiting_for_commands_too(tmp_path: Path, redis_server: RedisServer) -> None:
    with Windsock(tmp_path, "ingest", redis_url=redis_server.url, device_sockets="2", command_waiters="1") as ingest:
        async with device(ingest, "?device=a"):
            with pytest.raises(InvalidStatus, match="503"):
                async with device(ingest, "?device=b"):
                    pass
            async with device(ingest):
                with pytest.raises(InvalidStatus) as refused:
                    async with device(ingest):
                        pass
                assert refused.value.response.status_code == 503
                assert refused.value.response.headers["retry-after"] == "5"
        await until(lambda: metric(ingest, "windsock_device_sockets") == 0, "the seats do not come back")
        assert metric(ingest, 'windsock_refused_total{code="overloaded",what="handshake"}') == 2


async def test_who_says_nothing_is_closed_unless_it_waits_for_commands(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, "ingest", redis_url=redis_server.url, device_socket_idle_s="1") as ingest:
        async with device(ingest, "?device=patient") as patient, device(ingest) as silent:
            with pytest.raises(ConnectionClosedError, match="3000"):
                await take(silent)
            await patient.send(json.dumps(reading("patient", 1)))
            assert (await take(patient))["ack"] == 1


async def test_while_redis_is_away_messages_are_refused_in_order_and_may_be_sent_again(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, "ingest", redis_url=redis_server.url, append_timeout_s="1") as ingest:
        async with device(ingest) as socket:
            await socket.send(json.dumps(reading("away", 0)))
            assert (await take(socket))["ack"] == 1
            redis_server.kill()
            for n in range(1, 11):
                await socket.send(json.dumps(reading("away", n)))
            refused = [await take(socket) for _ in range(10)]
            assert [one["message"] for one in refused] == list(range(2, 12))
            assert {(one["error"]["code"], one["error"]["retryable"]) for one in refused} == {("unavailable", True)}
            await asyncio.to_thread(redis_server.start)
            answer: dict[str, Any] = {}
            while "ack" not in answer:
                await socket.send(json.dumps(reading("away", 1)))
                answer = await take(socket)
            assert answer["positions"][0].endswith(".2")


async def answered_until_the_end(socket: ClientConnection) -> int:
    answers: list[int] = []

    async def read_on() -> None:
        while True:
            answers.append((await take(socket))["ack"])

    with pytest.raises(ConnectionClosedError, match="3001"):
        await read_on()
    assert answers == list(range(2, len(answers) + 2))
    return len(answers)


async def test_on_shutdown_what_was_read_is_answered_then_the_socket_closes_with_3001(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, "ingest", redis_url=redis_server.url) as ingest:
        async with device(ingest) as busy, device(ingest, "?device=quiet") as quiet:
            for n in range(50):
                await busy.send(json.dumps(reading("busy", n)))
            assert (await take(busy))["ack"] == 1
            stopped = asyncio.create_task(asyncio.to_thread(ingest.stop, signal.SIGTERM))
            answers = 1 + await answered_until_the_end(busy)
            with pytest.raises(ConnectionClosedError, match="3001"):
                await take(quiet)
            assert await stopped == 0
        ingest.start()
        # A message that was not answered was not read, and so not stored.
        async with device(ingest) as socket:
            await socket.send(json.dumps(reading("busy", 50)))
            assert (await take(socket))["positions"][0].endswith(f".{answers + 1}")


class Sender(threading.Thread):
    """Sends 0, 1, 2 … many at a time; what was not acknowledged again, over the next socket."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.acknowledged: list[int] = []
        self.connections = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            try:
                with connect_sync(self._url + PATH, proxy=None) as socket:
                    self.connections += 1
                    while not self.ended.is_set():
                        start = len(self.acknowledged)
                        for n in range(start, start + 20):
                            socket.send(json.dumps(reading("killed", n, id=f"k{n}")))
                        for n in range(start, start + 20):
                            answer = json.loads(socket.recv(timeout=20))
                            assert answer["accepted"] == 1, answer
                            self.acknowledged.append(n)
            except (OSError, WebSocketException, TimeoutError):
                self.ended.wait(0.02)


def test_every_acknowledged_reading_is_stored_once_when_ingest_is_killed(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    url = redis_server.url
    with Windsock(tmp_path, "ingest", redis_url=url) as ingest, Windsock(tmp_path, "gateway", redis_url=url) as gateway:
        sender = Sender(ingest.ws)
        sender.start()
        for _ in range(3):
            goal = len(sender.acknowledged) + 200
            wait_until(lambda least=goal: len(sender.acknowledged) >= least, "nothing is acknowledged")  # type: ignore[misc]
            ingest.stop(signal.SIGKILL)
            ingest.start()
        goal = len(sender.acknowledged) + 100
        wait_until(lambda: len(sender.acknowledged) >= goal, "nothing is acknowledged any more")
        sender.ended.set()
        sender.join(30)
        assert sender.connections >= 4
        stored = numbers(gateway, "killed")
        assert stored[: len(sender.acknowledged)] == list(range(len(sender.acknowledged)))
        assert len(stored) == len(set(stored))
