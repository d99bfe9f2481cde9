"""Commands from SDKs to devices that speak HTTP: separate ingest and gateways over one Redis."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from centrifuge import CentrifugeError, Client
from websockets.asyncio.client import connect

from tests.documented import blocks
from tests.processes import Windsock
from tests.redis_server import RedisServer
from tests.sdk import connected, packed, unpacked
from tests.waiting import until, until_found

pytestmark = [
    pytest.mark.usefixtures("forgiving_the_sdk"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HELLO = '{"id":1,"connect":{}}'
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(params=["JSON", "Protobuf"])
def protobuf(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "Protobuf")


@dataclass
class System:
    ingest: Windsock
    gateways: list[Windsock]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("commands")
    server = RedisServer(folder)
    server.start()
    try:
        gateway: dict[str, str] = {"redis_url": server.url, "commands_per_device": "3"}
        with (
            Windsock(folder, "ingest", redis_url=server.url, command_answer_bytes="4096") as ingest,
            Windsock(folder, "gateway", **gateway) as one,
            Windsock(folder, "gateway", **gateway) as other,
        ):
            yield System(ingest, [one, other])
    finally:
        server.kill()


class Device:
    """Speaks HTTP to ingest."""

    def __init__(self, http: httpx.AsyncClient, name: str) -> None:
        self._http = http
        self._path = f"/v1/devices/{name}/commands"

    async def fetch(self, wait: float | str = 20) -> list[dict[str, Any]]:
        answer = await self._http.get(self._path, params={"wait": wait})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["commands"])

    async def say(self, command: str, status: str, **more: Any) -> int:
        answer = await self._http.post(f"{self._path}/{command}", json={"status": status, **more})
        return answer.status_code

    async def serve(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        while True:
            for command in await self.fetch():
                assert await self.say(command["id"], **answer(command)) == 200


@asynccontextmanager
async def device(ingest: Windsock, name: str) -> AsyncIterator[Device]:
    # One client each, as devices are; without a store of certificates it is made at once.
    async with httpx.AsyncClient(base_url=ingest.url, timeout=60, trust_env=False, verify=False) as http:
        yield Device(http, name)


@asynccontextmanager
async def serving(
    ingest: Windsock, name: str, answer: Callable[[dict[str, Any]], dict[str, Any]]
) -> AsyncIterator[None]:
    async with device(ingest, name) as one:
        task = asyncio.create_task(one.serve(answer))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def echo(command: dict[str, Any]) -> dict[str, Any]:
    return {"status": "done", "answer": {"name": command["name"], "args": command["args"]}}


async def order(client: Client, device: str, /, *, protobuf: bool = False, **arguments: Any) -> Any:
    asked = {"device": device, "name": "open"} | arguments
    result = await client.rpc("command", packed(asked, protobuf=protobuf), timeout=90)
    return unpacked(result.data)


async def refused(client: Client, device: str, /, **arguments: Any) -> tuple[int, str]:
    with pytest.raises(CentrifugeError) as error:
        await order(client, device, **arguments)
    return error.value.code, error.value.message


def waiting(ingest: Windsock) -> int:
    return int(ingest.metrics()["windsock_devices_waiting"])


async def until_waiting(ingest: Windsock, count: int) -> None:
    async def reached() -> bool:
        return await asyncio.to_thread(waiting, ingest) == count

    await until_found(reached, f"{count} devices do not wait")


async def test_a_device_carries_out_what_clients_of_any_gateway_ask(system: System, protobuf: bool) -> None:
    name = f"valve-{protobuf}"
    async with serving(system.ingest, name, echo):
        for gateway in system.gateways:
            async with connected(gateway.ws, protobuf=protobuf) as client:
                for args in (None, {"percent": 40}, [1, "ä\n"], "x", 1.5):
                    answer = await order(client, name, protobuf=protobuf, args=args)
                    assert answer["delivered"] is True
                    assert answer["answer"] == {"name": "open", "args": args}


async def test_a_device_that_waits_is_answered_at_once(system: System) -> None:
    async with device(system.ingest, "quick") as one, connected(system.gateways[0].ws) as client:
        fetch = asyncio.create_task(one.fetch(50))
        await until_waiting(system.ingest, 1)
        began = time.monotonic()
        call = asyncio.create_task(order(client, "quick", args={"a": 1}, timeout=20))
        (command,) = await fetch
        assert time.monotonic() - began < 5
        assert command.keys() == {"id", "name", "args", "ts", "expires"}
        assert command["expires"] == command["ts"] + 20_000
        assert await one.say(command["id"], "acknowledged") == 200
        assert await one.fetch(0) == []
        assert await one.say(command["id"], "done", answer=7) == 200
        assert (await call)["answer"] == 7


async def test_without_a_device_nothing_is_delivered_then_or_later(system: System) -> None:
    async with device(system.ingest, "asleep") as one, connected(system.gateways[0].ws) as client:
        code, message = await refused(client, "asleep", timeout=0.3)
        assert (code, message) == (504, "not delivered: the device did not acknowledge within 0.3 s")
        assert await one.fetch(0) == []


async def test_who_fetched_and_does_not_acknowledge_gets_it_again_until_it_has_expired(system: System) -> None:
    async with connected(system.gateways[0].ws) as client:
        call = asyncio.create_task(refused(client, "dies", timeout=3))
        async with device(system.ingest, "dies") as one:
            (first,) = await one.fetch()
        async with device(system.ingest, "dies") as again:
            (second,) = await again.fetch()
            assert second == first
            code, message = await call
            assert (code, message.split(":")[0]) == (504, "not delivered")
            assert await again.fetch(0) == []
            assert await again.say(first["id"], "acknowledged") == 404
            assert await again.say(first["id"], "done") == 404


async def test_what_is_acknowledged_and_not_answered_was_delivered(system: System) -> None:
    async with device(system.ingest, "mute") as one, connected(system.gateways[1].ws) as client:
        call = asyncio.create_task(refused(client, "mute", timeout=1))
        (command,) = await one.fetch()
        assert await one.say(command["id"], "acknowledged") == 200
        assert await one.say(command["id"], "acknowledged") == 200
        assert await call == (504, "delivered, but no answer within 1 s")
        assert await one.say(command["id"], "done", answer=1) == 404


async def test_a_device_that_fails_says_why(system: System) -> None:
    def fail(_command: dict[str, Any]) -> dict[str, Any]:
        return {"status": "failed", "error": "the valve is stuck"}

    async with serving(system.ingest, "stuck", fail), connected(system.gateways[0].ws) as client:
        assert await refused(client, "stuck") == (502, "the valve is stuck")


async def test_only_the_first_answer_counts(system: System) -> None:
    async with (
        device(system.ingest, "twice") as one,
        device(system.ingest, "other") as other,
        connected(system.gateways[0].ws) as client,
    ):
        call = asyncio.create_task(order(client, "twice", timeout=20))
        (command,) = await one.fetch()
        assert await other.say(command["id"], "done") == 404
        assert await one.say(command["id"], "done", answer={"n": 1}) == 200
        assert (await call)["answer"] == {"n": 1}
        assert await one.say(command["id"], "done", answer={"n": 1}) == 200
        assert await one.say(command["id"], "acknowledged") == 200
        assert await one.say(command["id"], "done", answer={"n": 2}) == 409
        assert await one.say(command["id"], "failed", error="no") == 409


async def test_commands_wait_in_order_and_no_more_than_the_bound(system: System) -> None:
    async with device(system.ingest, "busy") as one, connected(system.gateways[0].ws) as client:
        calls = []
        for n in range(3):
            calls.append(asyncio.create_task(order(client, "busy", args=n, timeout=20)))
            await until_found(partial(_has, one, n + 1), "it is not sent")
        code, message = await refused(client, "busy")
        assert code == 111
        assert "3 commands wait" in message
        commands = await one.fetch()
        assert [command["args"] for command in commands] == [0, 1, 2]
        for command in commands:
            assert await one.say(command["id"], "done", answer=command["args"]) == 200
        assert [answer["answer"] for answer in await asyncio.gather(*calls)] == [0, 1, 2]


async def _has(one: Device, count: int) -> bool:
    return len(await one.fetch(0)) == count


async def test_a_command_keeps_nothing_else_waiting_and_not_more_than_the_bound_run(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    with Windsock(tmp_path, "gateway", redis_url=redis_server.url, ping_s="1", pong_s="0.5") as gateway:
        await _nine_commands(gateway)


async def _nine_commands(gateway: Windsock) -> None:
    async with connect(f"{gateway.ws}/connection/websocket", proxy=None) as socket:
        calls = [
            {"id": 10 + n, "rpc": {"method": "command", "data": {"device": f"slow-{n}", "name": "x", "timeout": 3}}}
            for n in range(9)
        ]
        await socket.send("\n".join([HELLO, *map(json.dumps, calls), '{"id":30,"history":{"channel":"device:x"}}']))
        replies: list[Any] = []
        pings = 0
        while len(replies) < 11:
            for line in str(await asyncio.wait_for(socket.recv(), 10)).split("\n"):
                message = json.loads(line)
                if message:
                    replies.append(message)
                else:
                    pings += 1
                    await socket.send("{}")
        assert pings >= 1
        assert [reply["id"] for reply in replies[:3]] == [1, 18, 30]
        assert replies[1]["error"]["code"] == 106
        assert sorted(reply["id"] for reply in replies[3:]) == list(range(10, 18))
        assert {reply["error"]["code"] for reply in replies[3:]} == {504}


async def test_a_client_that_leaves_awaits_nothing_any_more(system: System) -> None:
    gateway = system.gateways[0]
    async with connected(gateway.ws) as client:
        call = asyncio.create_task(order(client, "left", timeout=60))
        await until(lambda: gateway.metrics()["windsock_commands_awaited"] == 1, "it is not sent")
    await until(lambda: gateway.metrics()["windsock_commands_awaited"] == 0, "it is awaited still")
    with pytest.raises(CentrifugeError):
        await call
    assert "Traceback" not in gateway.log


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"device": "a b"}, "device"),
        ({"device": ""}, "device"),
        ({"device": 7}, "device"),
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 61}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"timeout": None}, "timeout"),
        ({"wait": 1}, "wait"),
    ],
)
async def test_a_command_that_is_none_is_refused(system: System, arguments: Any, reason: str) -> None:
    data = {"device": "x", "name": "open"} | arguments
    async with connect(f"{system.gateways[0].ws}/connection/websocket", proxy=None) as socket:
        await socket.send(f"{HELLO}\n{json.dumps({'id': 2, 'rpc': {'method': 'command', 'data': data}})}")
        replies: list[Any] = []
        while len(replies) < 2:
            replies += [json.loads(line) for line in str(await socket.recv()).split("\n") if line != "{}"]
        assert replies[1]["error"]["code"] == 107
        assert reason in replies[1]["error"]["message"]


async def test_arguments_that_are_no_json_are_refused(system: System) -> None:
    async with connected(system.gateways[0].ws, protobuf=True) as client:
        for args in (b'"\\ud800"', b'"\xff"', b"[" * 2_000 + b"]" * 2_000):
            with pytest.raises(CentrifugeError) as error:
                await client.rpc("command", b'{"device":"x","name":"y","args":' + args + b"}")
            assert error.value.code == 107


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"", 400, None),
        (b"{", 400, None),
        (b'"\xff"', 400, None),
        (b"[" * 2_000, 400, None),
        (b"[]", 422, None),
        (b"{}", 422, "status"),
        (b'{"status":"dancing"}', 422, "status"),
        (b'{"status":"failed"}', 422, "error"),
        (b'{"status":"failed","error":""}', 422, "error"),
        (b'{"status":"failed","error":7}', 422, "error"),
        (b'{"status":"done","error":"x"}', 422, "error"),
        (b'{"status":"acknowledged","answer":1}', 422, "answer"),
        (b'{"status":"done","result":1}', 422, "result"),
        (b'{"status":"done","answer":"' + b"x" * 5_000 + b'"}', 413, None),
        (b'{"status":"done"}', 404, None),
    ],
)
def test_an_answer_that_is_none_is_refused(system: System, body: bytes, status: int, field: str | None) -> None:
    url = f"{system.ingest.url}/v1/devices/x/commands/{UNKNOWN}"
    answer = httpx.post(url, content=body, trust_env=False)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json().get("field") == field
    assert "Traceback" not in system.ingest.log


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "x/commands?wait=61", 400),
        ("GET", "x/commands?wait=-1", 400),
        ("GET", "x/commands?wait=nan", 400),
        ("GET", "x/commands?wait=1e1", 400),
        ("GET", "x/commands?wait=", 400),
        ("GET", "a%20b/commands", 400),
        ("GET", "%7Bx%7D/commands?wait=1", 400),
        ("GET", "x/commands/1", 405),
        ("PUT", "x/commands", 405),
        ("POST", "x/commands/1", 404),
        ("POST", "x/commands/" + "9" * 300, 404),
        ("POST", "a%20b/commands/" + UNKNOWN, 400),
    ],
)
def test_a_request_that_is_none_is_refused(system: System, method: str, path: str, status: int) -> None:
    body = b'{"status":"done"}' if method == "POST" else None
    answer = httpx.request(method, f"{system.ingest.url}/v1/devices/{path}", content=body, trust_env=False)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text


@pytest.mark.parametrize(
    "headers", [{"content-type": "text/plain"}, {"origin": "http://evil.example"}, {"content-encoding": "br"}]
)
def test_an_answer_must_be_json_in_a_coding_that_is_read(system: System, headers: dict[str, str]) -> None:
    url = f"{system.ingest.url}/v1/devices/x/commands/{UNKNOWN}"
    answer = httpx.post(url, content=b'{"status":"done"}', headers=headers, trust_env=False)
    assert answer.status_code == 415


async def test_two_hundred_devices_that_wait_get_theirs(system: System) -> None:
    count = 200
    async with AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(device(system.ingest, f"many-{n}")) for n in range(count)]

        async def one_command(one: Device) -> None:
            (command,) = await one.fetch(50)
            assert await one.say(command["id"], "done", answer=command["args"]) == 200

        served = [asyncio.create_task(one_command(one)) for one in devices]
        await until_waiting(system.ingest, count)
        clients = [await stack.enter_async_context(connected(system.gateways[n % 2].ws)) for n in range(25)]
        answers = await asyncio.gather(*(order(clients[n % 25], f"many-{n}", args=n, timeout=30) for n in range(count)))
        assert [answer["answer"] for answer in answers] == list(range(count))
        await asyncio.gather(*served)
        await until_waiting(system.ingest, 0)


async def test_a_device_that_goes_away_frees_its_place(tmp_path: Path, redis_server: RedisServer) -> None:
    with Windsock(tmp_path, "ingest", redis_url=redis_server.url, command_waiters="1") as ingest:
        async with device(ingest, "one") as one, device(ingest, "two") as two:
            first = asyncio.create_task(one.fetch(50))
            await until_waiting(ingest, 1)
            answer = await two._http.get(two._path, params={"wait": 1})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            first.cancel()
            await until_waiting(ingest, 0)
            assert await two.fetch(0.2) == []


async def test_a_wait_is_no_longer_than_the_setting(tmp_path: Path, redis_server: RedisServer) -> None:
    with Windsock(tmp_path, "ingest", redis_url=redis_server.url, command_wait_s="0.5") as ingest:
        async with device(ingest, "x") as one:
            began = time.monotonic()
            assert await one.fetch(60) == []
            assert 0.4 < time.monotonic() - began < 10


async def test_who_waits_while_ingest_stops_is_let_go_at_once(tmp_path: Path, redis_server: RedisServer) -> None:
    with Windsock(tmp_path, "ingest", redis_url=redis_server.url, shutdown_s="30") as ingest:
        async with AsyncExitStack() as stack:
            devices = [await stack.enter_async_context(device(ingest, f"d-{n}")) for n in range(20)]
            fetches = [asyncio.create_task(one.fetch(50)) for one in devices]
            await until_waiting(ingest, 20)
            began = time.monotonic()
            assert await asyncio.to_thread(ingest.stop, signal.SIGTERM) == 0
            assert time.monotonic() - began < 5
            assert await asyncio.gather(*fetches) == [[]] * 20


async def test_both_sides_wait_through_a_restart_of_redis(tmp_path: Path, redis_server: RedisServer) -> None:
    url = redis_server.url
    with Windsock(tmp_path, "ingest", redis_url=url) as ingest, Windsock(tmp_path, "gateway", redis_url=url) as gateway:
        async with device(ingest, "patient") as one, connected(gateway.ws) as client:
            fetch = asyncio.create_task(one.fetch(50))
            await until_waiting(ingest, 1)
            redis_server.kill()
            await until(lambda: _status(ingest) == _status(gateway) == 503, "nobody notices")
            await asyncio.to_thread(redis_server.start)
            await until(lambda: _status(ingest) == _status(gateway) == 200, "it does not recover")
            assert not fetch.done()
            call = asyncio.create_task(order(client, "patient", timeout=40))
            (command,) = await fetch
            redis_server.kill()
            assert await one.say(command["id"], "done") == 503
            await asyncio.to_thread(redis_server.start)
            await until_found(partial(_taken, one, command["id"]), "the answer is not taken")
            assert (await call)["answer"] == "late"
        assert "Traceback" not in ingest.log + gateway.log


async def _taken(one: Device, command: str) -> bool:
    return await one.say(command, "done", answer="late") == 200


def _status(windsock: Windsock) -> int:
    return httpx.get(f"{windsock.url}/readyz", trust_env=False).status_code


@pytest.mark.parametrize(("language", "command"), [("sh", "sh"), ("python", sys.executable)])
async def test_the_devices_of_the_documentation_work(system: System, language: str, command: str) -> None:
    name = f"greenhouse-{language}"
    (text,) = blocks("docs/devices.md", "## Commands", language)
    text = text.replace("http://127.0.0.1:8080", system.ingest.url).replace("greenhouse-7", name)
    assert name in text
    process = await asyncio.create_subprocess_exec(command, "-c", text, start_new_session=True)
    try:
        async with connected(system.gateways[0].ws) as client:
            answer = await order(client, name, args={"percent": 40}, timeout=30)
            assert answer["answer"] == {"open": 40}
            with suppress(CentrifugeError):
                await order(client, name, args="not what it expects", timeout=30)
            assert await refused(client, name, name="dance", timeout=30) == (502, "I know no such command")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
